"""The parameters of `BleepPlatform`: what is wrong is refused, above all a Bleep that the whole internet reaches."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.aws.parameters import PARAMETERS, PlatformParameters

CERTIFICATE = "arn:aws:acm:eu-west-2:123456789012:certificate/11111111-2222-3333-4444-555555555555"
RIGHT = PlatformParameters(
    domain="bleep.hospital.example", certificate_arn=CERTIFICATE, allowed_networks=("192.0.2.0/24",)
)
IN_A_ZONE: dict[str, Any] = {"certificate_arn": "", "hosted_zone_id": "Z0123456789"}


def test_bleep_runs_elsewhere_unless_somebody_wants_it_here() -> None:
    assert PARAMETERS.platform is None
    assert replace(PARAMETERS, platform=RIGHT).platform == RIGHT
    assert not RIGHT.tracing
    assert not list(replace(RIGHT, **IN_A_ZONE, hosted_zone_name="hospital.example").wrong())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"domain": ""}, "domain must not be empty"),
        ({"domain": "https://bleep.example"}, "domain must be a host name"),
        ({"domain": "Bleep.example"}, "domain must be a host name"),
        ({"domain": "bleep.example\n"}, "domain must be a host name"),
        ({"certificate_arn": ""}, "Give platform.certificate_arn, or platform.hosted_zone_id"),
        ({"hosted_zone_id": "Z1"}, "and not both"),
        ({"certificate_arn": "11111111-2222"}, "certificate_arn must be the ARN"),
        (IN_A_ZONE, "hosted_zone_name must be the end of platform.domain"),
        ({**IN_A_ZONE, "hosted_zone_name": "spital.example"}, "hosted_zone_name must be the end"),
        ({"allowed_networks": ()}, "must name the hospital's networks"),
        ({"allowed_networks": ("0.0.0.0/0",)}, "lets in too much"),
        ({"allowed_networks": ("192.0.2.0/24", "128.0.0.0/1")}, "128.0.0.0/1 in platform.allowed_networks"),
        ({"allowed_networks": ("192.0.2.1/24",)}, "is no IPv4 network"),
        ({"allowed_networks": ("::/0",)}, "is no IPv4 network"),
        ({"answer_links": "everybody"}, "answer_links must be one of none, hospital, anywhere"),
        ({"deadman_secret": "https://switch.example/ping"}, "deadman_secret must be the name of a secret"),
        ({"deadman_secret": "bleep-switch"}, "not end in a hyphen with six characters after it"),
        ({"database_class": "db.t4g.medium"}, "without its db."),
        ({"cache_class": "t4g.small"}, "for example cache.t4g.small"),
        ({"backup_days": 0}, "backup_days must be 7 to 35"),
        ({"log_days": 31}, "log_days must be one of"),
        ({"access_log_days": -1}, "access_log_days must be 0 to 3650"),
        ({"database_gigabytes": 5}, "database_gigabytes must be 20 to 1000"),
        ({"requests_per_five_minutes": 10}, "requests_per_five_minutes must be 1000 to"),
    ],
)
def test_each_fault_has_a_sentence(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"^deploy/aws/parameters\.py: ") as refused:
        replace(PARAMETERS, platform=replace(RIGHT, **wrong))
    assert said in str(refused.value)
