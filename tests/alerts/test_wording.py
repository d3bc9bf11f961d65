"""What an alert says on each channel."""

from xml.etree import ElementTree as ET

import pytest
from pytest_django.fixtures import Settings

from alerts import wording


def test_sms_and_email_say_the_description_and_the_patient_reference() -> None:
    text = wording.text(description="Blood test results ready for patient", patient_id="123456789")

    assert text == "Blood test results ready for patient 123456789"


@pytest.mark.parametrize("most", [0, 10])
def test_an_sms_is_not_cut_where_nothing_says_so_or_it_fits(settings: Settings, most: int) -> None:
    settings.SMS_MAX_PARTS = most

    sms = wording.sms(description="a" * 1000, patient_id="123456789")

    assert sms == (f"{'a' * 1000} 123456789", 7, False)


def test_the_description_of_an_sms_is_cut_and_the_patient_reference_is_not(settings: Settings) -> None:
    settings.SMS_MAX_PARTS = 2

    sms = wording.sms(description="a" * 1000, patient_id="123456789")

    assert sms == (f"{'a' * 293}... 123456789", 2, True)


def test_an_email_is_never_cut(settings: Settings) -> None:
    settings.SMS_MAX_PARTS = 1

    assert wording.text(description="a" * 1000, patient_id="7") == f"{'a' * 1000} 7"


def test_braces_in_a_description_that_is_cut_are_text(settings: Settings) -> None:
    settings.SMS_MAX_PARTS = 1

    sms = wording.sms(description="{patient_id}" * 20, patient_id="7")

    assert sms.text.startswith("{patient_id}{patient_id}")
    assert sms.text.endswith("... 7")


def test_a_call_says_who_is_calling() -> None:
    spoken = wording.spoken(description="Blood test results ready for patient")

    assert spoken == "This is a message from Staff Alert. Blood test results ready for patient"


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("A&E: potassium < 2.5", "A and E: potassium less than 2.5"),
        ("pH<7.1 & lactate>4", "pH less than 7.1 and lactate greater than 4"),
        (
            "</speak><break time='10s'/>",
            "less than /speak greater than less than break time='10s'/ greater than",
        ),
        ("&amp;", "and amp;"),
        ("Kalium niedrig: „2,4“ 🩸 عاجل", "Kalium niedrig: „2,4“ 🩸 عاجل"),
    ],
)
def test_a_call_says_signs_in_words_since_a_flow_may_take_them_for_markup(
    description: str, said: str
) -> None:
    spoken = wording.spoken(description=description)

    assert spoken == f"This is a message from Staff Alert. {said}"
    assert ET.fromstring(f"<speak>{spoken}</speak>").text == spoken  # noqa: S314 - our own text


@pytest.mark.parametrize(
    ("patient_id", "digits"),
    [
        ("123456789", "123456789"),
        ("A&E-17", "A E - 1 7"),
        ("<17>", "17"),
        ("ED17", "E D 1 7"),
        ("ward 4", "w a r d 4"),
        ('"7"\'', '" 7 " \''),
        ("٣٧", "٣٧"),
    ],
)
def test_a_reference_is_spoken_sign_by_sign_and_without_those_of_markup(patient_id: str, digits: str) -> None:
    said = wording.spoken_digits(patient_id=patient_id)

    assert said == digits
    ssml = f'<speak><say-as interpret-as="digits">{said}</say-as></speak>'
    assert ET.fromstring(ssml)[0].text == said  # noqa: S314 - our own text


HARMFUL = "& < > \" ' {patient_id} %s 🩸 שלום \u202e\u2066 \u0085 \u200b ;=1+1"


def test_whatever_a_description_has_in_it_no_channel_takes_it_for_more_than_text() -> None:
    """`&` and its like in SSML, a direction of writing that turns the reference round, braces, a line of headers."""
    text = wording.text(description=HARMFUL, patient_id="A&E-17")
    sms = wording.sms(description=HARMFUL, patient_id="A&E-17").text
    spoken = wording.spoken(description=HARMFUL)
    subject = wording.subject(f"{HARMFUL}\r\nBcc: all@example")

    assert text == sms
    assert text.endswith(" A&E-17")
    assert not {"\u202e", "\u2066"} & set(text + spoken)
    assert all(sign in text for sign in "&<>\"'{🩸ש")
    assert ET.fromstring(f"<speak>{spoken}</speak>").text == spoken  # noqa: S314 - our own text
    assert "\n" not in subject
    assert subject.isascii()


def test_braces_in_a_description_are_text() -> None:
    assert wording.spoken(description="{0} {x}").endswith("{0} {x}")
    assert wording.text(description="{patient_id}", patient_id="7") == "{patient_id} 7"


@pytest.mark.parametrize(
    ("alert_type", "subject"),
    [
        ("blood_test_alert", "Blood test alert"),
        ("MRI_result", "MRI result"),
        ("x" * 64, "X" + "x" * 63),
        ("naïve_test", "Naive test"),
        ("результат", "Alert"),
        ("🩸", "Alert"),
        ("__", "Alert"),
        ("a\tb\nc", "A b c"),
        ("ﬀ" * 64, "F" + "f" * 98),
    ],
)
def test_a_type_becomes_a_subject_that_sns_takes(alert_type: str, subject: str) -> None:
    assert wording.subject(alert_type) == subject


@pytest.mark.parametrize("alert_type", ["ﬀ" * 64, "a\u2028b", "\x7f", "é" * 64, "a b"])
def test_a_subject_is_one_line_of_fewer_than_100_printable_ascii_characters(alert_type: str) -> None:
    subject = wording.subject(alert_type)

    assert 0 < len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()
