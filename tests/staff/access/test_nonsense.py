"""Nonsense in addresses and forms breaks no page of the admin."""

import random
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from staff.roles import Role
from tests.staff.access.nonsense import ACTION, KEYS, NAMES, TEXTS
from tests.staff.access.permissions import addresses, with_key
from tests.staff.users import SUPERUSER, make_records, make_user
from theme.guard import Guarded, OfferedFilters

pytestmark = pytest.mark.django_db

ADMINS = admin.site._registry  # noqa: SLF001 - what is registered, so that nothing new is missed
LISTS = [f"{model._meta.app_label}_{model._meta.model_name}" for model in ADMINS]  # noqa: SLF001
IMPORT = "/admin/contacts/clinician/import/"
FIELDS = (
    *NAMES,
    "seen",
    "key",
    "shown",
    "packed",
    "channel",
    "priority",
    "contact_id",
    "name",
    "confirmed",
    "note",
)
REQUESTS = 1_500
"""Of the 70,000 that could be made."""


@pytest.fixture
def superuser() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user(SUPERUSER))
    return client


def test_every_list_takes_the_filters_alone_that_it_offers() -> None:
    for model, each in ADMINS.items():
        assert isinstance(each, Guarded), model
        assert issubclass(each.get_changelist(None), OfferedFilters), model  # type: ignore[arg-type]


@pytest.mark.parametrize("model", LISTS)
@pytest.mark.parametrize(
    "query", ["id__regex=\\", "pk__in=1", "id__gt=0", "name__regex=(", "user__password__startswith=pbkdf2"]
)
def test_a_filter_that_no_list_offers_is_refused(superuser: Client, model: str, query: str) -> None:
    answer = superuser.get(f"{reverse(f'admin:{model}_changelist')}?{query}")

    assert answer.status_code in {302, 400}
    assert answer.status_code == 400 or answer["Location"].endswith("?e=1")


@pytest.mark.parametrize("key", ["a", "1_0", "9" * 40, "\0"])
def test_a_row_that_cannot_be_is_not_selected(superuser: Client, key: str) -> None:
    pages = [reverse(f"admin:{model}_changelist") for model in LISTS]

    answers = {page: superuser.post(page, {**ACTION, "_selected_action": key}) for page in pages}

    assert {page: answer["Location"] for page, answer in answers.items()} == {
        page: f"{page}?e=1" for page in pages
    }


def test_a_key_that_cannot_be_is_not_there(superuser: Client) -> None:
    pages = with_key("1_0")

    answers = {name: superuser.get(path).status_code for name, path in pages.items()}

    assert len(pages) > 40
    assert answers == dict.fromkeys(pages, 404)


@pytest.mark.parametrize("page", ["change", "delete"])
def test_a_row_is_not_found_by_a_field_without_a_name(superuser: Client, page: str) -> None:
    path = addresses(make_records())["contacts_clinician_change"].replace("change", page)

    assert superuser.get(f"{path}?_to_field=").status_code == 404


def test_a_search_term_that_cannot_be_compared_is_left_out(superuser: Client) -> None:
    pages = addresses(make_records())

    answers = {
        name: superuser.get(f"{path.split('?')[0]}?q=%00")
        for name, path in pages.items()
        if "login" not in name
    }

    wrong = {
        name: answer.status_code
        for name, answer in answers.items()
        if answer.status_code not in {302, 404, 405}
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "content",
    [
        b"contact_id,name\nC-9,A\0B\n",
        b"contact_id,name\n\0,\0\n",
        b"\0\0\0",
        b"PK\x03\x04\0",
        b"\xff\xfe\0",
    ],
)
def test_a_file_with_nul_is_refused_in_words(superuser: Client, content: bytes) -> None:
    answer: Any = superuser.post(IMPORT, {"import_file": SimpleUploadedFile("people.csv", content)})

    assert answer.status_code == 200
    assert not answer.context.get("packed")


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "person",
    [
        pytest.param(each, marks=pytest.mark.xdist_group(f"nonsense of {each}"))
        for each in (SUPERUSER, Role.OPERATORS.value)
    ],
)
def test_no_nonsense_breaks_a_page(person: str) -> None:
    """Addresses with nonsense: in its place for a key, in each parameter, in each field of a form."""
    records = make_records()
    client = Client(raise_request_exception=False)
    client.force_login(make_user(person))
    pages = [path.split("?")[0] for name, path in addresses(records).items() if name != "logout"]
    possible: list[tuple[str, dict[str, str] | None]] = [
        *((path, None) for key in KEYS for path in with_key(key).values()),
        *((_asking(path, {name: text}), None) for path in pages for name in NAMES for text in TEXTS),
        *((_asking(path, dict.fromkeys(NAMES, text)), None) for path in pages for text in TEXTS),
        *((path, _form(text)) for path in pages for text in TEXTS),
    ]
    asked = random.Random(20261130).sample(possible, REQUESTS)  # noqa: S311 - always the same

    answers = [client.get(path) if form is None else client.post(path, form) for path, form in asked]

    broken = [
        f"{'GET' if form is None else 'POST'} {path[:200]}"
        for (path, form), answer in zip(asked, answers, strict=True)
        if answer.status_code >= 500
    ]
    assert broken == []


def _asking(path: str, given: dict[str, str]) -> str:
    return f"{path}?{urlencode(given, errors='surrogatepass')}"


def _form(text: str) -> dict[str, str]:
    said = text.encode("utf-8", "replace").decode()
    return {**dict.fromkeys(FIELDS, said), **ACTION, "_selected_action": said}
