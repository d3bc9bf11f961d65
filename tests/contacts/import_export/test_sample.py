"""`manage.py import_sample_preferences`: the published AWS sample's table becomes clinicians."""

import gzip
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

SMS_TOPIC = "arn:aws:sns:eu-west-2:123456789012:Alerts-smsTopic1A2B"
EMAIL_TOPIC = "arn:aws:sns:eu-west-2:123456789012:Alerts-emailTopic3C4D"
ITEM = {
    "ContactId": "C-1",
    "HighPrio": "call",
    "MediumPrio": "sms",
    "LowPrio": "email",
    "CallDestination": "+447700900001",
    "SMSDestination": SMS_TOPIC,
    "EmailDestination": EMAIL_TOPIC,
}
"""As the sample's stack writes it."""

Import = Callable[..., str]


def subscription(topic: str, protocol: str, endpoint: str) -> dict[str, str]:
    """As `aws sns list-subscriptions` prints it."""
    return {
        "SubscriptionArn": f"{topic}:1",
        "Owner": "123456789012",
        "Protocol": protocol,
        "Endpoint": endpoint,
        "TopicArn": topic,
    }


SUBSCRIPTIONS = [
    subscription(SMS_TOPIC, "sms", "447700900002"),
    subscription(EMAIL_TOPIC, "email", "ann@ward.example"),
]


def typed(item: dict[str, str]) -> dict[str, Any]:
    """With DynamoDB's types."""
    return {name: {"S": text} for name, text in item.items()}


@pytest.fixture
def run(tmp_path: Path) -> Import:
    """Import a table; what the command prints."""

    def run_command(
        table: bytes | str, *options: str, subscriptions: list[dict[str, str]] | None = None
    ) -> str:
        exported, listed = tmp_path / "table", tmp_path / "subscriptions.json"
        exported.write_bytes(table if isinstance(table, bytes) else table.encode())
        listed.write_text(
            json.dumps({"Subscriptions": SUBSCRIPTIONS if subscriptions is None else subscriptions})
        )
        printed = StringIO()
        call_command(
            "import_sample_preferences",
            str(exported),
            "--subscriptions",
            str(listed),
            *options,
            stdout=printed,
            stderr=printed,
        )
        return printed.getvalue()

    return run_command


LINES = json.dumps({"Item": typed(ITEM)}) + "\n"
CSV = ",".join(f'"{name}"' for name in ITEM) + "\n" + ",".join(f'"{text}"' for text in ITEM.values())


@pytest.mark.parametrize(
    "table",
    [
        LINES,
        gzip.compress(LINES.encode()),
        json.dumps({"Items": [typed(ITEM)], "Count": 1, "ScannedCount": 1}, indent=4),
        json.dumps([ITEM]),
        CSV,
        "\ufeff" + CSV.replace('ContactId"', 'ContactId (S)"'),
    ],
    ids=["export to S3", "export in gzip", "scan", "list without types", "csv", "csv with types"],
)
def test_a_table_becomes_clinicians_with_their_preferences(run: Import, table: bytes | str) -> None:
    printed = run(table, "--yes")

    clinician = Clinician.objects.get()
    assert (clinician.contact_id, clinician.name, clinician.active) == ("C-1", "C-1", True)
    assert (clinician.call_number, clinician.sms_number, clinician.email) == (
        "+447700900001",
        "+447700900002",
        "ann@ward.example",
    )
    assert preferences.channels_by_priority(clinician) == {
        Priority.HIGH: [Channel.CALL],
        Priority.MEDIUM: [Channel.SMS],
        Priority.LOW: [Channel.EMAIL],
    }
    assert "Saved: 1 new." in printed


def test_a_preview_shows_masked_addresses_and_saves_nothing(run: Import) -> None:
    printed = run(LINES, "--preview")

    assert "New  C-1:" in printed
    assert "Number for calls +*********001" in printed
    assert "High call" in printed
    assert "+447700900001" not in printed
    assert "ann@" not in printed
    assert printed.endswith("Nothing is saved.\n")
    assert not Clinician.objects.exists()


def test_nobody_who_could_be_asked_saves_nothing(run: Import) -> None:
    with pytest.raises(CommandError, match="add --yes to save this"):
        run(LINES)
    assert not Clinician.objects.exists()


