"""People at real browsers: Chromium on Bleep's pages, watched for everything that a browser complains about."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    sync_playwright,
)

from tests.staff.users import make_user

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SECONDS = 15
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", event => console.error(
    `Content-Security-Policy: ${event.effectiveDirective} refused ${event.blockedURI} (${event.sample})`));
"""
GRAVE = frozenset({"serious", "critical"})
RULES_OF_COLOUR = ["color-contrast", "link-in-text-block"]
"""What axe-core judges by colours: all that a dark page can have that it has not when it is light."""
DRAWN = """
() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
    const moving = document.getAnimations().filter(each => each.effect.getComputedTiming().endTime < Infinity);
    Promise.allSettled(moving.map(each => each.finished)).then(() => drawn());
}))))
"""
"""Two frames, a turn of what scripts put off, and the end of what moves."""

_asked: WeakKeyDictionary[Page, set[Request]] = WeakKeyDictionary()
"""What each page has asked for and not got yet."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window; where there is none, the test is skipped, but on CI it fails.

    Playwright has an event loop running in this thread meanwhile, which Django takes for a sign of async code.
    """
    if not Path(CHROMIUM).exists():
        sentence = f"There is no Chromium at {CHROMIUM}: install it, or say with CHROMIUM where it is."
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Desk:
    """Where people sit down at browsers of their own; `faults` is what any of these complained about."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url
        self.faults: list[str] = []
        self._contexts: list[BrowserContext] = []

    def sit(self, person: str | None = None, *, dark: bool = False, phone: bool = False) -> Page:
        """An empty page of a browser in which `person` is logged in (see `cast.PEOPLE`); None is a stranger.

        Paths are enough for `page.goto`.
        """
        context = self.browser.new_context(
            base_url=self.url,
            viewport=PHONE if phone else DESK,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/London",
        )
        self._contexts.append(context)
        context.set_default_timeout(SECONDS * 1000)
        context.add_init_script(REPORT_VIOLATIONS)
        if person is not None:
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": _session(person), "url": self.url}]
            )
        page = context.new_page()
        _follow(page)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.faults.append(f"{_path(page)}: {error}"))
        page.on("requestfailed", lambda request: self._note_failed(page, request))
        page.on("request", lambda request: self._note_foreign(request.url))
        return page

    def leave(self) -> None:
        """Close all browsers."""
        for context in self._contexts:
            context.close()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            where = message.location.get("url", "")
            self.faults.append(f"{urlsplit(where).path}: {message.text}")

    def _note_failed(self, page: Page, request: Request) -> None:
        """Not what the browser gave up because somebody went on to another page before it was answered."""
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"{_path(page)}: no {request.url}")

    def _note_foreign(self, url: str) -> None:
        """Every asset comes from Bleep itself."""
        if not url.startswith((self.url, "data:", "blob:", "about:")):
            self.faults.append(f"A page asked another host: {url}")


def _follow(page: Page) -> None:
    """Keep what the page asks for in `_asked` until it is answered."""
    asked = _asked[page] = set()

    def begin(request: Request) -> None:  # Playwright takes no method of a built-in type
        asked.add(request)

    def end(request: Request) -> None:
        asked.discard(request)

    page.on("request", begin)
    page.on("requestfinished", end)
    page.on("requestfailed", end)


def visit(page: Page, path: str) -> None:
    """Open a page and wait until all of it is there: who leaves before breaks its requests off, which is a fault."""
    page.goto(path)
    wait_until_settled(page)


def wait_until_settled(page: Page) -> None:
    """Return when all that the page asked for has come, its scripts have had their turn and nothing moves."""
    deadline = time.monotonic() + SECONDS
    while True:
        page.wait_for_load_state("load")
        try:
            page.evaluate(DRAWN)
        except Error as error:
            if (
                "navigation" not in error.message
            ):  # somebody went on to another page, which is waited for instead
                raise
        else:
            if not _asked[page]:
                return
        assert time.monotonic() < deadline, f"Not answered: {[each.url for each in _asked[page]]}"


def check_accessibility(page: Page) -> None:
    """Fail on what axe-core calls serious or critical, with the elements at fault.

    A dark page is checked by the rules of colour alone: the test that opens it opens the light one, too, which differs
    from it in nothing else.
    """
    wait_until_settled(page)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if page.evaluate("document.documentElement.classList.contains('dark')"):
        options["runOnly"] = {"type": "rule", "values": RULES_OF_COLOUR}
    results = Axe().run(page, options=options)
    grave = [each for each in results.response["violations"] if each["impact"] in GRAVE]
    assert not grave, "\n".join(_told(each) for each in grave)


def _told(violation: dict[str, Any]) -> str:
    nodes = "".join(
        f"\n    {node['html'][:200]}\n      {node['failureSummary'].splitlines()[-1].strip()}"
        for node in violation["nodes"][:8]
    )
    return f"{violation['impact']}: {violation['id']}: {violation['help']} ({len(violation['nodes'])}){nodes}"


def _session(person: str) -> str:
    client = Client()
    client.force_login(make_user(person))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _path(page: Page) -> str:
    return urlsplit(page.url).path
