"""The texts of a delivery on each channel: the alert, and how to answer it if an answer is wanted; or a notice."""

from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import Error

from alerts import wording
from alerts.models import Delivery, Engagement
from alerts.responses import codes, links
from alerts.states import EngagementState, Notice
from alerts.wording import Sms, Ways
from config import database
from contacts.choices import Channel, Priority
from contacts.models import Clinician

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Texts:
    """The texts of one message."""

    subject: str
    email: str
    sms: Sms
    spoken: str
    spoken_digits: str


def write(delivery: Delivery) -> Texts:
    """The texts of a delivery that is about to be sent, with a code and a link if an answer is wanted.

    The code and the link take two statements. A message that wants no answer makes no query.
    """
    if delivery.notice:
        return _notice(delivery)
    alert, prepared = delivery.alert, _prepare(delivery)
    return Texts(
        subject=wording.subject(alert.type),
        email=wording.email(description=alert.description, patient_id=alert.patient_id, ways=prepared.ways),
        sms=_sms(delivery, prepared),
        spoken=wording.spoken(description=alert.description),
        spoken_digits=wording.spoken_digits(patient_id=alert.patient_id),
    )


def sms_as_sent(delivery: Delivery) -> Sms:
    """The SMS of a delivery, as it is or was sent, but without the digits, the link and names. For its length."""
    if delivery.notice:
        text = wording.notice(Notice(delivery.notice), alert_at=delivery.alert.created_at)
        return wording.whole_sms(text)
    needs = _Needs.of(delivery)
    code = "0" * 4 if needs.code else ""
    return _sms(delivery, _Prepared(needs.ways(code, links.EXAMPLE if needs.link else "")))


@dataclass(frozen=True)
class _Needs:
    """The code and the link of a delivery, which must be made before it is sent."""

    by_reply: bool
    link: bool
    link_wants_code: bool

    @classmethod
    def of(cls, delivery: Delivery) -> "_Needs":
        is_sms, answer = delivery.channel == Channel.SMS, delivery.wants_answer
        has_link = delivery.channel != Channel.CALL and (answer or _hides_patient_data(delivery))
        link = bool(settings.PUBLIC_URL) and has_link
        return cls(
            by_reply=answer and is_sms and _is_two_way(),
            link=link,
            link_wants_code=answer and link and delivery.priority == Priority.HIGH,
        )

    @property
    def code(self) -> bool:
        return self.by_reply or self.link_wants_code

    def ways(self, code: str, token: str) -> Ways:
        """The ways to answer. A link that wants a code is left out if the message has no code."""
        wants_code = self.link_wants_code
        link = links.url(token) if token and (code or not wants_code) else ""
        return Ways(code, link, by_reply=self.by_reply, link_wants_code=wants_code)


@dataclass(frozen=True)
class _Prepared:
    """Data from the database for a delivery that is about to be sent."""

    ways: Ways
    department: str = ""
    """The department of the person whom the alert is for. Only an SMS without patient data needs it."""


def _prepare(delivery: Delivery) -> _Prepared:
    """Make the code and the link. If the database has just gone away, the alert is sent without them, because it must
    be sent.
    """
    needs = _Needs.of(delivery)
    engagement = delivery.engagement_id
    try:
        code = codes.make(engagement, delivery.address) if engagement and needs.code else ""
        token = links.make(delivery.pk) if needs.link else ""
        department = _department(delivery) if _hides_patient_data(delivery) else ""
    except Error as error:
        log.warning("answer.not_prepared", error=type(error).__name__)
        if isinstance(error, database.AWAY):
            database.forget_session()
        return _Prepared(needs.ways("", ""))
    return _Prepared(needs.ways(code, token), department)


def _sms(delivery: Delivery, prepared: _Prepared) -> Sms:
    alert, ways = delivery.alert, prepared.ways
    if _hides_patient_data(delivery):
        ending = wording.sms_ending_to_read(ways, wants_answer=delivery.wants_answer)
        return wording.sms_without_patient_data(
            priority=alert.priority, department=prepared.department, ending=ending
        )
    ending = wording.sms_ending(ways) if delivery.wants_answer else ""
    return wording.sms(description=alert.description, patient_id=alert.patient_id, ending=ending)


def _hides_patient_data(delivery: Delivery) -> bool:
    """Whether the SMS leaves patient data out. A channel test has none."""
    is_sms = delivery.channel == Channel.SMS
    return settings.SMS_WITHOUT_PATIENT_DATA and is_sms and not delivery.alert.is_test


def _is_two_way() -> bool:
    return bool(settings.SMS_REPLY_QUEUE_URL and settings.SMS_ORIGINATION_NUMBER)


def _department(delivery: Delivery) -> str:
    found = Clinician.objects.filter(pk=delivery.alert.clinician_id).values_list("department", flat=True)
    return found.first() or ""


def _notice(delivery: Delivery) -> Texts:
    kind = Notice(delivery.notice)
    holder = _holder(delivery.alert_id) if kind is Notice.TAKEN else ""
    text = wording.notice(kind, alert_at=delivery.alert.created_at, holder=holder)
    return Texts(
        subject=wording.NOTICE_SUBJECTS[kind],
        email=text,
        sms=wording.whole_sms(text),
        spoken=wording.spoken_notice(text),
        spoken_digits="",
    )


def _holder(alert_id: int) -> str:
    """The name of the person who has the alert; empty if nobody has it any more."""
    accepted = Engagement.objects.filter(alert=alert_id, state=EngagementState.ACCEPTED)
    return accepted.values_list("clinician__name", flat=True).first() or ""