def test_the_same_table_again_changes_nothing_and_keeps_what_staff_added(run: Import) -> None:
    run(LINES, "--yes")
    Clinician.objects.update(name="Ann Example")
    item = {**ITEM, "SMSDestination": "null", "MediumPrio": "call"}

    assert "1 row without a change." in run(LINES, "--yes")
    assert "Changed  C-1: Medium sms → call" in run(json.dumps({"Items": [typed(item)]}), "--yes")

    clinician = Clinician.objects.get()
    assert (clinician.name, clinician.sms_number) == ("Ann Example", "+447700900002")


@pytest.mark.parametrize(
    ("change", "subscriptions", "sentence"),
    [
        (
            {},
            [SUBSCRIPTIONS[1]],
            "C-1, Number for SMS: The topic Alerts-smsTopic1A2B has no sms subscription",
        ),
        (
            {},
            [*SUBSCRIPTIONS, subscription(EMAIL_TOPIC, "email", "bob@ward.example")],
            "C-1, E-mail address: 2 people subscribe to the topic Alerts-emailTopic3C4D",
        ),
        ({"CallDestination": "null"}, None, "C-1, High: call needs call_number: fill it in"),
        ({"CallDestination": "12"}, None, "C-1, Number for calls: "),
        ({"HighPrio": "pager"}, None, "C-1, High: “pager” is not a channel."),
        ({"ContactId": ""}, None, "Item 1, Contact ID: This cell may not be empty."),
    ],
    ids=["unknown topic", "shared topic", "no address", "no number", "no channel", "no ID"],
)
def test_a_fault_is_named_and_nothing_is_saved(
    run: Import, change: dict[str, str], subscriptions: list[dict[str, str]] | None, sentence: str
) -> None:
    table = json.dumps({"Items": [typed({**ITEM, **change}), typed({**ITEM, "ContactId": "C-2"})]})
    with pytest.raises(CommandError, match="add --without-faulty"):
        run(table, subscriptions=subscriptions)
    assert not Clinician.objects.exists()

    printed = run(table, "--without-faulty", "--yes", subscriptions=subscriptions)

    assert sentence in printed
    saved = set(Clinician.objects.values_list("contact_id", flat=True))
    assert saved == (set() if subscriptions else {"C-2"})  # C-2 has the same topics


def test_an_id_that_looks_like_another_is_asked_about(run: Import) -> None:
    make_clinician("c-1", {})

    with pytest.raises(CommandError, match="--lookalikes-are-others"):
        run(LINES, "--yes")
    assert Clinician.objects.count() == 1

    run(LINES, "--yes", "--lookalikes-are-others")
    assert Clinician.objects.count() == 2


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("", "There is no item in this file."),
        ('{"Items": []}', "There is no item in this file."),
        ("name,number\nAnn,1\n", "No item in this file has a ContactId"),
        ('{"Item": {}}\nnonsense\n', "Line 2 is not an item of DynamoDB's export"),
        ('{"Items": ["C-1"]}', "An item in this file is not an object"),
        ('{"Items": [{"ContactId": {"X": "C-1"}}]}', "A value in this file is none of DynamoDB's"),
        ('{"Items": 5}', "An item in this file is not an object"),
        (b"\x1f\x8bnot gzip", "This file is damaged"),
        ("Müller".encode("latin-1"), "This file is damaged, or is not text in UTF-8"),
    ],
    ids=[
        "blank",
        "no items",
        "another table",
        "a broken line",
        "no objects",
        "no type",
        "no list",
        "gzip",
        "latin-1",
    ],
)
def test_another_file_is_refused_in_a_sentence(run: Import, table: bytes | str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(table, "--yes")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"nowhere\.json cannot be read: No such file or directory"):
        call_command("import_sample_preferences", str(tmp_path / "nowhere.json"))


def test_another_list_of_subscriptions_is_refused(run: Import, tmp_path: Path) -> None:
    (tmp_path / "topics.json").write_text('{"Topics": []}')

    with pytest.raises(CommandError, match="write one with `aws sns list-subscriptions"):
        run(LINES, "--subscriptions", str(tmp_path / "topics.json"))
