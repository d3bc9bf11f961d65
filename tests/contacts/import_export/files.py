"""Imports and exports through the admin."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from contacts import preferences
from contacts.import_export.columns import COLUMNS
from contacts.models import Clinician

IMPORT = "/admin/contacts/clinician/import/"
PROCESS = "/admin/contacts/clinician/process_import/"
BLANK = "/admin/contacts/clinician/blank/"
EXPORT = "/admin/contacts/clinician/export/"
XLSX, CSV = "xlsx", "csv"
HEADING = ",".join(COLUMNS)
NEW = "C-9,Asha Okafor,Registrar,Cardiology,+44 7700 900 109,,asha@ward.example,yes,call > email,email,"


def look(client: Client, content: bytes | str, name: str = "people.csv") -> Any:
    """Upload a file, and get its preview."""
    data = content.encode() if isinstance(content, str) else content
    return client.post(IMPORT, {"import_file": SimpleUploadedFile(name, data)})


def confirm(client: Client, looked: Any) -> Any:
    return client.post(PROCESS, {"packed": looked.context["packed"]}, follow=True)


def export(client: Client, format_: str, **query: str) -> bytes:
    answer = client.post(EXPORT, {"format": format_}, query_params=query)
    assert answer.status_code == 200
    content: bytes = answer.content
    return content


def wrong(looked: Any) -> list[tuple[int, str, str]]:
    """(row, column, sentence) of all that is wrong, as the page shows them."""
    assert looked.status_code == 200
    assert not looked.context["packed"], "it could be confirmed"
    faults: list[tuple[int, str, str]] = looked.context["comparison"].faults
    return faults


def refused(looked: Any) -> list[str]:
    """Errors of the file as a whole."""
    errors: list[str] = looked.context["form"].errors["import_file"]
    return errors


def changes(looked: Any) -> dict[int, list[tuple[str, str, str]]]:
    return {
        row.number: [(each.column, each.old, each.new) for each in row.changes]
        for row in looked.context["comparison"].changed
    }


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def stored() -> list[tuple[Any, ...]]:
    return [
        (*(getattr(each, name) for name in COLUMNS[:8]), preferences.channels_by_priority(each))
        for each in Clinician.objects.order_by("pk")
    ]
