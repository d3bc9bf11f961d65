"""Whether Bleep may do what it does, by IAM's simulation."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from alerts import aws_check
from alerts.aws_check import permissions
from alerts.aws_check.asking import Result, Verdict, client
from tests.alerts.aws_check.conftest import Stub, check, only
from tests.aws import Aws

OK, WARNING, WRONG, UNKNOWN = Verdict
ACCOUNT = "123456789012"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/bleep/i-0123"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/apps/bleep"
CALL, TOPIC = "connect:StartOutboundVoiceContact", f"arn:aws:sns:eu-west-2:{ACCOUNT}:bleep-clinician-0"


@dataclass
class Iam:
    """IAM: what it denies, by action or by action and resource, and what it was asked."""

    denied: dict[str | tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def remember(self, params: dict[str, Any], **_: Any) -> None:
        self.asked.append(params)

    def answer(self, **_: Any) -> tuple[SimpleNamespace, dict[str, Any]]:
        asked = self.asked[-1]
        [resource] = asked["ResourceArns"]
        results = []
        for action in asked["ActionNames"]:
            denial = self.denied.get(action, self.denied.get((action, resource)))
            more = (
                {"EvalDecision": "allowed"} if denial is None else {"EvalDecision": "implicitDeny", **denial}
            )
            results.append({"EvalActionName": action, **more})
        return SimpleNamespace(status_code=HTTPStatus.OK), {"EvaluationResults": results}


@pytest.fixture
def iam(stub: Stub) -> Iterator[Iam]:
    """IAM, asked by a role with a path that may do everything."""
    stub("sts", "get_caller_identity", {"Account": ACCOUNT, "Arn": SESSION})
    events, it = client("iam").meta.events, Iam()
    handlers = {
        "before-parameter-build.iam.SimulatePrincipalPolicy": it.remember,
        "before-call.iam.SimulatePrincipalPolicy": it.answer,
        "before-call.iam.GetRole": lambda **_: (
            SimpleNamespace(status_code=HTTPStatus.OK),
            {"Role": {"Arn": ROLE}},
        ),
    }
    for event, handler in handlers.items():
        events.register(event, handler)
    yield it
    for event, handler in handlers.items():
        events.unregister(event, handler)


def results() -> list[Result]:
    """All results of the check."""
    return list(check("Permissions").results())


def test_the_role_behind_the_session_is_asked_about_with_its_path(iam: Iam) -> None:
    [result] = results()

    assert {asked["PolicySourceArn"] for asked in iam.asked} == {ROLE}
    assert result.verdict is OK
    assert result.sentence.startswith(f"By AWS's simulation {ROLE} may do all ")


def test_all_that_sending_takes_is_asked_about_with_the_resources_of_bleep(
    iam: Iam, settings: Settings
) -> None:
    results()

    asked = {(action, *each["ResourceArns"]) for each in iam.asked for action in each["ActionNames"]}
    instance = f"arn:aws:connect:eu-west-2:{ACCOUNT}:instance/{settings.CONNECT_INSTANCE_ID}"
    assert asked >= {
        (CALL, f"{instance}/contact/0"),
        ("sns:Publish", TOPIC),
        ("sns:Publish", "*"),
        ("sns:CheckIfPhoneNumberIsOptedOut", "*"),
        ("sms-voice:SendTextMessage", "*"),
    }
    passed_on = [each for each in iam.asked if each["ContextEntries"]]
    assert [each["ActionNames"][0].partition(":")[0] for each in passed_on] == ["sms-voice"]


def test_every_permission_is_simulated_or_asked_for_by_a_check() -> None:
    simulated = {action for each in permissions.listed() if each.without for action in each.actions}
    by_checks = {action for each in aws_check.CHECKS for action in each.action.split(" and ")}
    by_checks.remove("sts:GetCallerIdentity")  # takes no permission

    assert simulated | by_checks == {action for each in permissions.listed() for action in each.actions}
    assert not simulated & by_checks


def test_a_denied_permission_is_wrong_and_says_what_stops_working(iam: Iam) -> None:
    iam.denied = {CALL: {}}

    [result] = results()

    assert (result.verdict, result.sentence) == (WRONG, f"No call is placed. AWS denies {CALL}.")
    assert (
        result.advice == "Attach the policy of make aws-deploy, or allow what docs/aws.md has as PlaceCalls."
    )


def test_sms_and_email_are_told_apart(iam: Iam) -> None:
    iam.denied = {("sns:Publish", TOPIC): {}}

    [result] = results()

    assert (result.verdict, result.sentence) == (WRONG, "No e-mail is sent. AWS denies sns:Publish.")


@pytest.mark.parametrize(
    ("more", "stops"),
    [
        ({"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}, "a policy of the organization"),
        (
            {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}},
            "the permissions boundary",
        ),
        ({"EvalDecision": "explicitDeny"}, "a statement that denies it"),
    ],
)
def test_it_says_what_stops_it_where_the_policy_does_not(iam: Iam, more: dict[str, Any], stops: str) -> None:
    iam.denied = {CALL: more}

    [result] = results()

    assert (result.verdict, result.advice) == (WRONG, f"It is {stops} that stops it.")


def test_a_call_that_is_allowed_on_one_of_its_resources_is_a_warning(iam: Iam, settings: Settings) -> None:
    instance = f"arn:aws:connect:eu-west-2:{ACCOUNT}:instance/{settings.CONNECT_INSTANCE_ID}"
    iam.denied = {(CALL, instance): {}}

    [result] = results()

    assert result.verdict is WARNING
    assert result.sentence == f"AWS may deny {CALL}: it does on {instance}. Then: No call is placed."


def test_a_denied_permission_that_sns_needs_in_our_name_is_a_warning(iam: Iam) -> None:
    iam.denied = {"sms-voice:SendTextMessage": {}}

    [result] = results()

    assert result.verdict is WARNING
    assert result.sentence.startswith("SNS may refuse SMS. ")


def test_a_condition_that_the_simulation_does_not_know_is_not_known(iam: Iam) -> None:
    iam.denied = {CALL: {"MissingContextValues": ["aws:SourceIp", "aws:CalledViaLast"]}}

    [result] = results()

    assert result.verdict is UNKNOWN
    assert "a policy looks at aws:SourceIp, which" in result.sentence


def test_without_an_instance_calls_are_not_asked_about(iam: Iam, settings: Settings) -> None:
    settings.CONNECT_INSTANCE_ID = ""
    iam.denied = {CALL: {}}

    [result] = results()

    assert result.verdict is OK


@pytest.mark.parametrize("written", ["id", "arn", "alias", "arn of the alias"])
def test_the_key_of_emails_is_asked_about_by_its_arn(
    iam: Iam, aws: Aws, settings: Settings, written: str
) -> None:
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]
    alias = f"alias/{key['KeyId']}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    settings.EMAIL_TOPIC_KMS_KEY = {
        "id": key["KeyId"],
        "arn": key["Arn"],
        "alias": alias,
        "arn of the alias": f"arn:aws:kms:eu-west-2:{ACCOUNT}:{alias}",
    }[written]
    iam.denied = {("kms:GenerateDataKey", key["Arn"]): {}}

    [result] = results()

    # The key's own policy may allow it, which a simulation does not look at.
    assert (result.verdict, result.sentence) == (
        WARNING,
        "No e-mail is sent. AWS denies kms:GenerateDataKey.",
    )
    [context] = [each["ContextEntries"][0] for each in iam.asked if each["ResourceArns"] == [key["Arn"]]]
    assert (context["ContextKeyName"], context["ContextKeyValues"]) == (
        "kms:ViaService",
        ["sns.eu-west-2.amazonaws.com"],
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDenied", "AWS does not tell this to Bleep."),
        ("NoSuchEntity", "AWS does not simulate them for assumed-role/bleep/i-0123 (NoSuchEntity)."),
        ("ServiceFailure", "AWS does not simulate them for assumed-role/bleep/i-0123 (ServiceFailure)."),
    ],
)
def test_a_permission_that_aws_does_not_simulate_is_unknown(stub: Stub, code: str, sentence: str) -> None:
    stub("sts", "get_caller_identity", {"Account": ACCOUNT, "Arn": SESSION})
    stub("iam", "get_role", code)

    result = only(check("Permissions"))

    assert (result.verdict, result.sentence) == (UNKNOWN, sentence)


def test_a_user_is_asked_about_as_it_is(stub: Stub) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:user/apps/bleep"
    stub("sts", "get_caller_identity", {"Account": ACCOUNT, "Arn": arn})
    asked = stub("iam", "simulate_principal_policy", "AccessDenied").client.meta.events
    seen: list[str] = []
    asked.register(
        "provide-client-params.iam.SimulatePrincipalPolicy",
        lambda params, **_: seen.append(params["PolicySourceArn"]),
    )

    assert only(check("Permissions")).verdict is UNKNOWN
    assert seen == [arn]


def test_the_root_users_keys_are_a_warning(stub: Stub) -> None:
    stub("sts", "get_caller_identity", {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"})

    result = only(check("Permissions"))

    assert result.verdict is WARNING
    assert "Give Bleep a role of its own" in result.advice
