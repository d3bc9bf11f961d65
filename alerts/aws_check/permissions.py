"""Whether Bleep has its permissions: IAM says what the result of each request would be, and carries none out."""

import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

from alerts.aws_check.asking import REFUSED_TO_TELL, Check, Result, client, ok, unknown, warning, wrong
from alerts.channels import ChannelError, aws
from alerts.channels.base import Fault

LIST = settings.BASE_DIR / "deploy" / "aws" / "permissions.toml"
SUBJECT = "Permissions"
ALLOWED = "allowed"
VIA, VIA_TO_KMS = "aws:CalledViaLast", "kms:ViaService"
"""Keys about the service that passes a request on. Only requests that a service passes on have them."""
ADVICE = "Attach the policy of make aws-deploy, or allow what docs/aws.md has as {}."


Places = dict[str, str]
"""The values for the names in the patterns; empty where Bleep is not set up to use one."""


class Permission(NamedTuple):
    """One statement of the file, which explains the fields."""

    sid: str
    why: str
    actions: list[str]
    resources: list[str]
    without: str = ""
    all_but: bool = False
    via: str = ""
    used_with: str = ""

    def requests(self, places: Places) -> list["Request"]:
        """The questions: each action on one resource for each pattern. A telephone number has no ARN, so any does."""
        patterns = ["*"] if self.all_but else self.resources
        resources = [
            pattern if pattern == "*" else pattern.format(**places).replace("*", "0") for pattern in patterns
        ]
        via = self.via.format(**places)
        return [Request(action, resource, via) for action in self.actions for resource in resources]

    def is_used(self, places: Places) -> bool:
        """Whether Bleep uses these permissions with its present settings."""
        patterns = "".join([*self.resources, self.used_with])
        return all(value or f"{{{name}}}" not in patterns for name, value in places.items())


class Request(NamedTuple):
    """A question for IAM."""

    action: str
    resource: str
    via: str


class Answer(NamedTuple):
    """An answer of IAM."""

    decision: str
    """`allowed`, `explicitDeny` or `implicitDeny`."""
    stopped_by: str
    """A policy above those of the role, if that denies the request."""
    missing: frozenset[str]
    """Keys that a policy reads and a simulation does not know, such as the address that a request comes from."""


def listed() -> list[Permission]:
    """All permissions that Bleep uses."""
    return [Permission(**each) for each in tomllib.loads(LIST.read_text(encoding="utf-8"))["permission"]]


def needed(places: Places) -> list[Permission]:
    """The permissions that sending takes. Those that only `aws_check` uses are not here: it asks, and reports what it
    may not ask.
    """
    return [each for each in listed() if each.without and each.is_used(places)]


def _permissions() -> Iterator[Result]:
    sts = client("sts")
    _, partition, _, _, account, name = sts.get_caller_identity()["Arn"].split(":", 5)
    if name == "root":
        yield warning(
            SUBJECT,
            "These are the keys of the account's root user, who may do everything.",
            "Give Bleep a role of its own, with the policy of docs/aws.md.",
        )
        return
    places = _places(partition, sts.meta.region_name, account)
    try:
        with aws.translated():
            arn = _principal(partition, account, name)
            results = list(_results(arn, places))
    except ChannelError as error:
        if error.fault is not Fault.REJECTED or error.code.startswith(REFUSED_TO_TELL):
            raise
        # Bleep may still be allowed to send where IAM cannot simulate its role.
        yield unknown(
            SUBJECT,
            f"AWS does not simulate them for {name} ({error.code}).",
            "Look them up in AWS's console.",
        )
    else:
        yield from results


def _places(partition: str, region: str, account: str) -> Places:
    instance = settings.CONNECT_INSTANCE_ID
    return {
        "partition": partition,
        "region": region,
        "account": account,
        "instance": instance and f"arn:{partition}:connect:{region}:{account}:instance/{instance}",
        "prefix": settings.EMAIL_TOPIC_PREFIX,
        "key": _key(f"arn:{partition}:kms:{region}:{account}:key/"),
        "replies": _queue(settings.SMS_REPLY_QUEUE_URL, partition, region),
        "calls": _queue(settings.CONNECT_EVENT_QUEUE_URL, partition, region),
    }


def _queue(url: str, partition: str, region: str) -> str:
    """The ARN of a queue, whose URL ends in account and name; empty where there is none."""
    account, _, name = urlsplit(url).path.strip("/").rpartition("/")
    return name and f"arn:{partition}:sqs:{region}:{account}:{name}"


