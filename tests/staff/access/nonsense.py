"""What strangers, scanners and broken scripts put into addresses and forms."""

KEYS = (
    "a",
    "1_0",
    "-1",
    "0",
    "٣",
    "1.0",
    "1e3",
    "9" * 18,
    "9" * 40,
    "9" * 5000,
    "%00",
    "1%00",
    "_3D",
    "..",
    "%F0%9F%92%A9",
)
"""In the place of a row's key, as it is written in an address."""
TEXTS = (
    "\0",
    "a\0b",
    "\\",
    "(",
    "%",
    "_",
    "'",
    '"',
    "[]",
    "{}",
    "-1",
    "9" * 40,
    "x" * 3000,
    "\ud83d",
    "٣",
    "1_0",
    "None",
    "",
)
"""In the place of any value."""
NAMES = (
    "q", "o", "p", "e", "all", "_popup", "_to_field", "_source_model", "_facets", "_changelist_filters", "page",
    "name__regex", "id__in", "pk__range", "password__startswith", "client__tokens__digest__startswith", "clinician",
    "client", "token", "engagement", "kind", "format", "next", "term", "app_label", "model_name", "field_name", "\0",
    "a__b",
)  # fmt: skip
"""Of parameters, those that some page knows among them."""
ACTION = {"action": "delete_selected", "index": "0", "select_across": "0"}
