"""Events of calls, which Amazon Connect sends through EventBridge and a queue: a hint to ask about a call now.

They come on best effort, late, twice or not at all, so nothing is believed but which call to ask about: what became of
it is what Connect answers. Without them each call is asked about every few seconds, as far as the quota goes.
"""

import json
from collections.abc import Callable
from typing import Any

from alerts.channels.queues import Received
from alerts.sending import outcomes

TELLING = frozenset({"CONTACT_DATA_UPDATED", "DISCONNECTED"})
"""A key was pressed (the flow stores it as an attribute), or the call has ended. A question about any other event would
use the quota up for what the next question says as well.
https://docs.aws.amazon.com/connect/latest/adminguide/contact-events.html
"""
LONGEST_ID = 256
"""Of a contact, as Connect's API has it."""


def take(received: Received, _stopping: Callable[[], bool]) -> bool:
    """Take a message of the queue. It is deleted there whatever it is: the call is asked about anyway."""
    contact_id = _contact(received.body)
    if contact_id:
        outcomes.ask_soon(contact_id)
    return True


def _contact(body: str) -> str:
    """The call to ask about; empty for events that tell nothing, and for what is none."""
    try:
        detail: Any = json.loads(body)["detail"]
        event, contact_id = detail["eventType"], detail["contactId"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    is_id = isinstance(contact_id, str) and len(contact_id) <= LONGEST_ID and contact_id.isprintable()
    return contact_id if event in TELLING and is_id else ""
