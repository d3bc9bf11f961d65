"""Three deployments, each synthesised once: what is wrong by cdk-nag's rules fails there."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aws_cdk.assertions import Template

from deploy.aws.app import build
from deploy.aws.parameters import PARAMETERS, Parameters


class Deployment(NamedTuple):
    """A synthesised stack: its parameters, its template, and the file that this is in."""

    parameters: Parameters
    template: Template
    file: Path

    @property
    def json(self) -> dict[str, Any]:
        """The template as it is."""
        return dict(self.template.to_json())

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The properties of each resource of a type."""
        return [found["Properties"] for found in self.template.find_resources(kind).values()]


GIVEN = PARAMETERS
MADE = replace(
    PARAMETERS,
    connect_instance_id="",
    create_connect_instance=True,
    connect_instance_alias="bleep-hospital",
    source_phone_number="+442079460000",
    operators_email="operators@example.org",
    sms_sender_id="Bleep",
    email_topic_prefix="ward",
    voice="Emma",
)


KNOWN = replace(PARAMETERS, connect_instance_id="0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9")
ACCOUNT = "123456789012"


@pytest.fixture(
    scope="session",
    params=[(GIVEN, None), (MADE, None), (KNOWN, ACCOUNT)],
    ids=["instance-given", "instance-made", "account-known"],
)
def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Without an account, as `make aws-synth` makes it; with one, as `make aws-deploy` does."""
    parameters, account = request.param
    folder = tmp_path_factory.mktemp("cdk.out")
    build(parameters, account=account, outdir=str(folder)).synth()
    file = folder / "BleepMessaging.template.json"
    return Deployment(parameters, Template.from_json(json.loads(file.read_text())), file)
