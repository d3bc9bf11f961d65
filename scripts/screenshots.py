"""`make screenshots`: take the screenshots in README and docs, of a Bleep that it starts and stops.

Needs Chromium. CHROMIUM names it if it is not /usr/bin/chromium.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from clients.sample import ALERT, TOKEN
from sandbox.run_settings import Ports, RunSettings, environment
from sandbox.services import EmbeddedPostgres, EmbeddedRedis

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PORT = int(os.environ.get("PORT") or "8000")
BLEEP = f"http://127.0.0.1:{PORT}"
HANDSETS = f"http://127.0.0.1:{PORT + 1}"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK, PHONE = 1280, 390
SECOND = "+44 7700 900200"
"""The telephone of the demo's second clinician, as the page has it."""
HEIGHT = 1000
"""The most that a picture may have."""
TALL = {"home": 1345, "clinician": 2000, "asked": 1200, "plan": 1500}
"""Exceptions: these are shown down to their figures, their last button, or the second person who was asked."""
STEP_SECONDS = "10"
"""How long the demo's plan waits: for the picture in which the second telephone rings, too."""


def main() -> None:
    """Run Bleep, send alerts, take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data, running(Path(data)), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=QUIET
        )
        page = browser.new_page(color_scheme="light")
        log_in(page)
        send_alerts()
        picture_of_handsets(page)
        pages = load_demo_data(Path(data))
        wait_for_figures(page, pages["home"])
        for name, path in {**pages, "home-dark": pages["home"], "home-phone": pages["home"]}.items():
            picture(page, name, path)
        browser.close()


@contextmanager
def running(data: Path) -> Iterator[None]:
    """Bleep, for as long as the block runs."""
    command = [sys.executable, "-m", "sandbox.run", "--data", str(data)]
    env = {
        **os.environ,
        "PORT": str(PORT),
        "CONNECT_CALLS_PER_SECOND": "100",
        "SMS_PER_SECOND": "100",
        "DEMO_WAIT_SECONDS": STEP_SECONDS,
    }
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            for line in process.stdout or ():
                if "Bleep is ready." in line:
                    break
            else:
                sys.exit("screenshots: Bleep did not start; `make run` says why.")
            yield
        finally:
            process.terminate()
            process.communicate()


def log_in(page: Page) -> None:
    """Log in to the admin as the demo's user."""
    page.goto(f"{BLEEP}/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "admin")
    page.click("[type=submit]")


def load_demo_data(data: Path) -> dict[str, str]:
    """Load `scripts.demo_data`. Returns the paths of its pages by the names of their pictures."""
    env = {
        **environment(RunSettings(data, Ports(PORT), os.environ)),
        "DATABASE_URL": EmbeddedPostgres(data).url,
        "REDIS_URL": EmbeddedRedis(data).url,
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "scripts.demo_data"]
    made = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    found: dict[str, str] = json.loads(made.stdout)
    return found


def send_alerts() -> None:
    """Send one alert of each priority to the demo clinician, for the picture of the handsets."""
    for number, priority in enumerate("LMH"):
        send({**ALERT, "message_id": str(123 + number), "priority": priority})


def send(alert: dict[str, Any]) -> None:
    """POST an alert, and wait until it is sent."""
    headers = {"Content-Type": "application/json", "Authorization": TOKEN, "Prefer": "wait=20"}
    request = urllib.request.Request(f"{BLEEP}/notification", json.dumps(alert).encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        if json.load(answer)["status"] != "sent":
            sys.exit("screenshots: an alert was not sent; `make run` says why.")


def wait_for_figures(page: Page, home: str) -> None:
    """Wait until Home shows the charts: it caches statistics for some seconds, and first those of an empty Bleep."""
    for _ in range(30):
        page.goto(f"{BLEEP}{home}")
        if page.locator("#home canvas").count():
            return
        page.wait_for_timeout(1000)
    sys.exit("screenshots: Home shows no charts of the demo's alerts.")


def picture(page: Page, name: str, path: str) -> None:
    """Take a picture of a page of the admin, from its top, no higher than the page or the limit."""
    width = PHONE if name.endswith("-phone") else DESK
    most = TALL.get(name, HEIGHT)
    page.set_viewport_size({"width": width, "height": most})
    page.emulate_media(color_scheme="dark" if name.endswith("-dark") else "light")
    page.goto(f"{BLEEP}{path}")
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)
    content = page.locator("#content").bounding_box()
    height = min(most, content["y"] + content["height"] + 24 if content else most)
    page.screenshot(path=IMAGES / f"{name}.png", clip={"x": 0, "y": 0, "width": width, "height": height})


def picture_of_handsets(page: Page) -> None:
    """The page of the stand-in for AWS: the first telephone rings in vain, and the second is answered."""
    page.set_viewport_size({"width": 1240, "height": 800})
    page.goto(HANDSETS)
    page.get_by_text("Blood test results ready", exact=False).first.wait_for()
    second = page.get_by_role("article").filter(has_text=SECOND)
    second.get_by_role("button", name="Answer").click(timeout=60_000)
    second.get_by_role("button", name="1", exact=True).click()
    second.get_by_text("Blood test results ready", exact=False).wait_for()
    page.mouse.move(0, 0)
    page.screenshot(path=IMAGES / "handsets.png")
    second.get_by_role("button", name="1", exact=True).click()
    second.get_by_text("you accept").wait_for()


if __name__ == "__main__":
    main()
