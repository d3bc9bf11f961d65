"""The page that a link in a message opens."""

import re
import threading
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from alerts.escalation import ending
from alerts.models import Alert, AnswerLink, Delivery, Response
from alerts.responses import codes, links
from alerts.states import AlertState, Effect, Proof, ResponseKind
from contacts.choices import Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store
from tests.alerts.escalation.factories import Ask, answer, asked, let_time_run_out

pytestmark = pytest.mark.django_db

TEXT = "Blood test results ready for patient"
ONCE = "0123456789abcdef"


class Link:
    """A link that somebody has got, and the digits beside it."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.path = f"/a/{links.make(delivery.pk)}"
        self.code = codes.make(delivery.engagement_id, delivery.address) if delivery.engagement_id else ""

    def get(self, **more: Any) -> Any:
        return Client().get(self.path, **more)

    def post(self, kind: str = "accept", *, code: str | None = None, once: str = ONCE) -> Any:
        given = self.code if code is None else code
        return Client(enforce_csrf_checks=True).post(self.path, {"answer": kind, "code": given, "once": once})


def link_of(alert: Alert, contact_id: str = "C-1") -> Link:
    return Link(
        Delivery.objects.filter(alert=alert, clinician__contact_id=contact_id, notice="").latest("created_at")
    )


@pytest.fixture
def link(ask: Ask) -> Link:
    """Of a High alert for C-1."""
    return link_of(ask())


def words(response: Any) -> str:
    """What can be read on the page."""
    body = re.sub(r"<style>.*?</style>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def wrong(code: str) -> str:
    """Other digits."""
    return f"{(int(code) + 1) % 10_000:04}"


def test_it_shows_what_would_be_accepted(link: Link) -> None:
    response = link.get()
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/html")
    assert f"{TEXT} 123456789" in words(response)
    assert "High" in words(response)
    assert Clinician.objects.get(contact_id="C-1").name in words(response)


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_mail_scanner_that_opens_the_link_accepts_nothing(link: Link, method: str) -> None:
    for _ in range(3):
        assert getattr(Client(), method)(link.path, headers={"User-Agent": "Scanner"}).status_code == 200
    assert not Response.objects.exists()
    assert asked(link.delivery.alert) == [("C-1", "asked")]


def test_a_scanner_that_sends_the_form_has_no_digits(link: Link) -> None:
    assert link.post(code="").status_code == 403
    assert not Response.objects.exists()


def test_a_person_accepts(link: Link) -> None:
    response = link.post()
    assert "Recorded: you have taken this alert on." in words(response)
    stored = Response.objects.get()
    assert (stored.kind, stored.proof, stored.effect) == (ResponseKind.ACCEPT, Proof.LINK, Effect.APPLIED)
    assert stored.delivery == link.delivery
    assert asked(link.delivery.alert) == [("C-1", "accepted")]


def test_a_person_declines(link: Link) -> None:
    assert "Recorded: you cannot take this alert on." in words(link.post("decline"))
    assert asked(link.delivery.alert) == [("C-1", "declined")]


def test_medium_needs_no_digits(ask: Ask) -> None:
    link = link_of(ask(priority=Priority.MEDIUM))
    assert "four digits" not in words(link.get())
    assert "Recorded" in words(link.post(code=""))


def test_digits_may_be_typed_with_a_blank(link: Link) -> None:
    assert "Recorded" in words(link.post(code=f" {link.code[:2]} {link.code[2:]} "))


def test_wrong_digits_accept_nothing_and_close_the_link_in_the_end(link: Link) -> None:
    for left in range(links.MOST_WRONG - 1, 0, -1):
        response = link.post(code=wrong(link.code))
        assert response.status_code == 403
        assert ("once more" if left == 1 else f"{left} times more") in words(response)
    assert link.post(code=wrong(link.code)).status_code == 404
    assert link.post().status_code == 404, "the right ones come too late"
    assert link.get().status_code == 404
    assert not Response.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_time_are_all_counted(link: Link) -> None:
    together = threading.Barrier(8)
    statuses: list[int] = []

    def guess() -> None:
        together.wait()
        try:
            statuses.append(link.post(code=wrong(link.code)).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=30)
    assert len(statuses) == 8
    assert AnswerLink.objects.get().wrong_codes == links.MOST_WRONG


def test_the_digits_of_another_alert_are_wrong(ask: Ask) -> None:
    first, second = link_of(ask()), link_of(ask())
    assert first.code != second.code
    assert first.post(code=second.code).status_code == 403


def test_a_form_sent_twice_is_one_answer(link: Link) -> None:
    first, second = link.post(), link.post()
    assert words(first) == words(second)
    assert Response.objects.count() == 1


def test_who_accepted_can_give_it_back(link: Link) -> None:
    link.post()
    shown = words(link.get())
    assert "You have taken this alert on." in shown
    assert "Give it back" in shown
    assert "I accept" not in shown
    assert "Recorded: you cannot" in words(link.post("decline", once="f" * 16))
    assert Alert.objects.get(pk=link.delivery.alert_id).state == AlertState.OPEN


def test_who_comes_second_is_told_who_has_it(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    first, second = link_of(alert), link_of(alert, "C-2")
    assert "I accept" in words(second.get())
    first.post()
    name = Clinician.objects.get(contact_id="C-1").name
    assert f"Already taken on by {name}" in words(second.post())
    shown = words(second.get())
    assert f"Already taken on by {name}" in shown
    assert "I accept" not in shown
    assert asked(alert)[0] == ("C-1", "accepted")


def test_a_late_acceptance_counts_while_nobody_has_it(ask: Ask) -> None:
    alert = ask()
    link = link_of(alert)
    let_time_run_out(alert)
    let_time_run_out(alert)
    assert "Recorded: you have taken" in words(link.post())


def test_an_answer_to_an_alert_that_ended_meanwhile_is_too_late(link: Link) -> None:
    ending.end(link.delivery.alert, AlertState.CANCELLED)
    assert "Too late: this alert has ended." in words(link.post())
    assert Response.objects.get().effect == Effect.TOO_LATE
    assert Alert.objects.get(pk=link.delivery.alert_id).state == AlertState.CANCELLED


def test_an_alert_accepted_by_a_call_shows_so(link: Link) -> None:
    answer(link.delivery.alert, "C-1")
    assert "You have taken this alert on." in words(link.get())


def test_a_person_who_was_asked_twice_gives_it_back_by_either_link(ask: Ask) -> None:
    alert = ask(None, None)
    first = link_of(alert)
    let_time_run_out(alert)
    answer(alert, "C-1")
    assert "Give it back" in words(first.get())
    assert "you cannot take this alert on" in words(first.post("decline"))
    assert Alert.objects.get(pk=alert.pk).state == AlertState.OPEN


def test_where_no_answer_is_wanted_it_can_be_read(store: Store) -> None:
    link = Link(store(Priority.LOW))
    shown = words(link.get())
    assert TEXT in shown
    assert "accept" not in shown
    assert link.post().status_code == 400
    assert not Response.objects.exists()


@pytest.mark.parametrize("posted", [{}, {"answer": "hand_back"}, {"answer": "accept", "once": "x"}])
def test_an_invalid_answer_is_not_taken(link: Link, posted: dict[str, str]) -> None:
    response = Client().post(link.path, {"code": link.code, **posted})
    assert response.status_code == 400
    assert "Nothing was recorded" in words(response)
    assert not Response.objects.exists()


def test_all_links_that_cannot_be_opened_look_the_same(link: Link, ask: Ask) -> None:
    """Nobody learns whether there was such a link."""
    old, ended = link_of(ask()), link_of(ask())
    AnswerLink.objects.filter(delivery=old.delivery).update(expires_at=Now())
    ending.end(ended.delivery.alert, AlertState.CLOSED)
    AnswerLink.objects.filter(delivery=link.delivery).update(wrong_codes=links.MOST_WRONG)
    found = [Client().get(path) for path in ("/a/unknown", old.path, ended.path, link.path)]
    assert {each.status_code for each in found} == {404}
    assert len({each.content for each in found}) == 1
    assert TEXT not in words(found[0])


@pytest.mark.parametrize("token", ["x" * 5000, "%00", "%F0%9F%98%80", "..%2F..", "a'b"])
def test_odd_tokens_are_unknown(token: str) -> None:
    assert Client().get(f"/a/{token}").status_code == 404


def test_it_is_neither_kept_nor_found_nor_framed(link: Link) -> None:
    for response in (link.get(), link.post(), Client().get("/a/unknown")):
        assert response["Cache-Control"] == "no-store"
        assert response["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response["X-Robots-Tag"]
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert not response.cookies
        assert "Set-Cookie" not in response.headers


def test_other_methods_are_refused(link: Link) -> None:
    for method in ("put", "patch", "delete"):
        assert getattr(Client(), method)(link.path).status_code == 405


def test_markup_in_a_text_is_text(ask: Ask) -> None:
    alert = ask()
    Alert.objects.filter(pk=alert.pk).update(description="<script>alert(1)</script>")
    assert b"<script>" not in link_of(alert).get().content


def test_the_token_is_in_no_line_of_the_log(link: Link, caplog: pytest.LogCaptureFixture) -> None:
    token = link.path.rpartition("/")[2]
    with caplog.at_level("DEBUG"):
        link.get()
        link.post(code=wrong(link.code))
        link.post()
        Client().get(f"{link.path}x")
    lines = [f"{each.msg} {each.args}" for each in caplog.records if each.name != "django.db.backends"]
    assert any("a/<str:token>" in line for line in lines)
    assert not any(token in line for line in lines)
