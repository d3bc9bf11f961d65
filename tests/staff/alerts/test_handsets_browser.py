"""The stand-in's page of handsets, at which people look during `make run`."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from tests.aws import Aws
from tests.staff.accessibility import check_at_once, fits
from tests.staff.browser import DESKTOP, PHONE, SECONDS

SHOWN = 100
"""Messages on a page."""
NUMBER = "+447700900042"
WANTED = {"Message": "Potassium 6.9, ward 7, patient", "Message2": "48A1", "Answer": "wanted"}


@pytest.fixture
def handsets(browser: Browser, aws: Aws) -> Iterator[Page]:
    """The page, without animations; the test fails if its console reports an error."""
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(aws.url)
    yield page
    context.close()
    assert errors == []


def client(service: str) -> Any:
    return boto3.client(service)  # type: ignore[call-overload]


def ring(number: str = NUMBER) -> str:
    placed = client("connect").start_outbound_voice_contact(
        DestinationPhoneNumber=number,
        ContactFlowId="flow",
        InstanceId="instance",
        SourcePhoneNumber="+442079460000",
        Attributes=WANTED,
    )
    return str(placed["ContactId"])


def described(contact_id: str) -> dict[str, Any]:
    return dict(client("connect").describe_contact(InstanceId="instance", ContactId=contact_id)["Contact"])


def telephone(page: Page, number: str = "+44 7700 900042") -> Locator:
    return page.get_by_role("article", name=f"Telephone {number}")


def check_everybody_can_use(page: Page) -> None:
    """By axe-core, light and dark, and on a telephone's screen."""
    for screen in (PHONE, DESKTOP):
        page.set_viewport_size(screen)
        assert fits(page)
    check_at_once(page)


def test_all_messages_are_on_its_pages_and_a_number_is_found(handsets: Page, aws: Aws) -> None:
    sns = client("sns")
    for number in range(SHOWN + 5):
        sns.publish(PhoneNumber=f"+447700900{number:03}", Message=f"Message {number}")
    handsets.reload()

    place, phones = handsets.locator("#place"), handsets.locator("#phones")
    expect(place).to_have_text("1–100 of 105")
    expect(phones).to_contain_text("Message 104")
    handsets.get_by_role("button", name="Older").click()
    expect(place).to_have_text("101–105 of 105")
    expect(phones).to_contain_text("Message 0")
    expect(phones).not_to_contain_text("Message 104")
    handsets.get_by_role("button", name="Newer").click()
    expect(place).to_have_text("1–100 of 105")
    handsets.get_by_label("Find").fill("07700 900042")

    expect(place).to_have_text("1–1 of 1")
    expect(phones).to_contain_text("Message 42")


def test_a_call_rings_and_is_answered_with_the_keyboard(handsets: Page) -> None:
    contact_id = ring()
    phone = telephone(handsets)
    expect(phone).to_contain_text("Incoming call")
    expect(phone).not_to_contain_text("Potassium")
    assert handsets.title().startswith("Ringing")
    check_everybody_can_use(handsets)

    phone.get_by_role("button", name="Answer").press("Enter")
    expect(phone.get_by_role("log")).to_have_text("Staff Alert has a message for you. Press 1 to hear it.")
    expect(phone.get_by_role("group", name="Keypad")).to_be_focused()
    check_everybody_can_use(handsets)
    handsets.keyboard.press("1")
    expect(phone.get_by_role("log")).to_contain_text("Potassium 6.9, ward 7")
    expect(phone.get_by_role("log")).to_contain_text("Pressed 1")
    handsets.keyboard.press("1")

    expect(phone).to_contain_text("Your answer is recorded: you accept.")
    expect(phone.get_by_role("group", name="Screen of")).to_be_focused()
    expect(phone.get_by_role("button", name="Hang up")).to_have_count(0)
    assert described(contact_id)["Attributes"]["Response"] == "1"
    check_everybody_can_use(handsets)


