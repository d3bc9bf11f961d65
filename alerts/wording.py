"""What an alert says on each channel: every template is here."""

import unicodedata

SMS_AND_EMAIL = "{description} {patient_id}"
SPOKEN = "This is a message from Staff Alert. {description}"
TEST = "This is a test by {by}, to see that alerts arrive here. There is nothing to do."
TEST_PATIENT = "TEST"
"""Where an alert has its patient reference, which a call spells out."""
DEFAULT_SUBJECT = "Alert"
SUBJECT_LENGTH = 99
"""SNS: fewer than 100 characters, printable ASCII, no line break."""


def text(*, description: str, patient_id: str) -> str:
    """The body of an SMS or e-mail."""
    return SMS_AND_EMAIL.format(description=description, patient_id=patient_id)


def spoken(*, description: str) -> str:
    """What a call says before the patient reference, which the contact flow reads as digits."""
    return SPOKEN.format(description=description)


def test(*, by: str) -> str:
    """What a test says, with who sent it."""
    return TEST.format(by=by)


def subject(alert_type: str) -> str:
    """An e-mail's subject: `blood_test_alert` becomes "Blood test alert"; what SNS does not allow is left out."""
    plain = unicodedata.normalize("NFKD", alert_type).encode("ascii", "ignore").decode()
    printable = "".join(character if character.isprintable() else " " for character in plain)
    words = " ".join(printable.replace("_", " ").split())
    return (words[:1].upper() + words[1:])[:SUBJECT_LENGTH].rstrip() or DEFAULT_SUBJECT
