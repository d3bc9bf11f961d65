"""Chromium on Bleep's pages. Every error and warning in a browser's console is collected."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)

from tests.staff.users import make_user

CHROMIUM = Path(
    os.environ.get("CHROMIUM") or which("chromium-headless-shell") or which("chromium") or "/usr/bin/chromium"
)
"""The headless shell is the same browser without what draws windows: the tests take two thirds of the time."""
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--process-per-site")
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SECONDS = 15
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", event => console.error(
    `Content-Security-Policy: ${event.effectiveDirective} refused ${event.blockedURI} (${event.sample})`));
"""
DRAWN = """
() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
    const moving = document.getAnimations().filter(each => each.effect.getComputedTiming().endTime < Infinity);
    Promise.allSettled(moving.map(each => each.finished)).then(() => drawn());
}))))
"""
"""Resolves after two frames, deferred scripts and running animations."""

_asked: WeakKeyDictionary[Page, set[Request]] = WeakKeyDictionary()
"""Each page's requests that are not answered yet."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window; where there is none, the test is skipped, but on CI it fails.

    Playwright has an event loop running in this thread meanwhile, which Django takes for a sign of async code.
    """
    if not CHROMIUM.exists():
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


class BrowserContexts:
    """Contexts that one test after another uses: they have Bleep's stylesheets and scripts in their cache already.

    Each keeps a page open, whose process the pages of the tests share (`--process-per-site`): a new one would compile
    all scripts again, which takes longer than everything else in a visit.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self.url = url
        self._free: dict[bool, list[BrowserContext]] = {False: [], True: []}

    def take(self, *, stopped: bool = False) -> BrowserContext:
        """One without cookies, storage or pages; if it is `stopped`, its time passes by `page.clock` only."""
        return self._free[stopped].pop() if self._free[stopped] else self._new(stopped=stopped)

    def give_back(self, context: BrowserContext, *, stopped: bool) -> None:
        """Forget what a test left in it, except for the cache."""
        kept, *others = context.pages
        for each in others:
            each.close()
        kept.evaluate("localStorage.clear()")
        context.clear_cookies()
        context.clear_permissions()
        self._free[stopped].append(context)

    def _new(self, *, stopped: bool) -> BrowserContext:
        context = self._browser.new_context(base_url=self.url, locale="en-GB", timezone_id="Europe/London")
        context.set_default_timeout(SECONDS * 1000)
        context.add_init_script(REPORT_VIOLATIONS)
        if stopped:
            context.clock.install()
        context.new_page().goto("/admin/login/")
        return context


class Site:
    """Bleep in browsers, another one for each page; `errors` collects what their consoles report."""

    def __init__(self, contexts: BrowserContexts) -> None:
        self.url = contexts.url
        self.errors: list[str] = []
        self._contexts = contexts
        self._taken: dict[BrowserContext, bool] = {}

    def login(self, person: str, *, dark: bool = False, phone: bool = False, stopped: bool = False) -> Page:
        """An empty page of another browser in which `person` is logged in (see `users.PEOPLE`).

        The time of a `stopped` page passes by `page.clock` only.
        """
        caches["process"].clear()  # a request that the test before left may have ended since this one began
        page = self.page(dark=dark, phone=phone, stopped=stopped)
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": _session(person), "url": self.url}]
        )
        return page

    def page(self, *, dark: bool = False, phone: bool = False, stopped: bool = False) -> Page:
        """An empty page of another browser without a login."""
        context = self._contexts.take(stopped=stopped)
        self._taken[context] = stopped
        page = context.new_page()
        page.set_viewport_size(PHONE if phone else DESKTOP)
        page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        _follow(page)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(f"{_path(page)}: {error}"))
        page.on("requestfailed", lambda request: self._note_failed(page, request))
        page.on("request", lambda request: self._note_foreign(request.url))
        return page

    def close(self) -> None:
        """Close all pages."""
        for context, stopped in self._taken.items():
            self._contexts.give_back(context, stopped=stopped)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            where = message.location.get("url", "")
            self.errors.append(f"{urlsplit(where).path}: {message.text}")

    def _note_failed(self, page: Page, request: Request) -> None:
        """Except for requests that were aborted by going to another page."""
        if request.failure != "net::ERR_ABORTED":
            self.errors.append(f"{_path(page)}: no {request.url}")

    def _note_foreign(self, url: str) -> None:
        """Every asset comes from Bleep itself."""
        if not url.startswith((self.url, "data:", "blob:", "about:")):
            self.errors.append(f"A page asked another host: {url}")


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
    """Open a page and wait until it has loaded: leaving earlier would abort its requests."""
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


def _session(person: str) -> str:
    client = Client()
    client.force_login(make_user(person))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _path(page: Page) -> str:
    return urlsplit(page.url).path
