"""Tells an address that alerts go elsewhere now: the person who changed it may not have been allowed to.

A relay tells telephone numbers beside its work, slowly and one at a time: an import may change thousands. An e-mail
address is told just before its topic is deleted. These messages are not alerts, and are not in the ledger. One that
keeps failing is given up.
"""

import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Now

from alerts import wording
from alerts.channels import ADAPTERS, ChannelError, Fault, Message
from alerts.channels.base import recipient
from config import database
from contacts.choices import Channel
from contacts.models import EmailSubscription, FormerAddress
from contacts.phone import NumberDoubt, sms_doubt

EVERY = 5.0
"""Seconds between two runs."""
PACE = {Channel.SMS: 1.0, Channel.CALL: 10.0}
"""Seconds after a message: these messages have no budget, and AWS lets an account start few calls."""
GIVEN_UP_AFTER = timedelta(hours=24)
AGAIN_AFTER = timedelta(minutes=5)
SECONDS = 30.0
"""Seconds for one message."""

log = structlog.get_logger(__name__)


def run(stopping: Callable[[], bool] = lambda: False) -> None:
    """Tell the numbers that are due. Do nothing if another relay does it."""
    try:
        with database.advisory_lock(database.Lock.FORMER_ADDRESSES) as is_mine:
            if is_mine:
                _run(stopping)
    except database.AWAY:
        database.forget_session()  # the relay logs that


def _run(stopping: Callable[[], bool]) -> None:
    if not settings.TELL_FORMER_ADDRESSES:
        FormerAddress.objects.all().delete()
        return
    FormerAddress.objects.filter(since__lt=Now() - Value(GIVEN_UP_AFTER)).delete()
    while not stopping() and (row := _take()) is not None:
        channel = _channel_to(row)
        if _tell(row, channel):
            row.delete()
        time.sleep(PACE[channel])


def tell_by_email(subscription: EmailSubscription) -> None:
    """Tell an e-mail address whose topic is about to be deleted. Raises ChannelError if another try is worthwhile."""
    rows = FormerAddress.objects.filter(
        clinician=subscription.clinician_id, channel=Channel.EMAIL, address=subscription.address
    )
    row = rows.first() if subscription.subscription_arn and settings.TELL_FORMER_ADDRESSES else None
    if row is not None:
        try:
            _send(row, Channel.EMAIL, subscription.subscription_arn)
        except ChannelError as error:
            if error.fault in {Fault.UNSENT, Fault.THROTTLED}:
                raise
            error.report(log, "former_address.not_told", channel=Channel.EMAIL.value)
        else:
            log.info("former_address.told", channel=Channel.EMAIL.value)
    rows.delete()


def _take() -> FormerAddress | None:
    """The next number. Nobody else takes it before `AGAIN_AFTER`."""
    with transaction.atomic():
        due = FormerAddress.objects.exclude(channel=Channel.EMAIL).filter(next_try_at__lte=Now())
        found = due.order_by("next_try_at", "pk").select_for_update(skip_locked=True).first()
        if found is not None:
            FormerAddress.objects.filter(pk=found.pk).update(next_try_at=Now() + Value(AGAIN_AFTER))
    return found


def _channel_to(row: FormerAddress) -> Channel:
    """Tell a number: by SMS if it can get one, because then nobody has to pick up."""
    return Channel.CALL if sms_doubt(row.address) is NumberDoubt.LANDLINE else Channel.SMS


def _tell(row: FormerAddress, channel: Channel) -> bool:
    """Tell one number. Returns whether nothing is left to do for it."""
    try:
        _send(row, channel, "")
    except ChannelError as error:
        error.report(log, "former_address.not_told", channel=channel.value)
        return error.fault in {Fault.REJECTED, Fault.UNKNOWN}
    log.info("former_address.told", channel=channel.value)
    return True


def _send(row: FormerAddress, channel: Channel, subscription: str) -> None:
    ADAPTERS[channel].send(
        Message(
            delivery_id=f"former-{row.pk}-{row.since.timestamp():.0f}",
            recipient=recipient(row.clinician_id),
            address=row.address,
            subject=wording.FORMER_SUBJECT,
            text=wording.FORMER,
            sms=wording.FORMER,
            obstacle=None,
            subscription=subscription,
            spoken=wording.FORMER,
            spoken_digits="",
            wants_answer=False,
            deadline=time.monotonic() + SECONDS,
        )
    )
