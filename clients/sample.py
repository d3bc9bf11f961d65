"""The published sample's request, as a new token's page, `make run`, the handsets' page and the screenshots show it."""

import json

from clients.demo import TOKEN

ALERT = {
    "message_id": "123",
    "type": "blood_test_alert",
    "patient_id": "123456789",
    "contact_id": "C-1",
    "description": "Blood test results ready for patient",
    "priority": "L",
}


def command(url: str, *, token: str = TOKEN, message_id: str = ALERT["message_id"]) -> str:
    """The request as one command for a shell, in three lines."""
    fields = [
        f"{json.dumps(name)}:{json.dumps(value)}"
        for name, value in {**ALERT, "message_id": message_id}.items()
    ]
    return (
        f"curl -i {url} -H 'Content-Type: application/json' -H 'Authorization: {token}' \\\n"
        f"  -d '{{{','.join(fields[:4])},\n"
        f"       {','.join(fields[4:])}}}'"
    )


def question(url: str, *, token: str) -> str:
    """A command that asks for the client's own alerts: all that a token that may only read can do."""
    return f"curl -i {url} -H 'Authorization: {token}'"
