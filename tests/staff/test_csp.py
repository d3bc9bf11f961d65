"""The Content-Security-Policy: on every answer, and looser in the admin by one word."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy(path: str) -> dict[str, str]:
    """The directives that an answer carries."""
    header = Client(raise_request_exception=False).get(path)["Content-Security-Policy"]
    found = (directive.strip().partition(" ") for directive in header.split(";"))
    return {name: words for name, _, words in found}


@pytest.mark.parametrize("path", ["/docs", "/schema", "/no/such/page", "/"])
def test_nothing_but_what_bleep_serves_itself_is_allowed(path: str) -> None:
    assert policy(path) == STRICT


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/contacts/clinician/"])
def test_the_admin_may_evaluate_for_its_theme_and_no_more(path: str) -> None:
    assert policy(path) == {**STRICT, "script-src": "'self' 'unsafe-eval'"}


@pytest.mark.parametrize("path", ["/notification", "/notification/no-such-alert"])
def test_a_browser_loads_nothing_for_data(path: str) -> None:
    assert policy(path) == {"default-src": "'none'", "frame-ancestors": "'none'"}
