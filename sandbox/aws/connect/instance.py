"""The stand-in's Connect instance: every instance, flow and queue that is asked for exists and works."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws.connect.flow import FILE
from sandbox.aws.connect.parameters import Params

NUMBER = "+442079460000"
"""The number that the instance has, from Ofcom's range for fiction."""


def _instance(params: Params) -> dict[str, Any]:
    return {
        "Instance": {
            "Id": params["InstanceId"],
            "InstanceAlias": "stand-in",
            "InstanceStatus": "ACTIVE",
            "InboundCallsEnabled": False,
            "OutboundCallsEnabled": True,
        }
    }


def _flow(params: Params) -> dict[str, Any]:
    return {
        "ContactFlow": {
            "Id": params["ContactFlowId"],
            "Name": "The stand-in's flow",
            "Type": "CONTACT_FLOW",
            "State": "ACTIVE",
            "Status": "PUBLISHED",
            "Content": FILE.read_text(encoding="utf-8"),
        }
    }


def _queue(params: Params) -> dict[str, Any]:
    return {
        "Queue": {
            "QueueId": params["QueueId"],
            "Name": "The stand-in's queue",
            "OutboundCallerConfig": {"OutboundCallerIdNumberId": "number"},
        }
    }


def _numbers(_params: Params) -> dict[str, Any]:
    return {
        "ListPhoneNumbersSummaryList": [
            {"PhoneNumberId": "number", "PhoneNumber": NUMBER, "PhoneNumberCountryCode": "GB"}
        ]
    }


ANSWERS: Mapping[str, Callable[[Params], dict[str, Any]]] = {
    "DescribeInstance": _instance,
    "DescribeContactFlow": _flow,
    "DescribeQueue": _queue,
    "ListPhoneNumbersV2": _numbers,
}
"""By operation."""
