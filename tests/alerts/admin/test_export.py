"""The export of alerts: what is in the files, what they say of themselves, and who may have one."""

import csv
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from alerts.admin.export import files
from alerts.admin.export.rows import AT_ONCE, HEADINGS
from alerts.models import Alert
from audit.models import Event
from clients.models import ApiClient
from contacts.models import Clinician
from tests.alerts.admin.pages import ALERTS, read, store

pytestmark = pytest.mark.django_db
EXPORT = reverse("admin:alerts_alert_export")


def download(browser: Client, query: str = "", file_format: str = "csv") -> bytes:
    """The file."""
    answer: Any = browser.post(f"{EXPORT}{query}", {"format": file_format})
    assert "attachment" in answer["Content-Disposition"], answer.content.decode()
    return b"".join(answer.streaming_content)


def table(content: bytes) -> tuple[dict[str, str], list[dict[str, str]]]:
    """What a CSV file says of itself, and its rows by heading."""
    lines = list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))
    blank = lines.index([])
    assert lines[blank + 1] == list(HEADINGS)
    rows = [dict(zip(HEADINGS, line, strict=True)) for line in lines[blank + 2 :]]
    return {line[0]: line[1] for line in lines[:blank]}, rows


def test_a_csv_has_the_alerts_that_the_list_shows_and_says_so(
    auditor: Client, failed: Alert, lab: ApiClient
) -> None:
    store(lab, "waiting-1")

    about, rows = table(download(auditor, "?status=failed&priority__exact=L"))

    assert (about["By"], about["Alerts"]) == ("auditor", "1")
    assert about["Filters"] == "Status: Failed; Priority: Low"
    assert about["Exported"] > "2026"
    (row,) = rows
    assert row["Message ID"] == "failed-1"
    assert row["Status"] == "Failed"
    assert row["Channels"] == "E-mail: Failed (the address was refused)"
    assert (row["Taken by a provider"], row["Picked up"], row["Channel test"]) == ("", "", "no")
    assert row["Patient reference"] == failed.patient_id


def test_a_search_is_in_the_file_but_not_in_the_address(auditor: Client, failed: Alert) -> None:
    found: Any = auditor.post(reverse("admin:alerts_alert_search"), {"q": "failed-1"})
    query = found["Location"].removeprefix(ALERTS)

    about, rows = table(download(auditor, query))

    assert "failed-1" not in query
    assert about["Filters"] == "Search: failed-1"
    assert [row["Message ID"] for row in rows] == ["failed-1"]


def test_no_cell_is_a_formula_and_none_ends_a_line(
    auditor: Client, clinician: Clinician, lab: ApiClient
) -> None:
    store(lab, "m-1", description='=HYPERLINK("http://x")\nsecond line')

    content = download(auditor)
    _about, rows = table(content)
    sheet = openpyxl.load_workbook(BytesIO(download(auditor, file_format="xlsx")))["Alerts"]
    text = sheet.cell(row=2, column=HEADINGS.index("Text") + 1)

    assert rows[0]["Text"] == '\'=HYPERLINK("http://x") second line'
    assert content.count(b"\n") == len(rows) + 8
    assert (text.data_type, text.value) == ("s", '=HYPERLINK("http://x")\nsecond line')


def test_the_second_sheet_of_an_excel_file_describes_it(auditor: Client, failed: Alert) -> None:
    book = openpyxl.load_workbook(BytesIO(download(auditor, "?when=today", "xlsx")))

    assert [sheet.title for sheet in book] == ["Alerts", "About"]
    assert [cell.value for cell in book["Alerts"][1]] == list(HEADINGS)
    assert ("Filters", "Received: Today") in list(book["About"].values)


def test_an_excel_file_that_would_be_too_long_is_refused(
    auditor: Client, failed: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = files.Format("Excel (XLSX)", "text/plain", files.write_xlsx, most=0)
    monkeypatch.setitem(files.FORMATS, "xlsx", few)

    page: Any = auditor.post(EXPORT, {"format": "xlsx"})

    assert "An Excel file takes 0 alerts at most, and these are 1. Choose CSV" in page.content.decode()


def test_the_page_says_how_many_and_with_which_filters(auditor: Client, failed: Alert) -> None:
    link = f"{EXPORT}?status=failed"
    assert link in read(auditor, ALERTS, {"status": "failed"})

    page = read(auditor, link)

    assert "1 alert, as the list was searched and filtered:" in page
    assert "Status: Failed" in page
    assert "/actions.js" not in page, "a script of lists, which needs the texts of lists"


def test_only_who_may_export_gets_a_file_and_it_is_logged(
    auditor: Client, operator: Client, failed: Alert
) -> None:
    assert operator.get(EXPORT).status_code == 403
    assert operator.post(EXPORT, {"format": "csv"}).status_code == 403
    assert EXPORT not in read(operator, ALERTS)

    download(auditor)

    assert Event.objects.get(name="security.exported").detail == "alerts_alert_export: 1"


def test_alerts_are_read_many_at_a_time(auditor: Client, clinician: Clinician, lab: ApiClient) -> None:
    for number in range(3):
        store(lab, f"m-{number}")
    with CaptureQueriesContext(
        connection,
    ) as few:
        download(auditor)
    for number in range(3, 12):
        store(lab, f"m-{number}")
    with CaptureQueriesContext(connection) as more:
        _about, rows = table(download(auditor))

    assert len(rows) == 12 < AT_ONCE
    assert len(more) == len(few)
