"""The policy of `deploy/aws` against what Bleep calls."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from botocore import xform_name
from botocore.session import Session

from deploy.aws.permissions import PERMISSIONS
from tests.docs.documents import read

SERVICES = {
    "cloudwatch": "cloudwatch",
    "connect": "connect",
    "iam": "iam",
    "kms": "kms",
    "service-quotas": "servicequotas",
    "sns": "sns",
    "sqs": "sqs",
}
"""The services of boto3 that Bleep asks, as IAM calls them. `sts:GetCallerIdentity` needs no permission."""
PRODUCT = ("alerts", "clients", "config", "contacts", "staff")
ASKS = re.compile(r"\bclient\(")


def operations() -> dict[str, str]:
    """For each method of a client: the action of IAM that it needs."""
    session = Session()
    return {
        xform_name(name): f"{prefix}:{name}"
        for service, prefix in SERVICES.items()
        for name in session.get_service_model(service).operation_names
    }


def names(call: ast.Call) -> Iterator[str]:
    """The method of a call, or the one that it asks a paginator for."""
    if isinstance(call.func, ast.Attribute):
        yield call.func.attr
        if call.func.attr == "get_paginator":
            yield str(ast.literal_eval(call.args[0]))


def called() -> set[str]:
    """The actions of the files that ask for a client of AWS."""
    known = operations()
    found: set[str] = set()
    for path in (path for package in PRODUCT for path in Path(package).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if ASKS.search(text):
            calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
            found |= {known[name] for call in calls for name in names(call) if name in known}
    return found


def test_bleep_may_do_all_that_it_calls_and_nothing_else() -> None:
    assert "connect:StartOutboundVoiceContact" in called()
    own = [permission for permission in PERMISSIONS if not permission.via]
    assert {action for permission in own for action in permission.actions} == called()


def test_each_permission_has_a_name_and_a_reason() -> None:
    sids = [permission.sid for permission in PERMISSIONS]
    assert len(set(sids)) == len(sids)
    assert all(sid.isalpha() for sid in sids)
    assert all(permission.why.endswith(".") for permission in PERMISSIONS)


def test_the_policies_in_the_guide_allow_the_same() -> None:
    policies = [
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", read("docs/deployment.md"), re.DOTALL)
    ]
    statements = [
        each for policy in policies for each in policy.get("Statement", [policy]) if "Action" in each
    ]
    allowed = {action for each in statements for action in each["Action"]}
    assert allowed == {action for permission in PERMISSIONS for action in permission.actions}
