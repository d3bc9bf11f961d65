"""Nonsense in addresses and forms breaks no page of the admin."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from staff.roles import Role
from tests.staff.nonsense import ACTION, KEYS, NAMES, TEXTS
from tests.staff.permissions import addresses, with_key
from tests.staff.users import SUPERUSER, make_records, make_user
from theme.guard import Guarded, OfferedFilters

pytestmark = pytest.mark.django_db

ADMINS = admin.site._registry  # noqa: SLF001 - what is registered, so that nothing new is missed
LISTS = [f"{model._meta.app_label}_{model._meta.model_name}" for model in ADMINS]  # noqa: SLF001
IMPORT = "/admin/contacts/clinician/import/"


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


def test_what_cannot_be_compared_is_left_out(superuser: Client) -> None:
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
@pytest.mark.parametrize("person", [SUPERUSER, Role.OPERATORS.value])
def test_no_nonsense_breaks_a_page(person: str) -> None:
    """Every address with every nonsense: in its place for a key, in each parameter, in each field of a form."""
    records = make_records()
    client = Client(raise_request_exception=False)
    client.force_login(make_user(person))
    pages = {name: path.split("?")[0] for name, path in addresses(records).items() if name != "logout"}
    asked = [path for key in KEYS for path in with_key(key).values()]
    asked += [
        f"{path}?{urlencode({name: text}, errors='surrogatepass')}"
        for path in pages.values()
        for name in NAMES
        for text in TEXTS[:8]
    ]
    asked += [
        f"{path}?{urlencode(dict.fromkeys(NAMES, text), errors='surrogatepass')}"
        for path in pages.values()
        for text in TEXTS
    ]
    broken = [path[:200] for path in asked if client.get(path).status_code >= 500]

    fields = (
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
    for path in pages.values():
        for text in TEXTS:
            form = {
                **dict.fromkeys(fields, text.encode("utf-8", "replace").decode()),
                **ACTION,
                "_selected_action": text.encode("utf-8", "replace").decode(),
            }
            if client.post(path, form).status_code >= 500:
                broken.append(f"POST {path} {text[:20]!r}")

    assert broken == []
