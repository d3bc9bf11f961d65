"""The function that runs the migrations of a deployment, held against the API of ECS by botocore's own stub."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from deploy.aws.platform.parts.migrate import index

TASK = "arn:aws:ecs:eu-west-2:123456789012:task/bleep/0123456789abcdef0123456789abcdef"
DEFINITION = "arn:aws:ecs:eu-west-2:123456789012:task-definition/bleep-migrate:7"
CREATE = {
    "RequestType": "Create",
    "RequestId": "4fd1c6b0-1111-2222-3333-444455556666",
    "ResourceProperties": {"TaskDefinition": DEFINITION},
}
STARTED = {**CREATE, "Data": {"Task": TASK}}


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    settings = {"CLUSTER": "bleep", "SUBNETS": "subnet-1,subnet-2", "GROUP": "sg-1", "LOG": "/bleep/parts"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("ecs", region_name="eu-west-2", aws_access_key_id="a", aws_secret_access_key="b")
    monkeypatch.setattr(boto3, "client", {"ecs": client}.__getitem__)
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def described(**task: Any) -> dict[str, Any]:
    return {"tasks": [{"taskArn": TASK, "lastStatus": "STOPPED", **task}], "failures": []}


def test_it_starts_the_task_of_the_new_version_once(ecs: Stubber) -> None:
    network = {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}
    ecs.add_response(
        "run_task",
        {"tasks": [{"taskArn": TASK}], "failures": []},
        {
            "cluster": "bleep",
            "taskDefinition": DEFINITION,
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "count": 1,
            "clientToken": CREATE["RequestId"],
            "networkConfiguration": {"awsvpcConfiguration": network},
        },
    )
    assert index.start(CREATE, None)["Data"] == {"Task": TASK}


def test_a_task_that_cannot_start_stops_the_deployment(ecs: Stubber) -> None:
    ecs.add_response("run_task", {"tasks": [], "failures": [{"reason": "Capacity is unavailable"}]})
    with pytest.raises(index.MigrationsFailed, match="Capacity is unavailable"):
        index.start(CREATE, None)


@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "STOPPING"])
def test_a_task_that_runs_is_waited_for(ecs: Stubber, status: str) -> None:
    ecs.add_response("describe_tasks", described(lastStatus=status))
    assert index.ended(STARTED, None) == {"IsComplete": False}


def test_one_that_ended_well_lets_the_services_roll(ecs: Stubber) -> None:
    ecs.add_response("describe_tasks", described(containers=[{"exitCode": 0}]))
    assert index.ended(STARTED, None) == {"IsComplete": True}


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ({"containers": [{"exitCode": 1}]}, r"exit code 1.*/bleep/parts"),
        ({"containers": [{"exitCode": 137}]}, "exit code 137"),
        ({"containers": [{}], "stoppedReason": "CannotPullContainerError"}, "CannotPullContainerError"),
    ],
)
def test_one_that_ended_otherwise_stops_the_deployment(ecs: Stubber, task: dict[str, Any], why: str) -> None:
    ecs.add_response("describe_tasks", described(**task))
    with pytest.raises(index.MigrationsFailed, match=why):
        index.ended(STARTED, None)


def test_one_that_ecs_has_forgotten_is_not_taken_for_ended(ecs: Stubber) -> None:
    ecs.add_response("describe_tasks", {"tasks": [], "failures": [{"reason": "MISSING"}]})
    with pytest.raises(index.MigrationsFailed, match="does not know"):
        index.ended(STARTED, None)


def test_nothing_is_done_where_the_stack_goes(ecs: Stubber) -> None:
    going = {**CREATE, "RequestType": "Delete"}
    assert index.ended({**going, **index.start(going, None)}, None) == {"IsComplete": True}
