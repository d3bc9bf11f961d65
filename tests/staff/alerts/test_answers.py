"""The report of answers: its numbers lead to their alerts, its files have them, and a span of time is chosen."""

import csv
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from playwright.sync_api import expect
from structlog.testing import capture_logs

from audit.models import Event
from contacts.models import Clinician
from staff.reports.span import Span
from staff.roles import Role
from tests.alerts.escalation.factories import answer, let_time_run_out
from tests.oncall.factories import make_colleague, make_plan
from tests.staff.accessibility import check_on_each_screen
from tests.staff.alerts.test_asked_browser import send_high
from tests.staff.browser import Site, visit, wait_until_settled
from tests.staff.users import Records, make_records, make_user

pytestmark = pytest.mark.django_db

REPORT, FILE = "/admin/answers/", "/admin/answers/file/"
MAX_QUERIES = 10
"""Three for the figures; the others for who it is, and to note that it was read."""


@pytest.fixture
def auditor(db: None) -> Client:
    client = Client()
    client.force_login(make_user(Role.AUDITORS.value))
    return client


@pytest.fixture
def asked() -> None:
    """One alert that C-1 accepted, and one about which D-2 is asked now."""
    taken_and_asked(make_records())


def taken_and_asked(records: Records) -> None:
    dot = make_colleague("D-2", name="Dot Dale", sms_number="+447700900456", call_number="+447700900457")
    make_plan(None, dot, name="Nights")
    answer(send_high(records, "taken-1"), "C-1")
    let_time_run_out(send_high(records, "asked-1"))


def download(browser: Client, url: str) -> bytes:
    file: Any = browser.get(url)
    return b"".join(file.streaming_content)


def figures_in_a_millisecond(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """PostgreSQL gives the statement of the figures a millisecond, which is less than it needs to plan it."""
    if "GROUPING SETS" in sql:
        execute("SET LOCAL statement_timeout = 1", None, many, context)
    return execute(sql, params, many, context)


def rows(page: Any, title: str) -> Any:
    return next(each.rows for each in page.context["figures"].groups if each.title == title)


def test_each_number_leads_to_the_list_of_exactly_the_alerts_that_it_counts(
    auditor: Client, asked: None
) -> None:
    page = auditor.get(REPORT)

    for title in ("All together", "By step"):
        row = rows(page, title)[0]
        counted = [cell for cell in row.cells if cell.url and cell.label.endswith("Show them.")]
        listed = {cell.url: auditor.get(cell.url).context["cl"].result_count for cell in counted}
        assert counted
        assert listed == {cell.url: int(cell.text.split()[0]) for cell in counted}
    [everything] = rows(page, "All together")
    chip = auditor.get(everything.cells[0].url).content.decode()
    assert "Answers:</span> Wanted an answer" in chip


def test_the_times_lead_to_what_was_accepted_and_the_longest_to_its_alert(
    auditor: Client, asked: None
) -> None:
    [row] = rows(auditor.get(REPORT), "All together")

    _wanted, accepted, half, most, longest = row.cells[:5]
    assert half.url == most.url == accepted.url
    assert auditor.get(longest.url).context["alert"].state == "acknowledged"


def test_it_takes_few_queries(auditor: Client, asked: None) -> None:
    auditor.get(REPORT)

    with CaptureQueriesContext(connection) as queries:
        auditor.get(REPORT)

    assert len(queries) <= MAX_QUERIES


def test_the_files_have_the_figures_of_the_page_and_say_of_which_days(auditor: Client, asked: None) -> None:
    files: dict[str, Any] = dict(auditor.get(REPORT).context["files"])
    content = {label: download(auditor, url) for label, url in files.items()}

    lines = list(csv.reader(StringIO(content["CSV"].decode("utf-8-sig"))))
    book = openpyxl.load_workbook(BytesIO(content["Excel (XLSX)"]))
    written = list(book["Answers"].values)
    assert [sheet.title for sheet in book] == ["Answers", "About"]
    assert (
        dict(book["About"].values)["Alerts received"]
        == {line[0]: line[1] for line in lines[:5]}["Alerts received"]
    )
    assert lines[6][:4] == ["By", "Group", "Wanted an answer", "Accepted"] == list(written[0])[:4]
    assert lines[7][:4] == ["All", "All", "2", "1"]
    assert written[1][:4] == ("All", "All", 2, 1), "numbers, with which people can go on to calculate"
    assert {row[0] for row in written[1:]} == {
        "All", "Priority", "Department", "Plan", "Step", "Proof", "Day",
    }  # fmt: skip
    assert Event.objects.filter(name="security.exported").count() == 2


def test_other_days_have_other_alerts(auditor: Client, asked: None) -> None:
    past = {"since": "01/01/2020", "until": "31/01/2020"}

    page: Any = auditor.get(REPORT, past)

    assert "No alert wanted an answer." in page.content.decode()
    assert page.context["form"]["since"].value() == "01/01/2020"


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        ("02/01/2026", "01/01/2026", "The last day is before the first."),
        ("01/01/2024", "01/06/2026", "Choose at most a year."),
        ("yesterday", "01/01/2026", "Enter a valid date."),
        ("", "01/01/2026", "This field is required."),
    ],
)
def test_an_impossible_span_of_time_gets_a_sentence(
    auditor: Client, since: str, until: str, says: str
) -> None:
    asked = {"since": since, "until": until}

    page: Any = auditor.get(REPORT, asked)

    assert says in page.content.decode()
    assert "figures" not in page.context
    assert auditor.get(FILE, asked)["Location"].startswith(REPORT)


