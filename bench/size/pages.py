"""The pages that staff and hospital systems look at, and how long each takes."""

import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

import requests

from bench.load.full_database import SECONDS_APART
from bench.stack import Stack, StackError

USER, PASSWORD = "bench", "only-for-this-run-1"
ALERTS, CLINICIANS = "/admin/alerts/alert/", "/admin/contacts/clinician/"
STATUSES = (
    "attention", "queued", "sent", "delivered", "failed", "cancelled", "in-vain", "doubt", "closed"
)  # fmt: skip
PROBLEMS = ("any", "none", "no_channel", "no_address", "obstacle", "unconfirmed", "doubtful_number")
DEEP = 61
"""The page of the API's list for a system that goes far back."""


SEARCHED = 20_000
"""As in `alerts.admin.search`."""
DAY = 24 * 3600 // SECONDS_APART
NEEDS = {
    "Home": DAY,
    "Home, a week": 7 * DAY,
    **dict.fromkeys(
        ("alerts: a message ID", "alerts: a patient reference", "alerts: a name", "alerts: what nothing has"),
        SEARCHED,
    ),
}
"""How many alerts these pages look through, if there are as many."""


class Look(NamedTuple):
    """How long a page took, in milliseconds, and its length in bytes."""

    took: float
    length: int


class Pages:
    """The pages of one filled Bleep, for a member of staff who is logged in."""

    def __init__(self, stack: Stack) -> None:
        self._site = f"http://{stack.host}:{stack.port_of('web-admin')}"
        self._api = f"http://{stack.host}:{stack.port_of('web-api')}/notification"
        self._token = {"Authorization": f"Bearer {stack.token}"}
        self._session = requests.Session()
        self._session.trust_env = False
        self._log_in(stack)
        [(self._alert, self._message_id, self._patient_id, self._clinician)] = stack.rows(
            "SELECT id, message_id, patient_id, clinician_id FROM alerts_alert ORDER BY id DESC OFFSET 700 LIMIT 1"
        )

    def addresses(self) -> dict[str, str]:
        """Each page by its name. Those of a search have to be asked for first."""
        yesterday = f"{datetime.now(UTC) - timedelta(days=1):%d/%m/%Y}"
        since = {"created_at_from_0": yesterday, "created_at_from_1": "00:00:00"}
        return {
            "Home": self._site + "/admin/",
            "Home, a week": self._site + "/admin/?period=week",
            **{f"alerts: {name}": self._site + ALERTS + query for name, query in _lists(since).items()},
            "alerts: a message ID": self._search(self._message_id),
            "alerts: a patient reference": self._search(self._patient_id),
            "alerts: a name": self._search("Tanaka"),
            "alerts: what nothing has": self._search("zzqqxx"),
            "one alert": f"{self._site}{ALERTS}{self._alert}/change/",
            "clinicians": self._site + CLINICIANS,
            "clinicians: a department": self._site + CLINICIANS + "?department=Ward+7",
            "clinicians: a name": self._site + CLINICIANS + "?q=tanaka",
            **{f"clinicians: {each}": f"{self._site}{CLINICIANS}?problem={each}" for each in PROBLEMS},
            "one clinician": f"{self._site}{CLINICIANS}{self._clinician}/change/",
            "API: the newest": self._api,
            f"API: page {DEEP}": self._deep(),
            "API: one alert": f"{self._api}/{self._message_id}",
        }

    def look(self, address: str) -> "Look":
        """Look at a page. Raises StackError if it is not shown."""
        headers = self._token if address.startswith(self._api) else {}
        began = time.monotonic()
        answer = self._session.get(address, headers=headers, timeout=60, allow_redirects=False)
        took = (time.monotonic() - began) * 1000
        if answer.status_code not in (requests.codes.ok, requests.codes.found, requests.codes.server_error):
            raise StackError(f"{address}: {answer.status_code}")
        return Look(took if answer.ok else float("inf"), len(answer.content))

    def _log_in(self, stack: Stack) -> None:
        command = [
            "python",
            "manage.py",
            "createsuperuser",
            "--noinput",
            "--username",
            USER,
            "--email",
            "a@b.example",
        ]
        stack.run("superuser", command, {**stack.env, "DJANGO_SUPERUSER_PASSWORD": PASSWORD})
        self._post("/admin/login/", {"username": USER, "password": PASSWORD})

    def _search(self, term: str) -> str:
        return self._site + self._post(f"{ALERTS}search/", {"q": term})

    def _post(self, path: str, form: dict[str, str]) -> str:
        """Post a form, and return the address that it redirects to."""
        self._session.get(self._site + ("/admin/login/" if "login" in path else ALERTS), timeout=60)
        csrf = {"csrfmiddlewaretoken": self._session.cookies["csrftoken"]}
        answer = self._session.post(self._site + path, {**form, **csrf}, timeout=60, allow_redirects=False)
        if answer.status_code != requests.codes.found:
            raise StackError(f"{path}: {answer.status_code}")
        return answer.headers["Location"]

    def _deep(self) -> str:
        """The address of page `DEEP`, or of the last page if there are fewer."""
        address = f"{self._api}?{urlencode({'page_size': 50})}"
        for _ in range(DEEP - 1):
            following = self._session.get(address, headers=self._token, timeout=60).json()["next"]
            if not following:
                break
            address = following
        return address


def _lists(since: dict[str, str]) -> dict[str, str]:
    return {
        "all": "",
        "page 20": "?p=20",
        "page 900": "?p=900",
        **{f"status {status}": f"?status={status}" for status in STATUSES},
        "failed since yesterday": "?" + urlencode({"status": "failed", **since}),
        "sent since yesterday": "?" + urlencode({"status": "sent", **since}),
        "High": "?priority__exact=H",
        "by call": "?channel=call",
        "a department": "?department=Ward+7",
        "channel tests": "?tests=only",
    }
