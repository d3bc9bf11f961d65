"""Reads the published AWS sample's table of contact preferences, exported from DynamoDB, as rows of a file of
clinicians.

The sample has one channel for each priority, a telephone number for calls, and for SMS and e-mail an SNS topic each,
with one subscriber. `null` means no address. SNS, and not the table, says who subscribes to a topic.
"""

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from contacts.choices import Channel
from contacts.import_export.columns import KEY
from contacts.import_export.reading.sheet import UnreadableFileError
from contacts.import_export.reading.table import FileRow

COLUMNS = {
    "ContactId": KEY,
    "CallDestination": Channel.CALL.facts.address_field,
    "SMSDestination": Channel.SMS.facts.address_field,
    "EmailDestination": Channel.EMAIL.facts.address_field,
    "HighPrio": "high",
    "MediumPrio": "medium",
    "LowPrio": "low",
}
"""The sample's attributes, and our columns for them."""
PROTOCOLS = {"SMSDestination": "sms", "EmailDestination": "email"}
"""The protocol of a topic's subscribers, by the attribute that names the topic."""
NOTHING = "null"
GZIP = b"\x1f\x8b"
TOPIC = "arn:"

Subscribers = Mapping[tuple[str, str], list[str]]
"""The addresses that subscribe to a topic, by its ARN and protocol."""


def read(content: bytes, subscribers: Subscribers) -> list[FileRow]:
    """The rows of an exported table, numbered from 1 in the order of the file.

    The file may be DynamoDB's export to S3 (a line of JSON for each item, also in gzip), the output of `aws dynamodb
    scan`, or the console's CSV.

    Raises:
        UnreadableFileError: it is none of these.
    """
    items = [_plain(item) for item in _items(_text(content))]
    if not items:
        raise UnreadableFileError("There is no item in this file.")
    if not any("ContactId" in item for item in items):
        raise UnreadableFileError("No item in this file has a ContactId: this is not the sample's table.")
    return [_row(number, item, subscribers) for number, item in enumerate(items, start=1)]


def read_subscribers(content: bytes) -> Subscribers:
    """Who subscribes to which topic, from the output of `aws sns list-subscriptions`.

    Raises:
        UnreadableFileError: it is something else.
    """
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    try:
        for each in json.loads(_text(content))["Subscriptions"]:
            found[each["TopicArn"], each["Protocol"]].append(each["Endpoint"])
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(
            "This is not a list of subscriptions: write one with `aws sns list-subscriptions --output json`."
        ) from error
    return found


def _text(content: bytes) -> str:
    try:
        return (gzip.decompress(content) if content.startswith(GZIP) else content).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UnreadableFileError(
            "This file is damaged, or is not text in UTF-8: export it again."
        ) from error


def _items(text: str) -> Iterable[Any]:
    if not text.lstrip().startswith(("{", "[")):
        return csv.DictReader(io.StringIO(text))
    try:
        found = json.loads(text)
    except ValueError:
        return list(_lines(text))
    if isinstance(found, dict):
        found = found.get("Items", [found.get("Item", found)])
    return found if isinstance(found, list) else [found]


def _lines(text: str) -> Iterator[Any]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)["Item"]
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableFileError(
                f"Line {number} is not an item of DynamoDB's export: each is a line like "
                '{"Item": {"ContactId": {"S": "C-1"}, …}}.'
            ) from error


def _plain(item: Any) -> dict[str, str]:
    """An item's texts, with or without DynamoDB's types beside them."""
    if not isinstance(item, dict):
        raise UnreadableFileError("An item in this file is not an object: export the table again.")
    # The console's older CSV has `ContactId (S)`.
    return {str(name).partition(" (")[0]: _value(value) for name, value in item.items()}


def _value(value: Any) -> str:
    if isinstance(value, dict):
        typed: Any = value
        try:
            value = TypeDeserializer().deserialize(typed)
        except (TypeError, AttributeError) as error:
            raise UnreadableFileError(
                "A value in this file is none of DynamoDB's: export it again."
            ) from error
    text = "" if value is None else str(value).strip()
    return "" if text.casefold() == NOTHING else text


def _row(number: int, item: Mapping[str, str], subscribers: Subscribers) -> FileRow:
    # A value that the sample does not know is no reason to remove one that Bleep knows.
    given = {COLUMNS[name]: text for name, text in item.items() if name in COLUMNS and text}
    cells = {KEY: "", **given}
    doubts = {}
    for name, protocol in PROTOCOLS.items():
        topic = item.get(name, "")
        if not topic.startswith(TOPIC):
            continue
        addresses = subscribers.get((topic, protocol), [])
        cells[COLUMNS[name]] = _address(addresses[0], protocol) if len(addresses) == 1 else ""
        if len(addresses) != 1:
            doubts[COLUMNS[name]] = _not_one(topic, protocol, len(addresses))
    return FileRow(number, cells, doubts)


def _address(endpoint: str, protocol: str) -> str:
    # SNS also takes and gives telephone numbers without their plus.
    return f"+{endpoint}" if protocol == "sms" and endpoint.isdecimal() else endpoint


def _not_one(topic: str, protocol: str, count: int) -> str:
    name = topic.rpartition(":")[2]
    if not count:
        return (
            f"The topic {name} has no {protocol} subscription in the list of subscriptions: write the list with "
            "`aws sns list-subscriptions --output json`, and give it with --subscriptions."
        )
    return f"{count} people subscribe to the topic {name}: a clinician of Bleep is one person."
