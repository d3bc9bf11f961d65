"""Search for clinicians by name, contact ID, e-mail address, or telephone number as people write it.

It scans the table, which takes PostgreSQL 5 ms for 10,000 rows: a trigram index would need an extension and save less
than a page takes to render.
"""

from django.db.models import Q

from contacts import phone
from contacts.choices import Channel
from contacts.models import ADDRESS_FIELDS

NUMBERS_IN = tuple(channel.facts.address_field for channel in Channel if channel.facts.address_is_number)
WORDS_IN = ("name", "contact_id", *(field for field in ADDRESS_FIELDS if field not in NUMBERS_IN))


def matching(text: str) -> Q:
    """Clinicians with every word of `text` in name, contact ID or e-mail, or with the number that `text` is."""
    words = Q()
    for word in text.split():
        words &= _anywhere(WORDS_IN, word)
    for digits in phone.search_digits(text):
        words |= _anywhere(NUMBERS_IN, digits)
    return words


def _anywhere(fields: tuple[str, ...], text: str) -> Q:
    found = Q()
    for field in fields:
        found |= Q(**{f"{field}__icontains": text})
    return found
