"""Whether AWS lets messages through to a clinician, asked while somebody looks at their page.

It is asked by the processes that take alerts, and must never keep them from it: few ask at once, the others do without,
and while there is no answer nobody asks again for a while.
"""

from threading import BoundedSemaphore

import structlog
from django.core.cache import cache

from alerts.channels import ADAPTERS, ChannelError, Fault
from alerts.sending import breaker
from alerts.states import Reason
from contacts.choices import Channel
from contacts.models import Clinician

AT_ONCE = 2
"""Of a process's threads, of which a hanging AWS may hold each for seconds."""
QUIET = 30.0
"""Seconds after a question without an answer, in which the same process asks nothing about that channel."""

log = structlog.get_logger(__name__)
_places = BoundedSemaphore(AT_ONCE)


class NotKnown(Exception):  # noqa: N818 - an answer, and no fault
    """AWS gave no answer, or was not asked."""


def obstacle(clinician: Clinician, channel: Channel) -> Reason | None:
    """What keeps messages from the clinician's saved address; None where nothing is known that does.

    Raises:
        NotKnown: there was no answer; or it is not asked now, since AWS is down or enough others are waiting for it.
    """
    check = ADAPTERS[channel].check_address
    if check is None or cache.get(_silent(channel)) or breaker.is_down(channel):
        raise NotKnown
    if not _places.acquire(blocking=False):
        raise NotKnown
    try:
        return check(f"clinician-{clinician.pk}", clinician.address(channel))
    except ChannelError as error:
        if error.fault is not Fault.REJECTED:  # a refusal is quick, and may be of this address alone
            cache.set(_silent(channel), True, QUIET)  # noqa: FBT003
        level = log.error if error.reason is Reason.MISCONFIGURED else log.warning
        level("reachability.unknown", channel=channel.value, reason=error.reason.value, code=error.code)
        raise NotKnown from None
    finally:
        _places.release()


def _silent(channel: Channel) -> str:
    return f"{__name__}.silent.{channel.value}"