def test_keys_are_pressed_with_the_mouse_in_their_order(handsets: Page) -> None:
    contact_id = ring()
    phone = telephone(handsets)
    phone.get_by_role("button", name="Answer").click()
    keypad = phone.get_by_role("group", name="Keypad")
    for name in ("1", "Star", "2"):
        keypad.get_by_role("button", name=name, exact=True).click()
    expect(phone).to_contain_text("Your answer is recorded: you cannot.")
    assert described(contact_id)["Attributes"]["Response"] == "2"


def test_a_call_is_rejected_and_another_is_hung_up(handsets: Page) -> None:
    first, second = ring(), ring()
    phone = telephone(handsets)
    expect(phone).to_contain_text("1 more call rings.")
    phone.get_by_role("button", name="Reject").click()
    expect(phone).to_contain_text("Rejected call")
    expect(phone).not_to_contain_text("more call")
    phone.get_by_role("button", name="Answer").click()
    phone.get_by_role("button", name="Hang up").click()
    expect(phone).to_contain_text("Call answered")
    assert "ConnectedToSystemTimestamp" not in described(first)
    assert described(second)["DisconnectReason"] == "CUSTOMER_DISCONNECT"


def test_a_ringing_call_comes_first(handsets: Page) -> None:
    ring()
    client("sns").publish(PhoneNumber="+447700900043", Message="Later")
    expect(handsets.get_by_role("article")).to_have_count(2)
    expect(handsets.get_by_role("article").first).to_contain_text("Incoming call")


def test_a_voicemail_picks_up_and_says_nothing(handsets: Page) -> None:
    client("sns").publish(PhoneNumber=NUMBER, Message="So that the telephone is there")
    phone = telephone(handsets)
    switch = phone.get_by_role("switch", name="Voicemail picks up")
    switch.check()
    handsets.reload()
    expect(switch).to_be_checked()
    contact_id = ring()
    expect(phone).to_contain_text("Voicemail picked up")
    expect(phone).not_to_contain_text("Potassium")
    assert "Response" not in described(contact_id)["Attributes"]
    switch.uncheck()
    ring()
    expect(phone).to_contain_text("Incoming call")


def test_an_sms_is_replied_to_and_its_link_opens(handsets: Page, aws: Aws) -> None:
    link = f"{aws.url}/healthz"
    client("sns").publish(PhoneNumber=NUMBER, Message=f"Reply 1 4821, or open {link}. <b>Not bold</b>")
    phone = telephone(handsets)
    phone.get_by_label("Reply from +44 7700 900042").fill("1 4821")
    handsets.keyboard.press("Enter")
    expect(phone.get_by_role("listitem").last).to_contain_text("1 4821")
    expect(phone.get_by_label("Reply from +44 7700 900042")).to_have_value("")
    replies = requests.get(f"{aws.url}/handset", timeout=5).json()["replies"]
    assert [(each["number"], each["text"]) for each in replies] == [(NUMBER, "1 4821")]
    check_everybody_can_use(handsets)

    expect(phone).to_contain_text("<b>Not bold</b>")
    with handsets.expect_popup() as opened:
        phone.get_by_role("link").click()
    opened.value.wait_for_url(link)
    assert opened.value.evaluate("window.opener") is None


def test_a_link_in_an_email_opens_as_it_is_written(handsets: Page, aws: Aws) -> None:
    sns = client("sns")
    topic = sns.create_topic(Name="handsets-browser")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="clinician@example.org")
    sns.publish(TopicArn=topic, Subject="Results", Message=f"({aws.url}/a/x_y-z?q=1), javascript:alert(1)")
    sns.delete_topic(TopicArn=topic)
    links = handsets.locator("#emails").get_by_role("link")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", f"{aws.url}/a/x_y-z?q=1")


def test_an_animation_is_for_those_who_like_it(handsets: Page) -> None:
    ring()
    badge = telephone(handsets).locator(".rings .icon")
    expect(badge).to_have_css("animation-name", "none")
    handsets.emulate_media(reduced_motion="no-preference")
    expect(badge).to_have_css("animation-name", "ring")