@pytest.mark.parametrize("url", [REPORT, FILE, f"{FILE}?format=xlsx"])
def test_a_report_that_takes_too_long_says_so_and_fewer_days_can_be_chosen(
    auditor: Client, asked: None, url: str
) -> None:
    with connection.execute_wrapper(figures_in_a_millisecond), capture_logs() as logs:
        page: Any = auditor.get(url)

    assert page.status_code == 422
    assert "That is more than Bleep can count in time. Choose fewer days." in page.content.decode()
    assert page.context["form"]["since"].value()
    assert {"event": "answers.took_too_long", "days": 7, "log_level": "warning"} in logs
    assert auditor.get(REPORT).status_code == 200


def test_a_long_span_is_shown_by_month() -> None:
    day = timezone.localdate().replace(year=2026, month=1, day=15)
    span = Span(day, day.replace(month=3, day=20))

    parts = [span.within(begin) for begin in span.parts()]

    assert span.unit == "month"
    assert [(part.since.day, part.until.day) for part in parts] == [(15, 31), (1, 28), (1, 20)]
    assert Span(day, day.replace(month=2)).unit == "day"


def test_who_sees_a_department_alone_counts_its_alerts_alone(asked: None) -> None:
    manager, client = make_user(Role.WARD_MANAGERS.value), Client()
    manager.user_permissions.add(Permission.objects.get(codename="view_answers"))
    client.force_login(manager)

    [row] = rows(client.get(REPORT), "All together")
    assert row.cells[0].text == "2"
    Clinician.objects.update(department="Renal")
    assert "No alert wanted an answer." in client.get(REPORT).content.decode()


def test_in_a_browser_a_span_is_chosen_and_a_number_opened_by_keyboard(site: Site, records: Records) -> None:
    taken_and_asked(records)
    page = site.login(Role.AUDITORS.value)
    visit(page, "/admin/")
    page.get_by_role("link", name="Answers").first.click()
    wait_until_settled(page)
    check_on_each_screen(page)

    page.get_by_label("From").fill("01/01/2026")
    page.keyboard.press("Enter")
    wait_until_settled(page)
    expect(page.locator("#answers-time")).to_have_text("Figures by month")
    page.get_by_role("link", name="All, Went on to somebody else: 1. Show them.").press("Enter")
    wait_until_settled(page)

    expect(page.locator("#result_list tbody")).to_have_count(1)
    expect(page.get_by_role("link", name="asked-1", exact=True)).to_be_visible()
