"""Three deployments, each synthesised once: what is wrong by cdk-nag's rules fails there."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aws_cdk.assertions import Template

from deploy.aws.app import build
from deploy.aws.parameters import PARAMETERS, Parameters, PlatformParameters


class Deployment(NamedTuple):
    """A synthesised stack: its parameters, its template, and the file that this is in."""

    parameters: Parameters
    json: dict[str, Any]
    file: Path

    @property
    def platform(self) -> PlatformParameters:
        """Of the platform, where it is one."""
        assert self.parameters.platform
        return self.parameters.platform

    @property
    def template(self) -> Template:
        """For the CDK's own assertions. Each of them sends all of it to Node."""
        return Template.from_json(self.json)

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The resources of a type, by their names."""
        return {name: one for name, one in self.json["Resources"].items() if one["Type"] == kind}

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The properties of each resource of a type."""
        return [found["Properties"] for found in self.resources(kind).values()]


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
CERTIFICATE = f"arn:aws:acm:eu-west-2:{ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555"
PLAIN = PlatformParameters(
    domain="bleep.hospital.example", certificate_arn=CERTIFICATE, allowed_networks=("192.0.2.0/24",)
)
FULL = PlatformParameters(
    domain="bleep.hospital.example",
    hosted_zone_id="Z0123456789",
    hosted_zone_name="hospital.example",
    allowed_networks=("192.0.2.0/24", "198.51.100.0/25"),
    answer_links="anywhere",
    deadman_secret="hospital/deadman",  # noqa: S106 - its name
    access_log_days=0,
    log_days=365,
    tracing=True,
)
DEPLOYMENTS: Mapping[str, tuple[Parameters, str | None]] = {
    "instance-given": (GIVEN, None),
    "instance-made": (replace(MADE, platform=FULL), None),
    "account-known": (replace(KNOWN, platform=PLAIN), ACCOUNT),
}
"""Without an account, as `make aws-synth` makes it; with one, as `make aws-deploy` does."""


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Synthesises a deployment of `DEPLOYMENTS` the first time, and says where it is."""

    @cache
    def folder(name: str) -> Path:
        parameters, account = DEPLOYMENTS[name]
        place = tmp_path_factory.mktemp(name)
        build(parameters, account=account, outdir=str(place)).synth()
        return place

    return folder


def _read(name: str, file: Path) -> Deployment:
    return Deployment(DEPLOYMENTS[name][0], json.loads(file.read_text(encoding="utf-8")), file)


@pytest.fixture(scope="session", params=DEPLOYMENTS)
def deployment(request: pytest.FixtureRequest, folders: Callable[[str], Path]) -> Deployment:
    """The stack BleepMessaging."""
    return _read(request.param, folders(request.param) / "BleepMessaging.template.json")


@pytest.fixture(scope="session", params=["account-known", "instance-made"], ids=["plain", "full"])
def platform(request: pytest.FixtureRequest, folders: Callable[[str], Path]) -> Deployment:
    """The stack BleepPlatform, with as little as possible and with all that there is."""
    return _read(request.param, folders(request.param) / "BleepPlatform.template.json")
