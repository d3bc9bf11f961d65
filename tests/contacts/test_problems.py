"""Problems of clinicians: the query and the sentences agree."""

from collections.abc import Sequence
from itertools import product

import pytest

from contacts import problems
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from contacts.problems import Problem
from tests.conftest import make_clinician

pytestmark = pytest.mark.django_db

CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL
HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW
ALL_WELL: dict[Priority, Sequence[Channel]] = {HIGH: [CALL, SMS], MEDIUM: [SMS], LOW: [EMAIL]}


def having(problem: Problem) -> list[str]:
    found = Clinician.objects.filter(problems.condition(problem))
    return list(found.values_list("contact_id", flat=True))


def test_a_reachable_clinician_has_no_problem(clinician: Clinician) -> None:
    assert problems.sentences(clinician) == []
    assert not Clinician.objects.filter(problems.any_condition()).exists()


def test_a_priority_without_a_channel(clinician: Clinician) -> None:
    wrong = make_clinician("C-2", {HIGH: [CALL]})

    assert having(Problem.NO_CHANNEL) == ["C-2"]
    assert problems.sentences(wrong) == ["No channel for Medium and Low."]


def test_a_channel_without_its_address(clinician: Clinician) -> None:
    wrong = make_clinician("C-2", ALL_WELL)
    Clinician.objects.filter(pk=wrong.pk).update(sms_number="")
    wrong.refresh_from_db()

    assert having(Problem.NO_ADDRESS) == ["C-2"]
    assert problems.sentences(wrong) == ["No number for SMS, but SMS is chosen."]


def test_high_by_e_mail_alone(clinician: Clinician) -> None:
    wrong = make_clinician("C-2", {**ALL_WELL, HIGH: [EMAIL]})

    assert having(Problem.NOT_URGENT) == ["C-2"]
    assert problems.sentences(wrong) == ["High has neither a call nor an SMS."]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"sms_number": "+442079460000"},
            "SMS: this number is a landline or a service, and cannot get an SMS.",
        ),
        (
            {"sms_number": "+44791234567"},
            "SMS: this number is not in use, as far as is known: a digit may be missing or wrong.",
        ),
        (
            {"call_number": "+44791234567"},
            "Telephone call: this number is not in use, as far as is known: a digit may be missing or wrong.",
        ),
    ],
)
def test_a_number_that_may_not_work(clinician: Clinician, fields: dict[str, str], sentence: str) -> None:
    wrong = make_clinician("C-2", ALL_WELL, **fields)
    make_clinician("C-3", {HIGH: [CALL], MEDIUM: [CALL], LOW: [EMAIL]}, sms_number="+442079460000")

    assert having(Problem.DOUBTFUL_NUMBER) == ["C-2"]
    assert problems.sentences(wrong) == [sentence]


def test_a_number_that_is_mended_is_no_problem_any_more(clinician: Clinician) -> None:
    clinician.sms_number = "+442079460000"
    clinician.save()
    assert having(Problem.DOUBTFUL_NUMBER) == ["C-1"]

    clinician.sms_number = "07700 900002"
    clinician.save()

    assert having(Problem.DOUBTFUL_NUMBER) == []


def test_an_inactive_clinician_has_no_problem(clinician: Clinician) -> None:
    gone = make_clinician("C-2", {}, active=False)

    assert problems.sentences(gone) == []
    assert not Clinician.objects.filter(problems.any_condition()).exists()


def test_the_query_and_the_sentences_agree() -> None:
    choices: list[list[Channel]] = [[], [EMAIL], [SMS, CALL]]
    for number, (high, medium, low, addresses) in enumerate(
        product(choices, choices, choices, [(), ("sms_number",), ("email",), ("call_number", "email")])
    ):
        made = make_clinician(f"C-{number}", {HIGH: high, MEDIUM: medium, LOW: low}, active=number % 5 > 0)
        Clinician.objects.filter(pk=made.pk).update(**dict.fromkeys(addresses, ""))

    everybody = Clinician.objects.prefetch_related("preferences")
    said = {
        Problem.NO_CHANNEL: "No channel for",
        Problem.NO_ADDRESS: ", but ",
        Problem.NOT_URGENT: "High has neither",
    }
    for problem, words in said.items():
        found = set(having(problem))
        sentences = {each.contact_id: " ".join(problems.sentences(each)) for each in everybody}
        assert found == {who for who, all_of_them in sentences.items() if words in all_of_them}
        assert 0 < len(found) < len(everybody)
    with_problem = set(Clinician.objects.filter(problems.any_condition()))
    assert with_problem == {each for each in everybody if problems.sentences(each)}


def test_an_address_that_no_channel_uses_may_be_missing() -> None:
    make_clinician("C-1", {HIGH: [CALL], MEDIUM: [CALL], LOW: [CALL]}, sms_number="", email="")

    assert problems.summary() == problems.ProblemSummary(0, ())


def test_the_summary_names_the_first_and_counts_all(clinician: Clinician) -> None:
    for number in range(problems.EXAMPLES + 3):
        make_clinician(f"D-{number}", {})

    found = problems.summary()

    assert found.count == problems.EXAMPLES + 3
    assert [name for _key, name in found.examples] == [f"Clinician D-{n}" for n in range(problems.EXAMPLES)]


def test_channels_are_looked_up_only_for_clinicians_with_something_to_find(clinician: Clinician) -> None:
    found = Clinician.objects.filter(problems.any_condition())

    plan = found.explain(analyze=True)

    assert "(never executed)" in plan
    looked_up = [line for line in plan.splitlines() if "contacts_preference" in line]
    assert len([line for line in looked_up if "(never executed)" not in line]) == 2
