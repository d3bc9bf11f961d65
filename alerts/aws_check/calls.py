"""Whether Amazon Connect can place Bleep's calls: the instance, the contact flow, the caller's number, the quota."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from alerts.aws_check.asking import Check, Result, client, ok, warning, wrong

SPEAKS = re.compile(r"\$\.Attributes\.(Message2?)\b")
"""How a contact flow speaks an attribute: https://docs.aws.amazon.com/connect/latest/adminguide/connect-attrib-list.html."""
OURS = settings.BASE_DIR / "deploy" / "aws" / "contact-flow.json"
VOICE = "UpdateContactTextToSpeechVoice"
QUOTA = re.compile(r"StartOutboundVoiceContact", re.IGNORECASE)
SUBJECT_INSTANCE, SUBJECT_FLOW, SUBJECT_CALLER, SUBJECT_QUOTA = (
    "Connect instance",
    "Contact flow",
    "Caller's number",
    "Calls per second",
)
NOT_SET = "is not set, so no call can be placed."


def _instance() -> Iterator[Result]:
    if not settings.CONNECT_INSTANCE_ID:
        yield wrong(SUBJECT_INSTANCE, f"CONNECT_INSTANCE_ID {NOT_SET}", "Set it, and restart Bleep.")
        return
    found = client("connect").describe_instance(InstanceId=settings.CONNECT_INSTANCE_ID)["Instance"]
    status = found.get("InstanceStatus", "unknown")
    if status != "ACTIVE":
        yield wrong(SUBJECT_INSTANCE, f"It is {status}.", "Look at the instance in AWS's console.")
    elif not found.get("OutboundCallsEnabled"):
        yield wrong(
            SUBJECT_INSTANCE,
            "It may not place calls.",
            "Turn on outbound calling: Amazon Connect, the instance, Telephony.",
        )
    else:
        yield ok(
            SUBJECT_INSTANCE, f"{found.get('InstanceAlias') or found['Id']} is active, and may place calls."
        )


def _flow() -> Iterator[Result]:
    if not settings.CONNECT_INSTANCE_ID:
        return  # the first of these checks reports it
    if not settings.CONNECT_CONTACT_FLOW_ID:
        yield wrong(SUBJECT_FLOW, f"CONNECT_CONTACT_FLOW_ID {NOT_SET}", "Set it, and restart Bleep.")
        return
    found = client("connect").describe_contact_flow(
        InstanceId=settings.CONNECT_INSTANCE_ID, ContactFlowId=settings.CONNECT_CONTACT_FLOW_ID
    )["ContactFlow"]
    name = found.get("Name", "The flow")
    if found.get("State") == "ARCHIVED" or found.get("Status") == "SAVED":
        yield wrong(SUBJECT_FLOW, f"{name} is not published.", "Publish it in Amazon Connect, under Flows.")
        return
    blocks = _blocks(found.get("Content", ""))
    spoken = set(SPEAKS.findall(json.dumps([block.get("Parameters") for block in blocks])))
    missing = [attribute for attribute in ("Message", "Message2") if attribute not in spoken]
    if missing:
        yield wrong(
            SUBJECT_FLOW,
            f"{name} does not speak $.Attributes.{' and $.Attributes.'.join(missing)}: the alert is not heard.",
            "Let the flow speak Message, then Message2 as digits.",
        )
    elif _comparable(blocks) == _comparable(_blocks(OURS.read_text(encoding="utf-8"))):
        yield ok(SUBJECT_FLOW, f"{name} is published, and is the one of this version of Bleep.")
    else:
        yield ok(
            SUBJECT_FLOW,
            f"{name} is published, and speaks Message and Message2. It is not the one of this version of Bleep "
            "(deploy/aws/contact-flow.json).",
        )


def _blocks(content: str) -> list[dict[str, Any]]:
    """The blocks of a flow. Positions and notes of its drawing are left out: they may quote texts of the blocks."""
    try:
        blocks = json.loads(content)["Actions"]
    except (ValueError, KeyError, TypeError):
        return []
    return [block for block in blocks if isinstance(block, dict)]


def _comparable(blocks: list[dict[str, Any]]) -> list[str]:
    """The flow without its voice, for comparing what two flows do."""
    return sorted(
        json.dumps({**block, "Parameters": None} if block.get("Type") == VOICE else block, sort_keys=True)
        for block in blocks
    )


def _caller() -> Iterator[Result]:
    if not settings.CONNECT_INSTANCE_ID:
        return
    number, queue = settings.CONNECT_SOURCE_PHONE_NUMBER, settings.CONNECT_QUEUE_ID
    if queue:
        found = client("connect").describe_queue(InstanceId=settings.CONNECT_INSTANCE_ID, QueueId=queue)[
            "Queue"
        ]
        has_number = found.get("OutboundCallerConfig", {}).get("OutboundCallerIdNumberId")
        name = found.get("Name", "The queue")
        yield (
            ok(SUBJECT_CALLER, f"The number of the queue {name}.")
            if has_number
            else wrong(
                SUBJECT_CALLER,
                f"The queue {name} has no number to call from.",
                "Choose its outbound caller ID number in Amazon Connect, under Queues.",
            )
        )
    elif not number:
        yield wrong(
            SUBJECT_CALLER,
            f"Neither CONNECT_SOURCE_PHONE_NUMBER nor CONNECT_QUEUE_ID {NOT_SET}",
            "Set one of them, and restart Bleep.",
        )
    elif number in _numbers():
        yield ok(SUBJECT_CALLER, f"{number} belongs to the instance.")
    else:
        yield wrong(
            SUBJECT_CALLER,
            f"{number} does not belong to the instance.",
            "Claim it in Amazon Connect, under Phone numbers, or set another.",
        )


def _numbers() -> set[str]:
    pages = client("connect").get_paginator("list_phone_numbers_v2")
    found = pages.paginate(InstanceId=settings.CONNECT_INSTANCE_ID)
    return {each["PhoneNumber"] for page in found for each in page.get("ListPhoneNumbersSummaryList", [])}


def _quota() -> Iterator[Result]:
    ours = settings.CONNECT_CALLS_PER_SECOND
    pages: Any = client("service-quotas").get_paginator("list_service_quotas")
    rates = [
        quota["Value"]
        for page in pages.paginate(ServiceCode="connect")
        for quota in page.get("Quotas", [])
        if QUOTA.search(quota.get("QuotaName", ""))
    ]
    if not rates:
        yield warning(
            SUBJECT_QUOTA,
            f"AWS lists none. Bleep places {ours:g} (CONNECT_CALLS_PER_SECOND); AWS's default is 2.",
            "Look the quota up in AWS's console, under Service Quotas.",
        )
    elif min(rates) < ours:
        yield warning(
            SUBJECT_QUOTA,
            f"AWS allows {min(rates):g}, and Bleep would place {ours:g} (CONNECT_CALLS_PER_SECOND): the rest is "
            "refused, and tried again.",
            "Set CONNECT_CALLS_PER_SECOND to the quota, or ask AWS for more.",
        )
    else:
        yield ok(SUBJECT_QUOTA, f"AWS allows {min(rates):g}, and Bleep places {ours:g} at most.")


CHECKS = (
    Check(SUBJECT_INSTANCE, "connect:DescribeInstance", _instance),
    Check(SUBJECT_FLOW, "connect:DescribeContactFlow", _flow),
    Check(SUBJECT_CALLER, "connect:DescribeQueue and connect:ListPhoneNumbersV2", _caller),
    Check(SUBJECT_QUOTA, "servicequotas:ListServiceQuotas", _quota),
)
