"""The parameters of a deployment: what is wrong is refused in one sentence for each."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.aws.parameters import PARAMETERS, VOICES, Parameters


def test_those_of_the_repository_are_right() -> None:
    assert PARAMETERS.voice in VOICES[PARAMETERS.language]
    assert Parameters(create_connect_instance=True, connect_instance_alias="bleep").connect_instance_id == ""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"connect_instance_id": ""}, "Give connect_instance_id, or set create_connect_instance"),
        ({"create_connect_instance": True}, "and not both"),
        ({"connect_instance_id": "", "create_connect_instance": True}, "needs connect_instance_alias"),
        (
            {"connect_instance_id": "arn:aws:connect:eu-west-2:123456789012:instance/1"},
            "the last part of the",
        ),
        ({"region": "London"}, "region must be a Region"),
        ({"country_code": "uk "}, "country_code must be two capital letters"),
        ({"country_code": "gb"}, "country_code must be two capital letters"),
        ({"source_phone_number": "020 7946 0000"}, "source_phone_number must be in E.164 format"),
        ({"source_phone_number": "+442079460000\n"}, "source_phone_number must be in E.164 format"),
        ({"voice": "Joanna"}, "voice must be one of Amy, Arthur, Brian, Emma for en-GB."),
        ({"voice": "amy"}, "voice must be one of"),
        ({"language": "fr-FR"}, "translate contact-flow.json"),
        ({"operators_email": "operators"}, "operators_email must be an e-mail address"),
        ({"email_topic_prefix": ""}, "email_topic_prefix must not be empty"),
        ({"email_topic_prefix": "ward 7"}, "email_topic_prefix must be letters"),
        ({"email_topic_prefix": "*"}, "email_topic_prefix must be letters"),
        ({"sms_sender_id": "12345"}, "at least one letter"),
        ({"sms_sender_id": "StaffAlert12"}, "1 to 11 letters"),
        ({"sms_origination_number": "07700 900800"}, "E.164"),
        ({"calls_per_second": 0}, "must be 1 or more"),
    ],
)
def test_each_fault_has_a_sentence(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"^deploy/aws/parameters\.py: ") as refused:
        replace(PARAMETERS, **wrong)
    assert said in str(refused.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="region must") as refused:
        Parameters(region="here", voice="nobody")
    assert str(refused.value).count(".") >= 3
