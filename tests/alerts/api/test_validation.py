"""Bad input: refused with a problem document that names what is wrong, and nothing is stored or sent."""

import json
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from alerts.models import Alert
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.factories import an_alert, make_clinician
from tests.sender import Sender

pytestmark = pytest.mark.django_db


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem document in an answer, whose parts agree with each other."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["detail"].endswith((".", "`"))
    assert Alert.objects.count() == 0
    return body


def fields_at_fault(answer: Any) -> dict[str, str]:
    """Field and message of each error in a 400."""
    return {error["field"]: error["message"] for error in problem(answer, 400)["errors"]}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"message_id=123",
        b"\xff\xfe{}",
        b'{"message_id": "\xc3\x28"}',
        b"nan",
        b'{"a": NaN}',
        b"[" * 30_000,
    ],
    ids=["cut off", "form", "utf-16", "bad utf-8", "word", "not a number", "deep"],
)
def test_it_refuses_what_is_not_json(sender: Sender, clinician: Clinician, body: bytes) -> None:
    problem(sender.post(body), 400)


def test_it_refuses_an_empty_body(sender: Sender, clinician: Clinician) -> None:
    assert set(fields_at_fault(sender.post(b""))) == set(an_alert())


def test_it_refuses_a_body_of_white_space(sender: Sender, clinician: Clinician) -> None:
    assert "empty" in problem(sender.post(b"  \n"), 400)["detail"]


@pytest.mark.parametrize("body", [b"[]", b"[{}]", b'"text"', b"17", b"null", b"true"])
def test_it_refuses_json_that_is_not_an_object(sender: Sender, clinician: Clinician, body: bytes) -> None:
    assert "object" in problem(sender.post(body), 400)["detail"]


def test_it_refuses_a_body_of_a_megabyte(sender: Sender, clinician: Clinician) -> None:
    answer = sender.post(an_alert(description="x" * 1_000_000))

    assert "64 KiB" in problem(answer, 413)["detail"]


def test_it_takes_the_largest_alert_there_can_be_in_the_longest_escapes(sender: Sender) -> None:
    make_clinician("C" * 64, {Priority.LOW: [Channel.EMAIL]})
    largest = an_alert(
        message_id="🩸" * 128,
        type="🩸" * 64,
        patient_id="🩸" * 64,
        contact_id="C" * 64,
        description="🩸" * 1000,
    )

    assert sender.post(largest).status_code == 202


def test_it_refuses_another_content_type(sender: Sender, clinician: Clinician) -> None:
    answer = sender.client.post("/notification", an_alert(), headers=sender.headers)

    assert "application/json" in problem(answer, 415)["detail"]


def test_it_names_every_invalid_field_at_once(sender: Sender, clinician: Clinician) -> None:
    assert set(fields_at_fault(sender.post({}))) == set(an_alert())


@pytest.mark.parametrize("field", sorted(an_alert()))
@pytest.mark.parametrize(
    "value",
    [None, 1, 1.5, True, [], {}, ["x"]],
    ids=["null", "int", "float", "bool", "list", "object", "strings"],
)
def test_it_refuses_a_value_that_is_not_a_string(
    sender: Sender, clinician: Clinician, field: str, value: object
) -> None:
    assert set(fields_at_fault(sender.post({**an_alert(), field: value}))) == {field}


@pytest.mark.parametrize("field", sorted(an_alert()))
@pytest.mark.parametrize("value", ["", " ", "\n", "\u2003"], ids=["empty", "space", "line", "em space"])
def test_it_refuses_a_blank_field(sender: Sender, clinician: Clinician, field: str, value: str) -> None:
    assert set(fields_at_fault(sender.post(an_alert(**{field: value})))) == {field}


@pytest.mark.parametrize(
    ("field", "longest"),
    [("message_id", 128), ("type", 64), ("patient_id", 64), ("contact_id", 64), ("description", 1000)],
)
def test_it_refuses_a_field_that_is_one_character_too_long(
    sender: Sender, clinician: Clinician, field: str, longest: int
) -> None:
    message = fields_at_fault(sender.post(an_alert(**{field: "x" * (longest + 1)})))[field]

    assert str(longest) in message


@pytest.mark.parametrize("number", ["9434765870", "943 476 5870", "943-476-5870"])
def test_it_refuses_an_nhs_number(sender: Sender, clinician: Clinician, number: str) -> None:
    errors = fields_at_fault(sender.post(an_alert(patient_id=number)))

    assert "NHS number" in errors["patient_id"]
    assert "5870" not in errors["patient_id"]


@pytest.mark.parametrize("reference", ["9434765871", "123456789", "A9434765870"])
def test_it_takes_a_reference_that_is_not_an_nhs_number(
    sender: Sender, clinician: Clinician, reference: str
) -> None:
    assert sender.post(an_alert(patient_id=reference)).status_code == 202


def test_it_takes_any_ten_digits_where_the_check_is_off(
    sender: Sender, clinician: Clinician, settings: Settings
) -> None:
    settings.REFUSE_NHS_NUMBERS = False

    assert sender.post(an_alert(patient_id="9434765870")).status_code == 202


@pytest.mark.parametrize("field", sorted(set(an_alert()) - {"priority"}))
@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\ufffe", "\uffff"])
def test_it_refuses_control_characters(
    sender: Sender, clinician: Clinician, field: str, character: str
) -> None:
    message = fields_at_fault(sender.post(an_alert(**{field: f"a{character}b"})))[field]

    assert "control characters" in message or f"(U+{ord(character):04X}): take it out" in message


def test_it_refuses_a_line_break_anywhere_but_in_the_description(
    sender: Sender, clinician: Clinician
) -> None:
    broken = dict.fromkeys(("message_id", "type", "patient_id", "contact_id", "description"), "a\nb")

    assert set(fields_at_fault(sender.post(an_alert(**broken)))) == set(broken) - {"description"}


@pytest.mark.parametrize("field", sorted(set(an_alert()) - {"priority"}))
def test_it_refuses_half_a_surrogate_pair(sender: Sender, clinician: Clinician, field: str) -> None:
    body = an_alert(**{field: "PLACEHOLDER"})
    half = str(body).replace("'", '"').replace("PLACEHOLDER", "\\ud83d").encode()

    assert "surrogate" in fields_at_fault(sender.post(half))[field]


@pytest.mark.parametrize("priority", ["l", "h", "X", "HIGH", "LM", "1"])
def test_it_refuses_a_priority_that_is_not_one_of_three(
    sender: Sender, clinician: Clinician, priority: str
) -> None:
    assert fields_at_fault(sender.post(an_alert(priority=priority))) == {
        "priority": "This must be L, M or H."
    }


@pytest.mark.parametrize(
    "text", ["🩸 results", "نتائج الدم جاهزة", "שלום", "e\u0301", "naïve “quotes”", "a\nb\tc"]
)
def test_it_keeps_text_of_any_script_as_it_is(sender: Sender, clinician: Clinician, text: str) -> None:
    sender.post(an_alert(description=text))

    assert Alert.objects.get().description == text


@pytest.mark.parametrize(
    ("field", "near"),
    [
        ("contactid", "contact_id"),
        ("contactId", "contact_id"),
        ("Message-ID", "message_id"),
        ("patientid", "patient_id"),
        ("prority", "priority"),
        ("desciption", "description"),
        ("types", "type"),
    ],
)
def test_a_misspelt_field_is_refused_with_the_nearest_name(
    sender: Sender, clinician: Clinician, field: str, near: str
) -> None:
    errors = fields_at_fault(sender.post(an_alert(**{field: "x"})))

    assert errors == {field: f"There is no field “{field}”. Did you mean “{near}”?"}


@pytest.mark.parametrize("field", ["send_at", "colour", "", "x" * 64, "ü🩸", "non_field_errors"])
def test_a_field_that_there_is_not_is_refused_with_those_that_there_are(
    sender: Sender, clinician: Clinician, field: str
) -> None:
    [message] = fields_at_fault(sender.post(an_alert(**{field: "x"}))).values()

    names = "message_id, type, patient_id, contact_id, description, priority"
    assert message == f"There is no field “{field}”. An alert has {names}."


def test_missing_and_misspelt_fields_are_named_at_once(sender: Sender, clinician: Clinician) -> None:
    errors = fields_at_fault(sender.post(an_alert(contact_id=None, contactid="C-1", priority="h")))

    assert set(errors) == {"contact_id", "contactid", "priority"}


def test_thousands_of_strange_fields_get_a_short_answer(sender: Sender, clinician: Clinician) -> None:
    answer = sender.post(an_alert(**{f"field{number}": "" for number in range(3000)}))

    assert "2,990 more" in fields_at_fault(answer)[""]
    assert len(answer.content) < 4000


def test_half_a_surrogate_pair_in_a_fields_name_is_refused(sender: Sender, clinician: Clinician) -> None:
    body = json.dumps(an_alert()).replace("{", '{"\\ud83d": "x", ', 1).encode()

    assert set(fields_at_fault(sender.post(body))) == {"?"}


def test_fields_of_the_sender_are_ignored_where_they_are_allowed(
    sender: Sender, clinician: Clinician, settings: Settings
) -> None:
    settings.ALLOW_UNKNOWN_FIELDS = True

    assert sender.post(an_alert(colour="red")).status_code == 202


def post_to(sender: Sender, address: str) -> Any:
    """The answer to an alert at another address than usual."""
    return sender.client.post(address, an_alert(), content_type="application/json", headers=sender.headers)


@pytest.mark.parametrize("query", ["send_at=18:00", "priority=H", "dry_run"])
def test_a_query_parameter_is_refused_and_nothing_is_sent(
    sender: Sender, clinician: Clinician, query: str
) -> None:
    errors = fields_at_fault(post_to(sender, f"/notification?{query}"))

    assert errors == {
        query.partition("=")[0]: "Unknown parameter. There are none here: what an alert says is in the body."
    }
    assert not Alert.objects.exists()


def test_a_query_parameter_is_ignored_where_unknown_fields_are_allowed(
    sender: Sender, clinician: Clinician, settings: Settings
) -> None:
    settings.ALLOW_UNKNOWN_FIELDS = True

    assert post_to(sender, "/notification?tenant=ward&tenant=bed").status_code == 202


def test_the_published_samples_request_is_taken_as_it_stands(sender: Sender, clinician: Clinician) -> None:
    body = (
        b'{"message_id": "123", "type": "blood_test_alert", "patient_id": "123456789", "contact_id": "C-1",'
        b' "description": "Blood test results ready for patient", "priority": "L"}'
    )

    assert sender.post(body).status_code == 202


@pytest.mark.parametrize("address", ["/notification", "/notification/"])
def test_both_forms_of_the_address_work(sender: Sender, clinician: Clinician, address: str) -> None:
    assert post_to(sender, address).status_code == 202


def test_another_method_is_refused(sender: Sender, clinician: Clinician) -> None:
    answer = sender.client.put(
        "/notification", an_alert(), content_type="application/json", headers=sender.headers
    )

    problem(answer, 405)
    assert "POST" in answer["Allow"]


@pytest.mark.parametrize("message_id", [".", "..", "m-1\u200b", "m\u00ad-1", "m-1\u2060"])
def test_it_refuses_a_message_id_that_does_not_work(
    sender: Sender, clinician: Clinician, message_id: str
) -> None:
    assert set(fields_at_fault(sender.post(an_alert(message_id=message_id)))) == {"message_id"}


def test_it_refuses_a_field_that_is_named_twice(sender: Sender, clinician: Clinician) -> None:
    twice = json.dumps(an_alert()).replace("{", '{"priority": "H", ', 1).encode()

    assert "twice" in problem(sender.post(twice), 400)["detail"]


def test_it_refuses_a_body_that_django_itself_finds_too_large(sender: Sender, clinician: Clinician) -> None:
    problem(sender.post(an_alert(description="x" * 3_000_000)), 413)


def test_a_byte_order_mark_does_no_harm(sender: Sender, clinician: Clinician) -> None:
    assert sender.post(b"\xef\xbb\xbf" + json.dumps(an_alert()).encode()).status_code == 202
