"""Every page of the admin, as the URL resolver has it, and who may open each.

A page that is new is in `addresses` by itself, and the tests fail until `WHO_MAY` says who may open it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLResolver, get_resolver

from staff.roles import Role
from tests.staff.users import PEOPLE, SUPERUSER, Records

EDITORS, MANAGERS, OPERATORS, AUDITORS, INTEGRATORS = (role.value for role in Role)
EVERYBODY = frozenset(PEOPLE)
NOBODY: frozenset[str] = frozenset()


def only(*people: str) -> frozenset[str]:
    """These, and superusers."""
    return frozenset({*people, SUPERUSER})


@dataclass(frozen=True)
class Access:
    """Who may open a page, and the status that they get. Other users get `refused`."""

    who: frozenset[str]
    status: int = 200
    refused: int = 403
    stranger: int = 302
    """The status without a login, mostly the redirect to the login page."""


def of_model(
    *, see: Iterable[str], add: frozenset[str] = NOBODY, delete: frozenset[str] = NOBODY
) -> dict[str, Access]:
    """The pages that each model has."""
    seen = only(*see)
    return {
        "changelist": Access(seen),
        "add": Access(add),
        "change": Access(seen),
        "history": Access(seen),
        "delete": Access(delete),
        "": Access(EVERYBODY, status=302),  # to its page, which may refuse
    }


MODELS = {
    "contacts_clinician": of_model(
        see=[EDITORS, MANAGERS, OPERATORS, AUDITORS], add=only(EDITORS), delete=only()
    ),
    "contacts_preferencetemplate": of_model(
        see=[EDITORS, MANAGERS, AUDITORS], add=only(EDITORS), delete=only()
    ),
    "oncall_plan": of_model(see=[EDITORS, MANAGERS, OPERATORS, AUDITORS], add=only(EDITORS), delete=only()),
    "oncall_cover": of_model(
        see=[EDITORS, MANAGERS, OPERATORS, AUDITORS], add=only(EDITORS, OPERATORS), delete=only()
    ),
    "alerts_alert": of_model(see=[MANAGERS, OPERATORS, AUDITORS]),
    "alerts_inboundmessage": of_model(see=[OPERATORS, AUDITORS]),
    "alerts_refusal": of_model(see=[EDITORS, OPERATORS, AUDITORS, INTEGRATORS]),
    "clients_apiclient": of_model(see=[INTEGRATORS, AUDITORS], add=only(INTEGRATORS), delete=only()),
    "clients_apitoken": of_model(see=[INTEGRATORS, AUDITORS], add=only(INTEGRATORS)),
    "auth_user": of_model(see=[AUDITORS], add=only()),
    "auth_group": of_model(see=[AUDITORS], add=only(), delete=only()),
    "staff_roleclaim": of_model(see=[], add=only(), delete=only()),
}
WHO_MAY: dict[str, Access] = {
    "index": Access(EVERYBODY),
    "help": Access(EVERYBODY),
    "first_alert": Access(only(OPERATORS), status=302),  # there is an alert already: to Home
    "trail": Access(only(AUDITORS)),
    "trail_patient": Access(only(AUDITORS), status=405),  # it takes a POST
    "trail_changes": Access(only(AUDITORS)),
    "trail_changes_export": Access(only(AUDITORS)),
    "aws_check": Access(only()),
    "answers": Access(only(AUDITORS)),
    "answers_export": Access(only(AUDITORS)),
    "find": Access(EVERYBODY, status=405),  # it takes a POST
    "login": Access(EVERYBODY, status=302, stranger=200),
    "logout": Access(EVERYBODY, status=405),  # it takes a POST
    "password_change": Access(EVERYBODY),
    "password_change_done": Access(EVERYBODY),
    "jsi18n": Access(EVERYBODY),
    "search": Access(EVERYBODY),
    "autocomplete": Access(only(AUDITORS, INTEGRATORS)),  # of a token's client, see QUERIES
    "view_on_site": Access(NOBODY, refused=404),  # nothing has a page outside of the admin
    "app_list contacts": Access(only(EDITORS, MANAGERS, OPERATORS, AUDITORS), refused=404),
    "app_list oncall": Access(only(EDITORS, MANAGERS, OPERATORS, AUDITORS), refused=404),
    "app_list alerts": Access(only(EDITORS, MANAGERS, OPERATORS, AUDITORS, INTEGRATORS), refused=404),
    "app_list clients": Access(only(INTEGRATORS, AUDITORS), refused=404),
    "app_list auth": Access(only(AUDITORS), refused=404),
    "app_list staff": Access(only(), refused=404),
    "anything else": Access(NOBODY, refused=404),
    "auth_user_password_change": Access(only()),
    "contacts_clinician_import": Access(only(EDITORS)),
    "contacts_clinician_process_import": Access(NOBODY, refused=405),  # it takes a POST
    "contacts_clinician_blank": Access(only(EDITORS)),
    "contacts_clinician_export": Access(only(EDITORS, AUDITORS)),
    "contacts_clinician_preview": Access(only(EDITORS), status=405),  # it takes a POST, as the next one does
    "contacts_clinician_preview_of": Access(only(EDITORS), status=405),
    "contacts_clinician_reachability": Access(only(EDITORS, MANAGERS, OPERATORS, AUDITORS)),
    "contacts_clinician_confirmation": Access(only(EDITORS)),
    "contacts_clinician_test": Access(only(EDITORS, OPERATORS), status=405),
    "contacts_clinician_test_result": Access(only(EDITORS, OPERATORS), status=404),  # no test was sent
    "oncall_cover_end": Access(only(EDITORS, OPERATORS), status=405),  # it takes a POST
    "clients_apitoken_issued": Access(only(INTEGRATORS), status=302),  # nothing was issued: to the list
    "clients_apitoken_rotate": Access(only(INTEGRATORS)),
    "clients_apitoken_revoke": Access(only(INTEGRATORS)),
    **{
        f"{model}_{page}".rstrip("_"): access
        for model, pages in MODELS.items()
        for page, access in pages.items()
    },
    "alerts_alert_search": Access(
        only(MANAGERS, OPERATORS, AUDITORS), status=302
    ),  # it takes a POST, and leads to the list
    "alerts_alert_export": Access(only(AUDITORS)),
    **{
        f"alerts_alert_{action}": Access(only(OPERATORS))
        for action in ("resend", "forward", "cancel", "close")
    },
    "alerts_alert_answer": Access(only(OPERATORS)),
    **{
        f"alerts_alert_{action}": Access(only(OPERATORS), status=405)
        for action in ("take", "hand_back", "reopen")
    },
}
"""By page name."""

APPS = ("contacts", "oncall", "alerts", "clients", "auth", "staff")
QUERIES = {
    "autocomplete": "?app_label=clients&model_name=apitoken&field_name=client",
    "clients_apitoken_rotate": "?token={token}",
    "clients_apitoken_revoke": "?token={token}",
}


def addresses(records: Records) -> dict[str, str]:
    """Every page's name and its address, with ids from `records`."""
    found: dict[str, str] = {}
    for name, pattern in _patterns():
        found.update(_filled(name, pattern, records))
    queries = {name: query.format(token=records.token.pk) for name, query in QUERIES.items()}
    return {name: f"/admin/{path}{queries.get(name, '')}" for name, path in found.items()}


