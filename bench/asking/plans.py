"""Plans for people who are asked."""

from collections.abc import Sequence

from bench.load.people import Person
from bench.stack import Stack

WAIT_SECONDS = 6
COLLEAGUES = 2


def load(stack: Stack, people: Sequence[Person]) -> None:
    """Give each person a plan of their own for High and Medium, which asks them, then two colleagues."""
    for position, person in enumerate(people):
        following = [people[(position + step) % len(people)] for step in range(1, COLLEAGUES + 1)]
        make(stack, person, following, wait_seconds=WAIT_SECONDS, priorities="HM")


def make(
    stack: Stack, person: Person, following: Sequence[Person], *, wait_seconds: int, priorities: str
) -> None:
    """Make a plan for alerts of these priorities to a person: it asks them, then the people after them."""
    [(plan,)] = stack.rows(
        "INSERT INTO oncall_plan (name, active) VALUES (%s, true) RETURNING id",
        f"Plan of {person.contact_id}",
    )
    for number, colleague in enumerate([None, *following], start=1):
        stack.rows(
            "INSERT INTO oncall_planstep (plan_id, position, target, clinician_id, wait)"
            " SELECT %s, %s, %s, (SELECT id FROM contacts_clinician WHERE contact_id = %s),"
            " %s * interval '1 second'",
            plan,
            number,
            "named" if colleague else "addressed",
            colleague.contact_id if colleague else None,
            wait_seconds,
        )
    for priority in priorities:
        stack.rows(
            "INSERT INTO oncall_planchoice (plan_id, priority, clinician_id, department)"
            " SELECT %s, %s, id, '' FROM contacts_clinician WHERE contact_id = %s",
            plan,
            priority,
            person.contact_id,
        )