def _key(arns_begin: str) -> str:
    """The ARN of the key of e-mail topics; empty where there is none, or AWS does not say which one an alias means."""
    key = settings.EMAIL_TOPIC_KMS_KEY
    if "alias/" in key:
        try:
            with aws.translated():
                return str(client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"])
        except ChannelError:
            return ""  # the check of the key reports that
    return key if not key or key.startswith("arn:") else f"{arns_begin}{key}"


def _principal(partition: str, account: str, name: str) -> str:
    """The user, or the role behind a session. The name of a session leaves out the path of its role."""
    kind, _, rest = name.partition("/")
    if kind == "assumed-role":
        found: str = client("iam").get_role(RoleName=rest.partition("/")[0])["Role"]["Arn"]
        return found
    return f"arn:{partition}:iam::{account}:{name}"


def _results(arn: str, places: Places) -> Iterator[Result]:
    permissions = needed(places)
    answers = _ask(arn, {request for each in permissions for request in each.requests(places)})
    judged = [
        _judge(each, {request: answers[request] for request in each.requests(places)}) for each in permissions
    ]
    found = [result for result in judged if result]
    yield from found
    if not found:
        actions = {action for each in permissions for action in each.actions}
        yield ok(SUBJECT, f"By AWS's simulation {arn} may do all {len(actions)} things that sending takes.")


def _ask(arn: str, requests: set[Request]) -> dict[Request, Answer]:
    """Ask about one resource at a time: for several, IAM gives the worst answer, and in earlier years gave another."""
    answers: dict[Request, Answer] = {}
    for resource, via in sorted({(each.resource, each.via) for each in requests}):
        actions = sorted(each.action for each in requests if (each.resource, each.via) == (resource, via))
        name = VIA_TO_KMS if actions[0].startswith("kms:") else VIA
        context = {"ContextKeyName": name, "ContextKeyValues": [via], "ContextKeyType": "string"}
        pages = (
            client("iam")
            .get_paginator("simulate_principal_policy")
            .paginate(
                PolicySourceArn=arn,
                ActionNames=actions,
                ResourceArns=[resource],
                ContextEntries=[context] if via else [],
            )
        )
        for each in (each for page in pages for each in page["EvaluationResults"]):
            answers[Request(each["EvalActionName"], resource, via)] = _answer(each)
    return answers


def _answer(result: dict[str, Any]) -> Answer:
    stopped_by = ""
    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        stopped_by = "a policy of the organization"
    elif not result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True):
        stopped_by = "the permissions boundary"
    elif result["EvalDecision"] == "explicitDeny":
        stopped_by = "a statement that denies it"
    return Answer(
        result["EvalDecision"],
        stopped_by,
        frozenset(result.get("MissingContextValues", ())) - {VIA, VIA_TO_KMS},
    )


def _judge(permission: Permission, answers: dict[Request, Answer]) -> Result | None:
    """None if all of it is allowed."""
    denied = {request: answer for request, answer in answers.items() if answer.decision != ALLOWED}
    if not denied:
        return None
    what = " and ".join(dict.fromkeys(request.action for request in denied))
    missing = sorted({key for answer in denied.values() for key in answer.missing})
    if missing:
        return unknown(
            SUBJECT,
            f"AWS may deny {what}: a policy looks at {' and '.join(missing)}, which a simulation does not have.",
            "Send a test message to see.",
        )
    stopped_by = sorted({answer.stopped_by for answer in denied.values() if answer.stopped_by})
    advice = (
        f"It is {' and '.join(stopped_by)} that stops it." if stopped_by else ADVICE.format(permission.sid)
    )
    if _is_allowed_somewhere(answers):
        where = " and ".join(dict.fromkeys(request.resource for request in denied))
        return warning(
            SUBJECT, f"AWS may deny {what}: it does on {where}. Then: {permission.without}", advice
        )
    said = f"{permission.without} AWS denies {what}."
    return warning(SUBJECT, said, advice) if permission.via else wrong(SUBJECT, said, advice)


def _is_allowed_somewhere(answers: dict[Request, Answer]) -> bool:
    """Whether each action is allowed on one of its resources. AWS's reference leaves open which one counts."""
    allowed = {request.action for request, answer in answers.items() if answer.decision == ALLOWED}
    return all(request.action in allowed for request in answers)


CHECKS = (Check(SUBJECT, "iam:SimulatePrincipalPolicy and iam:GetRole", _permissions),)
