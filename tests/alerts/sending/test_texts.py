"""What a message says where an answer is wanted, and what a notice says."""

import re
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from alerts.models import Alert, AnswerLink, Delivery, ReplyCode
from alerts.responses import codes, links
from alerts.sending import send, texts
from alerts.states import Notice
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store
from tests.alerts.escalation.factories import Ask, answer
from tests.aws import Aws
from tests.round_trips import round_trips

pytestmark = pytest.mark.django_db

URL = "https://bleep.example"
LINK = rf"{URL}/a/[A-Za-z0-9_-]{{22}}"
TEXT = "Blood test results ready for patient 123456789"


@pytest.fixture
def two_way(settings: Settings) -> None:
    """People can reply by SMS."""
    settings.SMS_REPLY_QUEUE_URL = "https://sqs.example/replies"
    settings.SMS_ORIGINATION_NUMBER = "+447700900800"


@pytest.fixture
def public(settings: Settings) -> None:
    """Messages have links."""
    settings.PUBLIC_URL = URL


def delivery(alert: Alert, channel: Channel = Channel.SMS, address: str = "+447700900102") -> Delivery:
    """The first delivery, over another channel."""
    Delivery.objects.filter(alert=alert).update(channel=channel, address=address)
    return Delivery.objects.select_related("alert").get(alert=alert)


def code() -> str:
    """The one that was made."""
    return ReplyCode.objects.get().code


def notice(alert: Alert, kind: Notice) -> texts.Texts:
    """What somebody who was asked is told."""
    Delivery.objects.filter(alert=alert).update(notice=kind)
    return texts.write(Delivery.objects.select_related("alert").get(alert=alert))


def test_an_sms_says_how_to_reply(ask: Ask, two_way: None) -> None:
    sms = texts.write(delivery(ask())).sms.text
    assert sms == f"{TEXT}\nReply 1 {code()} to accept, 2 {code()} to decline"


def test_an_sms_has_a_link_where_nobody_can_reply(ask: Ask, public: None) -> None:
    sms = texts.write(delivery(ask())).sms.text
    assert re.fullmatch(rf"{TEXT}\nCode {code()}. To accept or decline: {LINK}", sms)


def test_an_sms_of_medium_priority_needs_no_code_for_its_link(ask: Ask, public: None) -> None:
    sms = texts.write(delivery(ask(priority=Priority.MEDIUM))).sms.text
    assert re.fullmatch(rf"{TEXT}\nTo accept or decline: {LINK}", sms)
    assert not ReplyCode.objects.exists()


def test_an_sms_has_both(ask: Ask, two_way: None, public: None) -> None:
    sms = texts.write(delivery(ask())).sms.text
    made = code()
    assert re.fullmatch(rf"{TEXT}\nReply 1 {made} to accept, 2 {made} to decline, or open {LINK}", sms)


def test_how_to_answer_is_never_cut(ask: Ask, two_way: None, public: None, settings: Settings) -> None:
    settings.SMS_MAX_PARTS = 1
    alert = ask()
    Alert.objects.filter(pk=alert.pk).update(description="a" * 1000)
    sms = texts.write(delivery(alert)).sms
    assert re.search(rf"\.\.\. 123456789\nReply 1 .* or open {LINK}$", sms.text)
    assert (sms.parts, sms.is_cut) == (1, True)


def test_its_length_is_known_without_making_anything(ask: Ask, two_way: None, public: None) -> None:
    mine = delivery(ask())
    guessed = texts.sms_as_sent(mine)
    assert not ReplyCode.objects.exists()
    assert len(guessed.text) == len(texts.write(mine).sms.text)


def test_an_email_has_the_link_and_for_high_the_code(ask: Ask, two_way: None, public: None) -> None:
    email = texts.write(delivery(ask(), Channel.EMAIL, "able@hospital.example")).email
    assert re.fullmatch(
        rf"{TEXT}\n\nTo accept or decline, open {LINK}\nYou will be asked for this code: {code()}", email
    )


def test_an_email_of_low_priority_has_the_link_alone(ask: Ask, public: None) -> None:
    email = texts.write(delivery(ask(priority=Priority.LOW), Channel.EMAIL, "able@hospital.example")).email
    assert re.fullmatch(rf"{TEXT}\n\nTo accept or decline, open {LINK}", email)


@pytest.mark.parametrize("channel", Channel)
def test_a_message_that_wants_no_answer_is_as_before(
    store: Store, two_way: None, public: None, channel: Channel
) -> None:
    mine = delivery(store(Priority.HIGH).alert, channel)
    written = texts.write(mine)
    assert (written.sms.text, written.email) == (TEXT, TEXT)
    assert not AnswerLink.objects.exists()
    assert not ReplyCode.objects.exists()


