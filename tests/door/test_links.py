"""Links in messages at the front door: a page of the API's service, for people without a token."""

from alerts.responses import links
from door.admission import Urgency
from door.app import LINKS, Door, service_for
from door.client.reader import Request
from door.settings import ADMIN, API

LINK = f"{LINKS}{links.EXAMPLE}"


def opened(door: Door, path: str = LINK) -> Request:
    """Somebody opens a link."""
    return Request("POST", path, path, [], door.bodies_for(path).begin(lambda: None), "1.1")


def urgency(door: Door, request: Request) -> Urgency:
    return door._urgency(request)  # noqa: SLF001 - what only a door that is full shows


def answered(door: Door, request: Request, status: int) -> None:
    door._note_sender(request, status)  # noqa: SLF001


def test_the_page_is_served_beside_the_api_and_not_by_the_staffs_site() -> None:
    assert f"/{links.PATH}/" == LINKS
    assert service_for(LINK) is API
    assert service_for("/admin/") is ADMIN


def test_a_link_that_was_shown_goes_before_those_that_somebody_guesses() -> None:
    door = Door()
    request = opened(door)
    assert urgency(door, request) is Urgency.STRANGER
    answered(door, request, 200)
    assert urgency(door, request) is Urgency.HIGH
    assert urgency(door, opened(door, f"{LINK}x")) is Urgency.STRANGER


def test_a_page_that_opens_makes_nobody_known_who_sends_without_a_token() -> None:
    door = Door()
    answered(door, opened(door), 200)
    assert not door._senders.knows([])  # noqa: SLF001


def test_wrong_digits_make_a_link_a_guess_again() -> None:
    door = Door()
    request = opened(door)
    answered(door, request, 200)
    answered(door, request, 403)
    assert urgency(door, request) is Urgency.STRANGER
