"""The text of an alert on each channel. All templates are here."""

import re
import unicodedata
from typing import NamedTuple

from django.conf import settings

from alerts import sms_parts

SMS_AND_EMAIL = "{description} {patient_id}"
SPOKEN = "This is a message from Staff Alert. {description}"
SIGNS = {"&": "and", "<": "less than", ">": "greater than"}
"""What a call says in their place. A contact flow may put an attribute into SSML, as the published sample's does with
both; a sign of markup would make that invalid, and the person who picks up would hear nothing."""
_MARKUP = re.compile(r"\s*[&<>][\s&<>]*")
SENT_ON = "Sent on by hospital staff, first meant for a colleague: "
"""Comes first in an alert that staff send to somebody else. It does not name the colleague."""
TEST = "This is a test by {by}, to see that alerts arrive here. You need not do anything."
TEST_PATIENT = "TEST"
"""Takes the place of the patient reference, which a call spells out."""
DEFAULT_SUBJECT = "Alert"
SUBJECT_LENGTH = 99
"""SNS: fewer than 100 characters, printable ASCII, no line break."""


class Sms(NamedTuple):
    """The body of an SMS."""

    text: str
    parts: int
    is_cut: bool


def text(*, description: str, patient_id: str) -> str:
    """The body of an e-mail, and of an SMS that is not cut."""
    return SMS_AND_EMAIL.format(description=description, patient_id=patient_id)


def sms(*, description: str, patient_id: str) -> Sms:
    """The body of an SMS, with the description cut where SMS_MAX_PARTS says so. The patient reference is never cut."""

    def write(shown: str) -> str:
        return text(description=shown, patient_id=patient_id)

    whole = write(description)
    most = settings.SMS_MAX_PARTS
    sent = sms_parts.fit(write, description, most=most) if most else whole
    return Sms(sent, sms_parts.count(sent), is_cut=sent != whole)


def spoken(*, description: str) -> str:
    """What a call says before the patient reference. Signs of markup are said in words."""
    return SPOKEN.format(description=_MARKUP.sub(_in_words, description).strip())


def _in_words(signs: re.Match[str]) -> str:
    return f" {' '.join(SIGNS[sign] for sign in signs[0] if sign in SIGNS)} "


def spoken_digits(*, patient_id: str) -> str:
    """The patient reference, which the contact flow reads digit by digit, without signs of markup."""
    return _MARKUP.sub(" ", patient_id).strip()


def sent_on(description: str) -> str:
    """The description of an alert that staff send to somebody else."""
    return f"{SENT_ON}{description.removeprefix(SENT_ON)}"


def test(*, by: str) -> str:
    """The text of a channel test."""
    return TEST.format(by=by)


def subject(alert_type: str) -> str:
    """An e-mail's subject: `blood_test_alert` becomes "Blood test alert". Drops what SNS does not allow."""
    plain = unicodedata.normalize("NFKD", alert_type).encode("ascii", "ignore").decode()
    printable = "".join(character if character.isprintable() else " " for character in plain)
    words = " ".join(printable.replace("_", " ").split())
    return (words[:1].upper() + words[1:])[:SUBJECT_LENGTH].rstrip() or DEFAULT_SUBJECT
