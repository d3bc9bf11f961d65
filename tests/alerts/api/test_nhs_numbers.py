"""NHS numbers in any dress and any field are refused, and what only resembles one is not."""

import uuid

import pytest
from pytest_django.fixtures import Settings
from stdnum.gb import nhs

from alerts.api.request_body import nhs_numbers
from alerts.models import Alert
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

DRESSES = [
    "9434765919", "943 476 5919", "943-476-5919", "943.476.5919", "943/476/5919", "943_476_5919",
    "943\u2013476\u20135919",
    "943\u2011476\u20115919", "943\u2212476\u22125919", "943\u00a0476\u00a05919", "943\u200b4765919", "943  476  5919",
    "(943) 476-5919", "(943)4765919", "943 4765919", "943476 5919",
    "９４３ ４７６ ５９１９", "٩٤٣٤٧٦٥٩١٩", "9434765919.0", "9434765919.00", "NHS 943 476 5919",
    "NHS9434765919", "nhs no: 943 476 5919", "NHS number 9434 765 919", "9 4 3 4 7 6 5 9 1 9", "CHI 0101011237",
]  # fmt: skip
"""9434765919 is the example of the NHS Data Dictionary, here in many spellings; and a CHI number of Scotland."""
OTHERS = [
    "9434765918", "94347659190", "943476591", "123456789",
    "07700 900123", "+44 7700 900123", "447700900123", "020 7946 0000", "+1 943 476 5919", "+9434765919",
    "Bay 12, 28-11-2026 14:05", "1764400007", "1764400015", "0202004050", "A9434765919", "9434765919f",
    "+44 7911398259", "+44 (0)7911062307", "0044 121 496 0308", "087 986 0960", "202-555-0103", "030 313 6375",
    "120 80 pulse 100 110 1200", "LAB-2026-755-438-0028", "20261129-5842709910", "order-4012345678-1",
    "K 6.9, Na 143, 4 476 5919", "2026-11-28T14:05:09", "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
]  # fmt: skip
IN_A_SENTENCE = "Blood ready for {}, please review."


@pytest.mark.parametrize("number", DRESSES, ids=ascii)
def test_it_is_found_in_any_dress(number: str) -> None:
    assert nhs_numbers.is_in(number)
    assert nhs_numbers.is_in(IN_A_SENTENCE.format(number))
    assert nhs_numbers.is_reference(number)


@pytest.mark.parametrize("text", OTHERS)
def test_a_lookalike_is_left_alone(text: str) -> None:
    assert not nhs_numbers.is_in(text)
    assert not nhs_numbers.is_in(IN_A_SENTENCE.format(text))


def test_ids_made_by_machines_are_left_alone() -> None:
    made = [
        str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for number in range(20_000)
    ]
    seconds = [f"lab-{1_764_400_000 + number}" for number in range(20_000)]

    orders = [f"lab-{4_012_345_000 + number}" for number in range(1000)]

    assert [text for text in [*made, *seconds] if nhs_numbers.is_in(text)] == []
    assert [text for text in [*made, *seconds, *orders] if nhs_numbers.is_in_id(text)] == []


@pytest.mark.parametrize("text", ["9434765919", "943 476 5919", "NHS9434765919", "lab-943-476-5919"])
def test_an_id_may_not_be_one_either(text: str) -> None:
    assert nhs_numbers.is_in_id(text)


@pytest.mark.parametrize("number", ["94 34 76 59 19", "9434-765919", "1234567881", "012 345 6789"])
def test_a_patient_reference_may_not_be_ten_such_digits_at_all(number: str) -> None:
    digits = "".join(sign for sign in number if sign.isdecimal())

    assert nhs_numbers.is_reference(number) == nhs.is_valid(digits)


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["message_id", "type", "patient_id", "description"])
def test_every_field_that_travels_is_looked_at(sender: Sender, clinician: Clinician, field: str) -> None:
    answer = sender.post(an_alert(**{field: "Result of NHS 943 476 5919"}))

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert "NHS number" in error["message"]
    assert "5919" not in answer.content.decode()
    assert not Alert.objects.exists()


@pytest.mark.django_db
def test_nothing_is_looked_at_where_the_check_is_off(
    sender: Sender, clinician: Clinician, settings: Settings
) -> None:
    settings.REFUSE_NHS_NUMBERS = False

    assert sender.post(an_alert(description="NHS 943 476 5919", patient_id="9434765919")).status_code == 202
