"""Whether the key that encrypts the e-mail topics can be used."""

from collections.abc import Iterator

from django.conf import settings

from alerts.aws_check.asking import Check, Result, client, ok, warning, wrong

SUBJECT = "E-mail key"
ENABLED = "Enabled"
USABLE = ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")
"""The usage and the kind of key that SNS takes: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html."""


def _key() -> Iterator[Result]:
    if not settings.EMAIL_TOPIC_KMS_KEY:
        yield ok(SUBJECT, "EMAIL_TOPIC_KMS_KEY is not set: no key of yours encrypts the topics of e-mails.")
        return
    kms = client("kms")
    key = kms.describe_key(KeyId=settings.EMAIL_TOPIC_KMS_KEY)["KeyMetadata"]
    name, state = key["KeyId"], key.get("KeyState", "in no known state")
    usage, kind = key.get("KeyUsage", USABLE[0]), key.get("KeySpec", USABLE[1])
    if state != ENABLED:
        yield wrong(
            SUBJECT,
            f"{name} is {state}: no e-mail is sent.",
            "Enable it, or cancel its deletion, in AWS KMS; or set EMAIL_TOPIC_KMS_KEY to another key.",
        )
    elif (usage, kind) != USABLE:
        yield wrong(
            SUBJECT,
            f"{name} is a key for {usage} ({kind}), which SNS does not take: no e-mail is sent.",
            "Set EMAIL_TOPIC_KMS_KEY to a symmetric key for encryption.",
        )
    elif key.get("Origin") != "AWS_KMS":  # AWS rotates only what it has made
        yield warning(
            SUBJECT,
            f"{name} is enabled. Its material is not AWS's ({key.get('Origin')}), so AWS does not rotate it.",
            "Rotate it yourself, or set EMAIL_TOPIC_KMS_KEY to a key whose material AWS makes.",
        )
    elif not kms.get_key_rotation_status(KeyId=name)["KeyRotationEnabled"]:
        yield warning(
            SUBJECT,
            f"{name} is enabled, and is never rotated.",
            "Turn on its rotation (AWS KMS, Key rotation).",
        )
    else:
        yield ok(SUBJECT, f"{name} is enabled, and is rotated.")


CHECKS = (Check(SUBJECT, "kms:DescribeKey and kms:GetKeyRotationStatus", _key),)
