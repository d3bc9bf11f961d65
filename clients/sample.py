"""The published sample: its request as a shell command, its token, and the demo's login. Needs no Django."""

import json

TOKEN = "384324732"  # noqa: S105 - it is published, so only local mode accepts it
LOGIN = PASSWORD = "admin"  # noqa: S105 - so is this
ALERT = {
    "message_id": "123",
    "type": "blood_test_alert",
    "patient_id": "123456789",
    "contact_id": "C-1",
    "description": "Blood test results ready for patient",
    "priority": "L",
}


def command(url: str, *, token: str = TOKEN, **changes: str) -> str:
    """The request as one shell command, in three lines. `changes` replace fields of the alert."""
    fields = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in {**ALERT, **changes}.items()]
    return (
        f"curl -i {url} -H 'Content-Type: application/json' -H 'Authorization: {token}' \\\n"
        f"  -d '{{{','.join(fields[:4])},\n"
        f"       {','.join(fields[4:])}}}'"
    )


def list_command(url: str, *, token: str) -> str:
    """A shell command that lists the client's own alerts, for tokens that may only read."""
    return f"curl -i {url} -H 'Authorization: {token}'"
