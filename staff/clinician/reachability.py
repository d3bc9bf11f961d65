"""Asks AWS whether messages reach a clinician, while their page is open.

The staff's site has eight threads, and a slow AWS must not block it. So only a few threads ask at once, and others go
without an answer. After a question without an answer, the process does not ask again for a while.
"""

from threading import BoundedSemaphore

import structlog

from alerts.channels import ADAPTERS, ChannelError, Fault
from alerts.channels.base import recipient
from alerts.cooldown import Cooldown
from alerts.deliveries import lifecycle
from alerts.sending import breaker
from alerts.states import Reason
from contacts import obstacles
from contacts.choices import Channel, ObstacleKind
from contacts.models import Clinician

AT_ONCE = 2
"""Threads of a process that may wait for AWS at the same time."""
QUIET_SECONDS = 30.0
"""How long a process does not ask about a channel again after no answer."""

SETTLED_BY_ASKING = ObstacleKind.OPTED_OUT
"""Obstacles that only a message can show to be gone."""

log = structlog.get_logger(__name__)
_slots = BoundedSemaphore(AT_ONCE)
quiet = {channel: Cooldown(QUIET_SECONDS) for channel in Channel}


class NotKnown(Exception):
    """AWS did not answer, or was not asked."""


def obstacle(clinician: Clinician, channel: Channel) -> Reason | None:
    """The obstacle between AWS and the clinician's saved address; None if none is known.

    Raises:
        NotKnown: AWS did not answer, is down, or enough threads are waiting for it.
    """
    check = ADAPTERS[channel].check_address
    if check is None or quiet[channel].is_on or breaker.is_down(channel):
        raise NotKnown
    if not _slots.acquire(blocking=False):
        raise NotKnown
    address = clinician.address(channel)
    try:
        found = check(recipient(clinician.pk), address)
    except ChannelError as error:
        if error.fault is not Fault.REJECTED:  # a rejection is quick, and may concern this address alone
            quiet[channel].begin()
        error.report(log, "reachability.unknown", channel=channel.value)
        raise NotKnown from None
    finally:
        _slots.release()
    _note(clinician, channel, address, found)
    return found


def _note(clinician: Clinician, channel: Channel, address: str, found: Reason | None) -> None:
    """Store AWS's answer, which the next alert uses too. It is written only if it is new."""
    known = clinician.known_obstacles().get(channel)
    if found is not None and found in lifecycle.OBSTACLES:
        obstacles.remember(clinician.pk, channel, address, lifecycle.OBSTACLES[found])
    elif known and known.kind == SETTLED_BY_ASKING:
        obstacles.forget(clinician.pk, channel, address)
