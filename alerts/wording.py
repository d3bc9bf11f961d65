"""The text of an alert on each channel. All templates are here."""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from alerts import sms_parts
from alerts.states import Notice
from contacts.choices import Priority

SMS_AND_EMAIL = "{description} {patient_id}"
SPOKEN = "This is a message from Staff Alert. {description}"
SIGNS = {"&": "and", "<": "less than", ">": "greater than"}
"""Words for signs of markup in a call. A contact flow may put an attribute into SSML, as the published sample's does
with both. A sign of markup would make that invalid, and the person who picks up would hear nothing."""
_MARKUP = re.compile(r"\s*[&<>][\s&<>]*")
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that change the direction of writing for the text after them. Left open, they would show the patient
reference backwards."""
SENT_ON = "Sent on by hospital staff, first meant for a colleague: "
"""Comes first in an alert that staff send to somebody else. It does not name the colleague."""
TEST = "This is a test by {by}, to see that alerts arrive here. You need not do anything."
TEST_PATIENT = "TEST"
"""Takes the place of the patient reference, which a call spells out."""
REPLY = "Reply 1 {code} to accept, 2 {code} to decline"
REPLY_OR_OPEN = "{reply}, or open {link}"
OPEN = "To accept or decline: {link}"
OPEN_WITH_CODE = "Code {code}. To accept or decline: {link}"
OPEN_TO_READ = "To read it: {link}"
EMAIL_OPEN = "To accept or decline, open {link}"
EMAIL_CODE = "You will be asked for this code: {code}"
ANNOUNCED = "You have {an_alert}{source}."
"""The text of an SMS without patient data."""
NOTICES: dict[Notice, str] = {
    Notice.TAKEN: "Your alert of {at} has been taken on by {holder}. You need not do anything.",
    Notice.ENDED: "Your alert of {at} has ended. You need not do anything.",
    Notice.YOU_ACCEPTED: "Recorded: you have taken on your alert of {at}.",
    Notice.YOU_DECLINED: "Recorded: you have declined your alert of {at}.",
    Notice.YOU_WERE_LATE: "Your answer came too late: your alert of {at} has ended. You need not do anything.",
    Notice.NOT_UNDERSTOOD: "Your reply was not understood. Reply 1 and the four digits of the message to accept, "
    "or 2 and the four digits to decline.",
}
NOTICE_SUBJECTS: dict[Notice, str] = {
    Notice.TAKEN: "Alert taken on",
    Notice.ENDED: "Alert ended",
    Notice.YOU_ACCEPTED: "Acceptance recorded",
    Notice.YOU_DECLINED: "Refusal recorded",
    Notice.YOU_WERE_LATE: "Answer too late",
    Notice.NOT_UNDERSTOOD: "Answer not understood",
}
FORMER_SUBJECT = "Alerts go elsewhere now"
FORMER = (
    "Staff Alert: your alerts now go to another number or address. If you did not ask for that, tell your hospital's "
    "IT service desk at once."
)
"""Tells an address that it was changed. It names nobody, because the address may never have been the person's."""
SOMEBODY = "a colleague"
SPOKEN_NOTICE = "This is a message from Staff Alert. {notice}"
OLD = timedelta(hours=12)
"""From this age on the time of an alert is given with its day."""
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
    return SMS_AND_EMAIL.format(description=_DIRECTION.sub("", description), patient_id=patient_id)


class Ways(NamedTuple):
    """How a person can answer a message: these digits, this link. Each is empty if it cannot be used."""

    code: str = ""
    link: str = ""
    by_reply: bool = False
    """Whether they can reply to an SMS."""
    link_wants_code: bool = False


def sms(*, description: str, patient_id: str, ending: str = "") -> Sms:
    """The body of an SMS, with the description cut where SMS_MAX_PARTS says so.

    The patient reference is never cut, nor the ending, by which people answer.
    """

    def write(shown: str) -> str:
        return _lines(text(description=shown, patient_id=patient_id), ending)

    whole = write(description)
    most = settings.SMS_MAX_PARTS
    sent = sms_parts.fit(write, description, most=most) if most else whole
    return Sms(sent, sms_parts.count(sent), is_cut=sent != whole)


def sms_without_patient_data(*, priority: str, department: str, ending: str) -> Sms:
    """The body of an SMS that others may read."""
    an_alert = "an urgent alert" if priority == Priority.HIGH else "an alert"
    source = f" from {department}" if department else ""
    return whole_sms(_lines(ANNOUNCED.format(an_alert=an_alert, source=source), ending))


def whole_sms(body: str) -> Sms:
    """An SMS that is too short to be cut."""
    return Sms(body, sms_parts.count(body), is_cut=False)


def sms_ending(ways: Ways) -> str:
    """How an SMS says that an answer is wanted, and how to give it."""
    reply = REPLY.format(code=ways.code).replace("  ", " ") if ways.by_reply else ""
    if reply and ways.link:
        return REPLY_OR_OPEN.format(reply=reply, link=ways.link)
    return reply or _open(ways)


def sms_ending_to_read(ways: Ways, *, wants_answer: bool) -> str:
    """The end of an SMS without patient data: the person reads first and answers then, so the link comes before a
    reply.
    """
    if not wants_answer:
        return OPEN_TO_READ.format(link=ways.link) if ways.link else ""
    return _open(ways) or sms_ending(ways)


def email(*, description: str, patient_id: str, ways: Ways) -> str:
    """The body of an e-mail that wants an answer."""
    body = text(description=description, patient_id=patient_id)
    if not ways.link:
        return body
    code = EMAIL_CODE.format(code=ways.code) if ways.link_wants_code else ""
    return _lines(f"{body}\n", EMAIL_OPEN.format(link=ways.link), code)


def _open(ways: Ways) -> str:
    if not ways.link:
        return ""
    return (OPEN_WITH_CODE if ways.link_wants_code else OPEN).format(code=ways.code, link=ways.link)


def _lines(*parts: str) -> str:
    return "\n".join(filter(None, parts))


def notice(kind: Notice, *, alert_at: datetime, holder: str = "") -> str:
    """A short message that asks for nothing. It names the alert by its time alone, so it has no patient data."""
    local = timezone.localtime(alert_at)
    is_old = timezone.now() - alert_at > OLD
    at = date_format(local, "j F, H:i" if is_old else "H:i")
    return NOTICES[kind].format(at=at, holder=holder or SOMEBODY)


def spoken_notice(text: str) -> str:
    """The text of a notice in a call."""
    return SPOKEN_NOTICE.format(notice=_MARKUP.sub(_in_words, text))


def spoken(*, description: str) -> str:
    """What a call says before the patient reference. Signs of markup are said in words."""
    return SPOKEN.format(description=_MARKUP.sub(_in_words, _DIRECTION.sub("", description)).strip())


def _in_words(signs: re.Match[str]) -> str:
    return f" {' '.join(SIGNS[sign] for sign in signs[0] if sign in SIGNS)} "


def spoken_digits(*, patient_id: str) -> str:
    """The patient reference, which the contact flow reads digit by digit, without signs of markup.

    Where it is not digits alone, each sign stands by itself: read as words, `ED17` is the name Ed.
    """
    plain = _MARKUP.sub(" ", patient_id).strip()
    return plain if plain.isdecimal() else " ".join("".join(plain.split()))


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
