"""`make screenshots`: take the README's pictures anew, of a Bleep that runs here for a moment.

Needs Chromium; CHROMIUM names it where it is not /usr/bin/chromium.
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

from clients.demo import TOKEN
from clients.sample import ALERT

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
SECOND = {
    "contact_id": "C-2",
    "name": "Second Clinician",
    "role": "Consultant",
    "department": "Cardiology",
    "call_number": "+447700900123",
    "sms_number": "+447700900123",
    "email": "second@ward.example",
}


def main() -> None:
    """Run Bleep, send alerts, take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data, running(Path(data)), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=QUIET
        )
        page = browser.new_page(color_scheme="light")
        log_in(page)
        add_second_clinician(page)
        send_alerts()
        picture_of_clinician(page)
        picture_of_handsets(page)
        browser.close()


@contextmanager
def running(data: Path) -> Iterator[None]:
    """Bleep, for as long as the block runs."""
    command = [sys.executable, "-m", "sandbox.run", "--data", str(data)]
    env = {**os.environ, "PORT": str(PORT)}
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
    """To the admin, as the demo's user."""
    page.goto(f"{BLEEP}/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "admin")
    page.click("[type=submit]")


def add_second_clinician(page: Page) -> None:
    """So that there are two telephones, and several channels for one priority."""
    page.goto(f"{BLEEP}/admin/contacts/clinician/add/")
    for name, value in SECOND.items():
        page.fill(f"#id_{name}", value)
    for priority, channels in {
        "high": ("call", "sms"),
        "medium": ("sms", "email"),
        "low": ("email",),
    }.items():
        for position, channel in enumerate(channels):
            page.select_option(f"#id_{priority}_{position}", channel)
    page.click("[name=_save]")
    page.wait_for_url(f"{BLEEP}/admin/contacts/clinician/")


def send_alerts() -> None:
    """One of each priority for the demo clinician, and two for the second."""
    results = (ALERT["type"], ALERT["description"])
    imaging = ("imaging_alert", "Scan reported: please review for patient")
    wanted = [("C-1", priority, *results) for priority in "LMH"] + [
        ("C-2", priority, *imaging) for priority in "MH"
    ]
    for number, (contact, priority, kind, text) in enumerate(wanted):
        send(
            {
                **ALERT,
                "message_id": str(123 + number),
                "type": kind,
                "contact_id": contact,
                "description": text,
                "priority": priority,
            }
        )


def send(alert: dict[str, Any]) -> None:
    """POST it, and wait until a provider has it."""
    headers = {"Content-Type": "application/json", "Authorization": TOKEN, "Prefer": "wait=20"}
    request = urllib.request.Request(f"{BLEEP}/notification", json.dumps(alert).encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        if json.load(answer)["status"] != "sent":
            sys.exit("screenshots: an alert was not sent; `make run` says why.")


def picture_of_clinician(page: Page) -> None:
    """The second clinician's page in the admin, down to the last priority."""
    page.goto(f"{BLEEP}/admin/contacts/clinician/")
    page.click(f"text={SECOND['name']}")
    page.wait_for_url("**/change/")
    page.set_viewport_size({"width": 1100, "height": 1200})
    page.evaluate("window.scrollTo(0, 0)")
    page.mouse.move(0, 0)
    end = page.locator("fieldset").last.bounding_box()
    height = end["y"] + end["height"] if end else 1200
    page.screenshot(path=IMAGES / "clinician.png", clip={"x": 0, "y": 0, "width": 1100, "height": height})


def picture_of_handsets(page: Page) -> None:
    """The page of the stand-in for AWS."""
    page.set_viewport_size({"width": 1200, "height": 720})
    page.goto(HANDSETS)
    page.wait_for_load_state("networkidle")
    page.get_by_text("Scan reported: please review", exact=False).first.wait_for()
    page.screenshot(path=IMAGES / "handsets.png")


if __name__ == "__main__":
    main()