def with_key(key: str) -> dict[str, str]:
    """The pages of one row each, with this in the place of the row's key."""
    found = {}
    for name, pattern in _patterns():
        path = pattern.replace("<path:object_id>", key).replace("<id>", key)
        if path != pattern:
            path = path.replace("<str:channel>", "sms").replace("<int:alert_id>", "1")
            found[name or "_".join(pattern.split("/")[:2])] = f"/admin/{path}"
    return found


def names() -> set[str]:
    """The names of all pages: they need no database."""
    return {name for pattern_name, pattern in _patterns() for name in _filled(pattern_name, pattern, None)}


def _patterns() -> Iterator[tuple[str | None, str]]:
    (admin,) = (each for each in get_resolver().url_patterns if getattr(each, "namespace", "") == "admin")
    yield from _walk(admin, "")


def _walk(resolver: Any, prefix: str) -> Iterator[tuple[str | None, str]]:
    for each in resolver.url_patterns:
        path = f"{prefix}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _walk(each, path)
        else:
            yield each.name, path


def _filled(name: str | None, pattern: str, records: Records | None) -> dict[str, str]:
    if name == "app_list":
        return {f"app_list {app}": f"{app}/" for app in APPS}
    if name == "view_on_site":
        return {name: "r/1/1/"}
    if name is None and pattern.startswith("(?P<url>"):
        return {"anything else": "no/such/page/"}
    model = "_".join(pattern.split("/")[:2])
    if "<" in pattern:
        pattern = pattern.replace("<path:object_id>", "{id}").replace("<id>", "{id}")
        pattern = pattern.replace("<str:channel>", "sms").replace("<int:alert_id>", "1")
        assert "<" not in pattern, (
            f"Say in tests/staff/access/permissions.py what stands for the parts of {pattern}."
        )
        pattern = pattern.format(id=_id(model, records))
    return {name or model: pattern}


def _id(model: str, records: Records | None) -> Any:
    if records is None:
        return "id"
    things = {
        "contacts_clinician": records.clinician,
        "contacts_preferencetemplate": records.template,
        "oncall_plan": records.plan,
        "oncall_cover": records.cover,
        "alerts_alert": records.alert,
        "alerts_inboundmessage": records.reply,
        "alerts_refusal": records.refusal,
        "clients_apiclient": records.client,
        "clients_apitoken": records.token,
        "auth_user": records.user,
        "auth_group": records.group,
        "staff_roleclaim": records.claim,
    }
    return things[model].pk
