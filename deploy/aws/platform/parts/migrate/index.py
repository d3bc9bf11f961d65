"""The function behind a deployment's migrations: starts the task, and waits for its end.

CloudFormation asks through the provider framework of the CDK: `start` once, then `ended` every few seconds.
"""

import os
from collections.abc import Mapping
from typing import Any

import boto3

NAME = "bleep-migrations"


class MigrationsFailed(Exception):
    """The task failed: the deployment stops, and the services stay as they are."""


def start(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Start the migrations of the image that is being deployed. Do nothing where the stack is deleted."""
    if event["RequestType"] == "Delete":
        return {"PhysicalResourceId": NAME}
    answer = boto3.client("ecs").run_task(
        cluster=os.environ["CLUSTER"],
        taskDefinition=event["ResourceProperties"]["TaskDefinition"],
        launchType="FARGATE",
        platformVersion="1.4.0",
        count=1,
        clientToken=event["RequestId"],  # a repeated event starts no second task
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": os.environ["SUBNETS"].split(","),
                "securityGroups": [os.environ["GROUP"]],
                "assignPublicIp": "DISABLED",
            }
        },
    )
    if not answer["tasks"]:
        reasons = ", ".join(failure.get("reason", "?") for failure in answer["failures"])
        raise MigrationsFailed(f"ECS did not start the migrations: {reasons}.")
    return {"PhysicalResourceId": NAME, "Data": {"Task": answer["tasks"][0]["taskArn"]}}


def ended(event: Mapping[str, Any], _context: object) -> dict[str, bool]:
    """Whether the migrations have succeeded by now.

    Raises:
        MigrationsFailed: they have failed.
    """
    if event["RequestType"] == "Delete":
        return {"IsComplete": True}
    answer = boto3.client("ecs").describe_tasks(cluster=os.environ["CLUSTER"], tasks=[event["Data"]["Task"]])
    if not answer["tasks"]:
        raise MigrationsFailed("ECS does not know the task of the migrations any more.")
    [task] = answer["tasks"]
    if task["lastStatus"] != "STOPPED":
        return {"IsComplete": False}
    code = task["containers"][0].get("exitCode")
    if code == 0:
        return {"IsComplete": True}
    why = f"exit code {code}" if code is not None else task.get("stoppedReason", "no reason given")
    raise MigrationsFailed(
        f"The migrations failed ({why}). The log {os.environ['LOG']}, stream migrate/, says more."
    )
