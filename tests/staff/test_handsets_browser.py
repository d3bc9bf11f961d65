"""The stand-in's page of handsets, at which people look during `make run`."""

import boto3
from playwright.sync_api import Browser, expect

from tests.conftest import Aws
from tests.staff.browser import DESKTOP

SHOWN = 100
"""Messages on a page."""


def test_all_messages_are_on_its_pages_and_a_number_is_found(browser: Browser, aws: Aws) -> None:
    sns = boto3.client(
        "sns",
        endpoint_url=aws.url,
        region_name="eu-west-2",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    )
    for number in range(SHOWN + 5):
        sns.publish(PhoneNumber=f"+447700900{number:03}", Message=f"Message {number}")
    page = browser.new_page(viewport=DESKTOP)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))

    page.goto(aws.url)
    place, phones = page.locator("#place"), page.locator("#phones")
    expect(place).to_have_text("1–100 of 105")
    expect(phones).to_contain_text("Message 104")
    page.get_by_role("button", name="Older").click()
    expect(place).to_have_text("101–105 of 105")
    expect(phones).to_contain_text("Message 0")
    expect(phones).not_to_contain_text("Message 104")
    page.get_by_role("button", name="Newer").click()
    expect(place).to_have_text("1–100 of 105")
    page.get_by_label("Find").fill("07700 900042")

    expect(place).to_have_text("1–1 of 1")
    expect(phones).to_contain_text("Message 42")
    assert errors == []
    page.close()
