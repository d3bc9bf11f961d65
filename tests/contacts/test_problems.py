"""Problems of clinicians: the query and the sentences agree."""

import random
import re
from collections.abc import Callable, Sequence
from itertools import product

import pytest
from django.db import connection

from contacts import obstacles, problems
from contacts.choices import Channel, ObstacleKind, Priority, Subscription
from contacts.models import Clinician, EmailSubscription, Preference
from contacts.problems import Problem
from tests.copies import copy
from tests.factories import SUBSCRIPTION, make_clinician

pytestmark = pytest.mark.django_db

CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL
HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW
PENDING: dict[str, str] = {"state": Subscription.PENDING}
CONFIRMED: dict[str, str] = {"state": Subscription.CONFIRMED, "subscription_arn": SUBSCRIPTION}
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


def test_a_corrected_number_is_not_a_problem_any_more(clinician: Clinician) -> None:
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


def change_something(who: Clinician, dice: random.Random) -> None:
    """One of the changes that staff, providers and relays make."""
    one, subscription = Clinician.objects.filter(pk=who.pk), EmailSubscription.objects.filter(clinician=who)
    chosen = {each: dice.sample([*Channel], dice.randint(0, 3)) for each in dice.sample([*Priority], 2)}
    field, number = dice.choice(["call_number", "sms_number"]), dice.choice(["", "+442079460000"])
    changes: list[Callable[[], object]] = [
        lambda: one.update(active=dice.random() > 0.3),
        lambda: one.update(**{field: ""}),
        lambda: one.update(email=dice.choice(["", "a@ward.example", "b@ward.example"])),
        lambda: save(who, sms_number=number),
        lambda: save(who, sms_number="+447700900003", call_number="+447700900003"),
        lambda: who.preferences.filter(priority=dice.choice([*Priority])).delete(),
        lambda: who.preferences.update(channel=dice.choice([*Channel])),
        lambda: Preference.objects.bulk_create(rows(who, chosen), ignore_conflicts=True),
        lambda: subscription.update(**dice.choice([PENDING, CONFIRMED])),
        lambda: obstacles.remember(who.pk, SMS, "+447700900003", ObstacleKind.OPTED_OUT),
        lambda: obstacles.forget(who.pk, SMS, "+447700900003"),
    ]
    dice.choice(changes)()


def test_the_query_and_the_sentences_agree_whatever_changes(clinician: Clinician) -> None:
    dice = random.Random(7)  # noqa: S311 - a plan that can be repeated
    people = [clinician, *(make_clinician(f"C-{number}", ALL_WELL) for number in range(2, 5))]
    wanted = {*Problem} - {Problem.NOT_NAMEABLE}
    seen: set[Problem] = set()

    for turn in range(500):
        if turn > 100 and seen == wanted:
            break
        change_something(dice.choice(people), dice)
        everybody = [*Clinician.objects.prefetch_related("preferences", "obstacles", "email_subscriptions")]
        wrong = {each.pk for each in everybody if problems.sentences(each)}
        found = Clinician.objects.filter(problems.any_condition()).values_list("pk", flat=True)
        assert set(found) == wrong
        seen.update(problem for problem in Problem if having(problem))

    assert seen == wanted


def save(who: Clinician, **fields: str) -> None:
    """Save as a page does, which writes each column."""
    stored = Clinician.objects.get(pk=who.pk)
    for name, value in fields.items():
        setattr(stored, name, value)
    stored.save()


def rows(who: Clinician, wanted: dict[Priority, list[Channel]]) -> list[Preference]:
    return [
        Preference(clinician=who, priority=priority, position=position, channel=channel)
        for priority, channels in wanted.items()
        for position, channel in enumerate(channels, start=1)
    ]


def make_thousands() -> None:
    """P-0 to P-2999, to whom nothing is wrong."""
    first = make_clinician("P-0", ALL_WELL)
    with connection.cursor() as cursor:
        # The triggers look at each row for problems, of which these have none.
        cursor.execute("SET LOCAL session_replication_role = replica")
        new = {"id": f"{first.pk} + 1000000 + n"}
        copy(first, range(1, 3000), **new, contact_id="'P-' || n", name="'Person ' || n")
        for row in (*first.preferences.all(), *first.email_subscriptions.all()):
            copy(row, range(1, 3000), clinician_id=new["id"])
        cursor.execute("RESET session_replication_role")


def test_home_and_the_list_read_nobody_without_a_problem(clinician: Clinician) -> None:
    make_thousands()
    make_clinician("C-2", {HIGH: [CALL]})
    obstacles.remember(clinician.pk, SMS, clinician.sms_number, ObstacleKind.OPTED_OUT)
    lost = Clinician.objects.get(contact_id="P-7")
    EmailSubscription.objects.filter(clinician=lost).update(**PENDING)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contacts_clinician, contacts_preference, contacts_emailsubscription")

    asked = [problems.any_condition(), *(problems.condition(each) for each in Problem)]
    plans = [Clinician.objects.filter(each).order_by().explain(analyze=True) for each in asked]

    assert set(Clinician.objects.filter(asked[0]).values_list("contact_id", flat=True)) == {
        "C-1",
        "C-2",
        "P-7",
    }
    assert [
        plan for plan in plans if re.search(r"Seq Scan on contacts_(clinician|preference|email)", plan)
    ] == []
