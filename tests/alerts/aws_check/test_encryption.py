"""The key that encrypts the topics of e-mails, in each of its states."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from alerts.aws_check.asking import Result, Verdict, client
from tests.alerts.aws_check.conftest import Stub, check, only
from tests.aws import Aws

OK, WARNING, WRONG, UNKNOWN = Verdict


def result() -> Result:
    """The result of the check."""
    return only(check("E-mail key"))


@pytest.fixture
def key(aws: Aws, settings: Settings) -> Callable[..., str]:
    """Make a key in the stand-in for AWS, and set Bleep to it. Returns its id."""

    def make(**properties: str) -> str:
        made = str(client("kms").create_key(**properties)["KeyMetadata"]["KeyId"])
        settings.EMAIL_TOPIC_KMS_KEY = made
        return made

    return make


def test_without_a_key_it_says_so() -> None:
    assert result().verdict is OK
    assert "no key of yours encrypts" in result().sentence


def test_a_key_that_is_enabled_and_rotated_is_well(key: Callable[..., str]) -> None:
    client("kms").enable_key_rotation(KeyId=key())

    assert result().verdict is OK


def test_a_key_that_is_never_rotated_is_a_warning(key: Callable[..., str]) -> None:
    key()

    found = result()

    assert (found.verdict, found.advice) == (WARNING, "Turn on its rotation (AWS KMS, Key rotation).")


def test_a_key_whose_material_is_not_of_aws_is_a_warning(stub: Stub, settings: Settings) -> None:
    settings.EMAIL_TOPIC_KMS_KEY = "alias/ours"
    key = {"KeyId": "k", "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT"}
    stub("kms", "describe_key", {"KeyMetadata": {**key, "KeyState": "Enabled", "Origin": "EXTERNAL"}})

    found = result()

    assert found.verdict is WARNING
    assert "so AWS does not rotate it" in found.sentence


@pytest.mark.parametrize(
    ("call", "state"), [("disable_key", "Disabled"), ("schedule_key_deletion", "PendingDeletion")]
)
def test_a_key_that_cannot_be_used_is_wrong(key: Callable[..., str], call: str, state: str) -> None:
    made = key()
    getattr(client("kms"), call)(KeyId=made)

    assert (result().verdict, result().sentence) == (WRONG, f"{made} is {state}: no e-mail is sent.")


@pytest.mark.parametrize(
    "kind",
    [
        {"KeyUsage": "GENERATE_VERIFY_MAC", "KeySpec": "HMAC_256"},
        {"KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "RSA_2048"},
    ],
)
def test_a_key_that_sns_does_not_take_is_wrong(key: Callable[..., str], kind: dict[str, Any]) -> None:
    key(**kind)

    assert result().verdict is WRONG
    assert "which SNS does not take" in result().sentence


def test_a_key_that_is_not_there_is_wrong(aws: Aws, settings: Settings) -> None:
    settings.EMAIL_TOPIC_KMS_KEY = "alias/nobodys"

    assert (result().verdict, result().sentence) == (WRONG, "AWS refuses the question (NotFoundException).")


def test_a_key_that_bleep_may_not_look_at_is_not_known(stub: Stub, settings: Settings) -> None:
    settings.EMAIL_TOPIC_KMS_KEY = "alias/ours"
    stub("kms", "describe_key", "AccessDeniedException")

    found = result()

    assert found.verdict is UNKNOWN
    assert "Allow kms:DescribeKey" in found.advice
