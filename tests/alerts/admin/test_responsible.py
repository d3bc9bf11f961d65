"""Who has taken alerts on, in the list and in files."""

import csv
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from alerts.states import AlertState, Proof, ResponseKind
from clients.models import ApiClient
from contacts.choices import Priority
from contacts.models import Clinician
from tests.alerts.admin.pages import ALERTS, read, store
from tests.alerts.escalation.factories import answer, let_time_run_out
from tests.oncall.factories import make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def some(lab: ApiClient, clinician: Clinician, colleague: Clinician) -> dict[str, Alert]:
    """One alert of each kind. A Low one asks nobody."""
    make_plan(None, colleague)
    found = {
        name: store(lab, name, Priority.HIGH) for name in ("asked", "accepted", "left", "ended", "given-back")
    }
    found["plain"] = store(lab, "plain", Priority.LOW)
    let_time_run_out(found["accepted"])
    answer(found["accepted"], "C-2", proof=Proof.SMS)
    let_time_run_out(found["left"])
    let_time_run_out(found["left"])
    answer(found["given-back"], "C-1")
    answer(found["given-back"], "C-1", ResponseKind.HAND_BACK)
    Alert.objects.filter(pk=found["ended"].pk).update(state=AlertState.CANCELLED)
    return found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("undefined", {"asked", "given-back"}),
        ("accepted", {"accepted"}),
        ("exhausted", {"left"}),
        ("ended", {"ended"}),
        ("none", {"plain"}),
        ("something else", set()),
    ],
)
def test_the_list_is_filtered_by_who_has_taken_them_on(
    staff: Client, some: dict[str, Alert], wanted: str, found: set[str]
) -> None:
    page = read(staff, ALERTS, {"responsibility": wanted})
    assert {name for name in some if f">{name}</a>" in page} == found


def test_the_list_says_who_has_it_and_who_is_asked(
    staff: Client, some: dict[str, Alert], clinician: Clinician, colleague: Clinician
) -> None:
    page = read(staff, ALERTS)
    assert f">by {colleague.name}</div>" in page
    assert "Nobody is left</span>" in page
    assert page.count("Nobody has it yet</span>") == 2
    assert f"{clinician.name} asked" in page


def test_the_list_shows_the_channels_of_whom_it_asked_last(staff: Client, some: dict[str, Alert]) -> None:
    page = read(staff, ALERTS, {"responsibility": "exhausted"})
    assert re.findall(r"field-channels[^>]*>\s*([^<]*?)\s*<", page) == ["Telephone call"]


def test_the_list_costs_no_query_more_for_more_alerts(
    staff: Client, some: dict[str, Alert], lab: ApiClient
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            staff.get(ALERTS)
        return len(captured)

    queries()
    few = queries()
    for number in range(5):
        let_time_run_out(store(lab, f"m-{number}", Priority.HIGH))
    assert queries() == few


def test_a_file_says_who_accepted_when_and_how_that_is_known(
    auditor: Client, some: dict[str, Alert], clinician: Clinician, colleague: Clinician
) -> None:
    answered: Any = auditor.post(f"{ALERTS}export/", {"format": "csv"})
    lines = list(csv.reader(b"".join(answered.streaming_content).decode("utf-8-sig").splitlines()))
    head = lines[lines.index([]) + 1]
    rows = {line[0]: dict(zip(head, line, strict=True)) for line in lines[lines.index([]) + 2 :]}

    assert {name: row["Responsibility"] for name, row in rows.items()} == {
        "asked": "No answer yet",
        "given-back": "No answer yet",
        "ended": "No answer yet",
        "accepted": "Accepted",
        "left": "Nobody is left to ask",
        "plain": "Nobody is asked",
    }
    accepted = rows["accepted"]
    assert (accepted["Accepted by"], accepted["Accepted by (contact ID)"]) == (colleague.name, "C-2")
    assert accepted["How that is known"] == "Reply by SMS"
    assert re.fullmatch(r"\d+\.\d", accepted["Seconds until accepted"])
    assert f"Telephone call to {clinician.name}: " in accepted["Channels"]
    assert f"Telephone call to {colleague.name}: " in accepted["Channels"]
    assert rows["plain"]["Accepted by"] == ""
    first, second = accepted["Who was asked"].split("; ")
    assert first.startswith(f"{clinician}: No answer in time, ")
    assert re.fullmatch(rf"{re.escape(str(colleague))}: Accepted, \d.+ to \d.+", second)
    assert (accepted["First answer"], accepted["Ended"]) == (accepted["Accepted"], "")
    assert (rows["asked"]["Plan"], rows["plain"]["Plan"]) == ("Plan 1", "")
