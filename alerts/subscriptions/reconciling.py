"""Makes wanted subscriptions, asks AWS how the others stand, and deletes those that nobody wants any more.

Relays do this beside their work, in a thread of its own: one relay at a time, slowly, and without any effect on alerts.
Interrupted work is done again: every request to AWS here may be repeated.
"""

import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from django.conf import settings

from alerts.channels import ChannelError, Fault, sns_subscription
from alerts.channels.base import recipient
from alerts.cooldown import Cooldown
from alerts.states import Reason
from alerts.subscriptions import former
from config import database
from contacts.choices import Answer, Subscription
from contacts.models import EmailSubscription
from contacts.subscriptions import notes, queue

EVERY = 3.0
"""Seconds between two runs: a new address gets its confirmation e-mail about this soon."""
RUN_SECONDS = 20.0
"""The longest run, so that new addresses are found while many others are looked at."""
REQUESTS_A_SECOND = 5.0
REQUESTS = {Subscription.WANTED: 5, Subscription.UNWANTED: 2}
"""Requests to AWS for making or deleting one subscription. Looking at one takes a single request."""
AWAY_SECONDS = 5.0
LONGEST_AWAY_SECONDS = 300.0
NO_KEY = "none"
LATER = timedelta(minutes=1)
NOT_THE_ADDRESS = timedelta(hours=1)
"""How long to leave a subscription alone after AWS refused it for a reason that is not about its address."""

log = structlog.get_logger(__name__)


class Reconciler:
    """Works on subscriptions for one relay. While AWS is away it asks less and less often, and logs that once."""

    def __init__(self) -> None:
        self._pause = Cooldown(AWAY_SECONDS)
        self._is_away = False

    def run(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Do what is due, for `RUN_SECONDS` at most. Do nothing if another relay does it, or AWS has just been away."""
        if self._pause.is_on:
            return
        try:
            with database.advisory_lock(database.Lock.SUBSCRIPTIONS) as is_mine:
                if is_mine:
                    self._run(stopping)
        except database.AWAY:
            database.forget_session()  # the relay logs that

    def _run(self, stopping: Callable[[], bool]) -> None:
        until = time.monotonic() + RUN_SECONDS
        while not stopping() and time.monotonic() < until:
            row = queue.take()
            if row is None:
                return
            try:
                _tend(row)
            except ChannelError as error:
                if not self._goes_on(row, error):
                    return
            else:
                self._is_back()
            time.sleep(REQUESTS.get(Subscription(row.state), 1) / REQUESTS_A_SECOND)

    def _goes_on(self, row: EmailSubscription, error: ChannelError) -> bool:
        """Whether AWS's error is about this subscription alone."""
        if error.fault is Fault.REJECTED and error.reason is not Reason.MISCONFIGURED:
            _refused(row, error)
            self._is_back()
            return True
        notes.later(row, LATER)
        if not self._is_away:
            error.report(log, "subscriptions.aws_away")
        self._pause.seconds = (
            min(LONGEST_AWAY_SECONDS, self._pause.seconds * 2) if self._is_away else AWAY_SECONDS
        )
        self._is_away = True
        self._pause.begin()
        return False

    def _is_back(self) -> None:
        if self._is_away:
            log.info("subscriptions.aws_back")
        self._is_away = False


def _tend(row: EmailSubscription) -> None:
    match Subscription(row.state):
        case Subscription.UNWANTED:
            _take_away(row)
        case Subscription.WANTED:
            _make(row)
        case _:
            look(row)


def _make(row: EmailSubscription) -> None:
    name = recipient(row.clinician_id)
    topic = row.topic_arn or sns_subscription.make_topic(name, row.address)
    _set_up(row, topic)
    subscription = sns_subscription.subscribe(topic, row.address)
    notes.made(row, topic_arn=topic, subscription_arn=subscription)
    log.info("subscription.made", subscription=row.pk)
    row.topic_arn, row.subscription_arn = topic, subscription
    look(row)


def _set_up(row: EmailSubscription, topic: str) -> None:
    """Set up the topic with the present key: a topic that was made without one, or before topics had tags, is set up
    again.
    """
    key = settings.EMAIL_TOPIC_KMS_KEY or NO_KEY
    if row.set_up_with != key:
        sns_subscription.set_up(topic, recipient(row.clinician_id))
        notes.set_up(row, key)
        row.set_up_with = key


def look(row: EmailSubscription) -> None:
    """Ask AWS how the subscription stands, and store the answer."""
    seen = sns_subscription.look(row.subscription_arn)
    notes.answered(
        row.clinician_id,
        row.subscription_arn,
        seen.answer,
        only_account_unsubscribes=seen.only_account_unsubscribes,
    )
    if seen.answer is Answer.MISSING:
        log.warning("subscription.gone", subscription=row.pk, was=row.state)
    else:
        _set_up(row, row.topic_arn)


def _take_away(row: EmailSubscription) -> None:
    # Without an ARN it may still exist: a process may have made it, and died before storing the ARN.
    topic = row.topic_arn or sns_subscription.make_topic(recipient(row.clinician_id), row.address)
    former.tell_by_email(row)
    sns_subscription.take_away(topic, row.subscription_arn)
    notes.taken_away(row)
    log.info("subscription.taken_away", subscription=row.pk)


def _refused(row: EmailSubscription, error: ChannelError) -> None:
    error.report(log, "subscription.refused", subscription=str(row.pk))
    if error.code == sns_subscription.NOT_FOUND:
        notes.topic_is_gone(row)
    elif error.reason is Reason.INVALID_ADDRESS:
        notes.refused(row)
    else:
        notes.later(row, NOT_THE_ADDRESS)