def test_each_send_of_a_delivery_has_a_link_of_its_own_and_the_same_code(
    ask: Ask, two_way: None, public: None
) -> None:
    mine = delivery(ask())
    first, second = (texts.write(mine).sms.text for _ in range(2))
    assert first != second
    assert first[: -len(links.EXAMPLE)] == second[: -len(links.EXAMPLE)]
    assert AnswerLink.objects.count() == 2


def test_the_token_is_not_in_the_database(ask: Ask, public: None) -> None:
    token = texts.write(delivery(ask())).sms.text[-len(links.EXAMPLE) :]
    link = AnswerLink.objects.get()
    assert token not in str(vars(link))
    found = links.find(token)
    assert found
    assert found.pk == link.pk


def test_a_link_ends_after_a_day(ask: Ask, public: None) -> None:
    token = texts.write(delivery(ask())).sms.text[-len(links.EXAMPLE) :]
    assert AnswerLink.objects.filter(expires_at__gt=Now() + links.LASTS * 0.99).exists()
    AnswerLink.objects.update(expires_at=Now())
    assert links.find(token) is None


def test_an_alert_goes_out_although_no_way_to_answer_can_be_made(
    ask: Ask, two_way: None, public: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(codes, "make", fail)
    assert texts.write(delivery(ask())).sms.text == f"{TEXT}\nReply 1 to accept, 2 to decline"


@pytest.mark.parametrize(
    ("priority", "said"), [(Priority.HIGH, "an urgent alert"), (Priority.MEDIUM, "an alert")]
)
def test_an_sms_that_others_can_read_has_no_patient_data(
    ask: Ask, public: None, settings: Settings, clinician: Clinician, priority: Priority, said: str
) -> None:
    settings.SMS_WITHOUT_PATIENT_DATA = True
    Clinician.objects.filter(pk=clinician.pk).update(department="Ward 7")
    sms = texts.write(delivery(ask(priority=priority))).sms.text
    assert sms.startswith(f"You have {said} from Ward 7.\n")
    assert re.search(rf"To accept or decline: {LINK}$", sms)
    assert "123456789" not in sms


def test_an_sms_without_patient_data_can_be_read_on_where_no_answer_is_wanted(
    store: Store, public: None, settings: Settings
) -> None:
    settings.SMS_WITHOUT_PATIENT_DATA = True
    Clinician.objects.update(department="")
    sms = texts.write(delivery(store(Priority.LOW).alert)).sms.text
    assert re.fullmatch(rf"You have an alert\.\nTo read it: {LINK}", sms)


def test_calls_and_emails_have_what_an_sms_leaves_out(ask: Ask, settings: Settings) -> None:
    settings.SMS_WITHOUT_PATIENT_DATA = True
    written = texts.write(delivery(ask(), Channel.EMAIL, "able@hospital.example"))
    assert written.email == TEXT
    assert written.spoken_digits == "123456789"


def test_a_notice_names_who_has_taken_the_alert_on(ask: Ask) -> None:
    alert = ask()
    answer(alert, "C-1")
    name = Clinician.objects.get(contact_id="C-1").name
    told = notice(alert, Notice.TAKEN)
    at = r"\d\d:\d\d"
    assert re.fullmatch(
        rf"Your alert of {at} has been taken on by {name}\. You need not do anything\.", told.sms.text
    )
    assert told.email == told.sms.text
    assert told.spoken.startswith("This is a message from Staff Alert. Your alert of")


@pytest.mark.parametrize("kind", Notice)
def test_a_notice_has_no_patient_data(ask: Ask, kind: Notice, two_way: None, public: None) -> None:
    told = notice(ask(), kind)
    everything = " ".join([told.subject, told.email, told.sms.text, told.spoken, told.spoken_digits])
    assert "123456789" not in everything
    assert "Blood" not in everything
    assert told.sms.parts == 1
    assert not ReplyCode.objects.exists()
    assert not AnswerLink.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_asking_takes_two_statements_more(ask: Ask, two_way: None, public: None, aws: Aws) -> None:
    first, second = delivery(ask()), delivery(ask())
    send.deliver(first.pk)  # which prepares them, and finds the provider up

    with round_trips() as found:
        send.deliver(second.pk)

    assert found == ["prepared"] * 5
    assert "to accept, 2" in aws.messages()[0]["text"]


@pytest.mark.django_db(transaction=True)
def test_a_call_that_asks_takes_none_more(ask: Ask, two_way: None, public: None, aws: Aws) -> None:
    first, second = (Delivery.objects.get(alert=ask()).pk for _ in range(2))
    send.deliver(first)

    with round_trips() as found:
        send.deliver(second)

    assert found == ["prepared"] * 3
