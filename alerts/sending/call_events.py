"""Events of calls, which Amazon Connect sends through EventBridge and a queue: hints to ask about a call now.

They come on best effort: late, twice or not at all. So an event only decides which call to ask about, and Connect's
answer decides what became of it. Without events each call is asked about every few seconds, as far as the quota allows.
"""

import json
from collections.abc import Callable
from typing import Any

from alerts.channels.queues import Received
from alerts.sending import outcomes

TELLING = frozenset({"CONTACT_DATA_UPDATED", "DISCONNECTED"})
"""Events after which there is something new: a key was pressed (the flow stores it as an attribute), or the call has
ended. To ask after any other event would waste the quota.
"""
LONGEST_ID = 256
"""The form of a contact's id in Connect's API."""


def take(received: Received, _stopping: Callable[[], bool]) -> bool:
    """Take a message from the queue. It is always deleted there, because the call is asked about anyway."""
    contact_id = _contact(received.body)
    if contact_id:
        outcomes.ask_soon(contact_id)
    return True


def _contact(body: str) -> str:
    """The call to ask about; empty for any other event, and for a message that is not an event."""
    try:
        detail: Any = json.loads(body)["detail"]
        event, contact_id = detail["eventType"], detail["contactId"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    is_id = isinstance(contact_id, str) and len(contact_id) <= LONGEST_ID and contact_id.isprintable()
    return contact_id if event in TELLING and is_id else ""
