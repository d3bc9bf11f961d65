"""docs/deployment.md: the policy for AWS allows what Bleep calls, and no more; and each role is described."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from staff.roles import Role
from tests.docs.documents import ROOT, read

PAGE = "docs/deployment.md"


def test_the_policy_allows_what_the_channels_call_and_no_more() -> None:
    assert _allowed() == {
        operation for path in (ROOT / "alerts" / "channels").glob("*.py") for operation in _called(path)
    }


def test_the_policy_gives_all_resources_only_to_what_has_none() -> None:
    unbounded = [statement["Action"] for statement in _policy()["Statement"] if statement["Resource"] == "*"]

    assert unbounded == [
        [
            "sns:Publish",
            "sns:GetSubscriptionAttributes",
            "sns:Unsubscribe",
            "sns:CheckIfPhoneNumberIsOptedOut",
        ]
    ]


@pytest.mark.parametrize("page", [PAGE, "docs/staff-guide.md"])
@pytest.mark.parametrize("role", Role)
def test_each_role_has_its_row(page: str, role: Role) -> None:
    assert f"| {role.value} | " in read(page)


def _policy() -> Any:
    found = re.search(r"```json\n(.*?)```", read(PAGE), re.DOTALL)
    assert found
    return json.loads(found[1])


def _allowed() -> set[str]:
    actions: set[str] = set()
    for statement in _policy()["Statement"]:
        named = statement["Action"]
        actions |= {named} if isinstance(named, str) else set(named)
    return actions


def _called(path: Path) -> set[str]:
    """The API operations that a module calls on what `aws.client("<service>")` gave it."""
    found: set[str] = set()
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        services = {
            str(ast.literal_eval(call.args[0])) for call in calls if ast.unparse(call.func) == "aws.client"
        }
        for service in services:
            operations = boto3.client(service, region_name="eu-west-2").meta.method_to_api_mapping  # type: ignore[call-overload]
            methods = {
                call.func.attr
                for call in calls
                if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "client"
            }
            found |= {f"{service}:{operations[method]}" for method in methods}
    return found
