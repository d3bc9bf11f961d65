"""cdk-nag's rules are errors, and each finding that stays has a reason."""

from pathlib import Path

import pytest
from aws_cdk import Stack, aws_sqs as sqs

from deploy.aws.acknowledged import CUSTOM_RESOURCE, POLICY, SMS_SETTINGS
from deploy.aws.app import build
from deploy.aws.platform.acknowledged import ACCESS_LOGS, NO_ACCESS_LOGS, REASONS
from deploy.aws.tests.conftest import ACCOUNT, GIVEN


def test_a_stack_that_breaks_a_rule_is_not_synthesised(tmp_path: Path) -> None:
    app = build(GIVEN, account=None, outdir=str(tmp_path))
    sqs.Queue(Stack(app, "Another"), "InTheClear")
    with pytest.raises(RuntimeError, match="SQS queue is not used as a dead-letter queue"):
        app.synth()


def test_nothing_is_deployed_for_an_instance_that_is_nobodys(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="set connect_instance_id to that of your instance"):
        build(GIVEN, account=ACCOUNT, outdir=str(tmp_path))


def test_each_reason_is_a_sentence() -> None:
    of_platform = (*REASONS.values(), ACCESS_LOGS, NO_ACCESS_LOGS)
    for reasons in (POLICY, SMS_SETTINGS, CUSTOM_RESOURCE, *of_platform):
        assert all(reason.endswith(".") and len(reason.split()) > 4 for reason in reasons.values())
