"""The page of a plan: its steps, what it is used for, what is wrong with it, and what would happen now."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from contacts.choices import Channel, Priority
from contacts.models import Clinician, ManagedDepartment
from oncall import plans
from oncall.models import Plan, PlanChoice, Target
from staff.roles import Role
from tests.factories import make_clinician
from tests.oncall.factories import MINUTE, cover, make_colleague, make_plan
from tests.staff.users import browser_of

pytestmark = pytest.mark.django_db

LIST = "/admin/oncall/plan/"


@pytest.fixture
def editor(db: None) -> Client:
    return browser_of(Role.PREFERENCE_EDITORS, "editor", first_name="Edith", last_name="Elm")


def page_of(plan: Plan) -> str:
    return f"{LIST}{plan.pk}/change/"


def read(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def posted(
    *steps: tuple[Clinician | None, str],
    uses: Sequence[tuple[Priority, Clinician | None, str]] | None = None,
    **more: str,
) -> dict[str, Any]:
    """The form, with steps from the first one that is asked."""
    found: dict[str, Any] = {"name": "Nights", "active": "on", "_save": "Save", **more}
    for rows, length in (("steps", len(steps)), ("choices", len(uses or []))):
        found |= {f"{rows}-TOTAL_FORMS": length, f"{rows}-INITIAL_FORMS": 0}
    for number, (person, minutes) in enumerate(steps):
        found |= {
            f"steps-{number}-target": "named" if person else "addressed",
            f"steps-{number}-clinician": person.pk if person else "",
            f"steps-{number}-wait": minutes,
            f"steps-{number}-position": number,
        }
    for number, (priority, clinician, department) in enumerate(uses or []):
        found |= {
            f"choices-{number}-priority": priority.value,
            f"choices-{number}-clinician": clinician.pk if clinician else "",
            f"choices-{number}-department": department,
        }
    return found


def steps_of(plan: Plan) -> list[tuple[int, str, int | None, timedelta]]:
    return list(plan.steps.values_list("position", "target", "clinician", "wait"))


def test_a_plan_is_made_with_its_steps_and_uses(editor: Client, clinician: Clinician) -> None:
    colleague = make_colleague("C-2")

    answer = editor.post(
        f"{LIST}add/",
        posted(
            (None, "2"), (colleague, "1:30"), uses=[(Priority.HIGH, None, ""), (Priority.LOW, clinician, "")]
        ),
    )

    plan = Plan.objects.get()
    assert answer["Location"] == page_of(plan), "where it says what would happen"
    assert steps_of(plan) == [
        (1, Target.ADDRESSED, None, 2 * MINUTE),
        (2, Target.NAMED, colleague.pk, 1.5 * MINUTE),
    ]
    assert set(plan.choices.values_list("priority", "clinician")) == {("H", None), ("L", clinician.pk)}
    (entry,) = plan.history.all()
    assert entry.history_type == "+"
    assert entry.steps == ["The person the alert is for, 2 min", "Clinician C-2 (C-2), 1 min 30 s"]
    assert set(entry.uses) == {"High for everybody", "Low for Clinician C-1 (C-1)"}


def test_steps_change_places_and_are_taken_away(editor: Client, clinician: Clinician) -> None:
    colleague, third = make_colleague("C-2"), make_colleague("C-3")
    plan = make_plan(None, colleague, third)
    first, second, last = plan.steps.all()
    form = posted((None, "2"), (colleague, "2"), (third, "2"))
    form |= {"steps-INITIAL_FORMS": 3, "steps-0-position": 2, "steps-1-position": 1, "steps-2-DELETE": "on"}
    form |= {f"steps-{place}-id": step.pk for place, step in enumerate((first, second, last))}

    editor.post(page_of(plan), form)

    assert [step[:3] for step in steps_of(plan)] == [
        (1, Target.NAMED, colleague.pk),
        (2, Target.ADDRESSED, None),
    ]


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [
        ("0", "Wait between 5 seconds"),
        ("1441", "Wait between 5 seconds"),
        ("soon", "Enter minutes, such as 5"),
        ("1:75", "Enter minutes, such as 5"),
        ("", "This field is required."),
    ],
)
def test_a_wait_that_is_none_is_refused_in_a_sentence(editor: Client, minutes: str, sentence: str) -> None:
    assert sentence in read(editor.post(f"{LIST}add/", posted((None, minutes))))
    assert not Plan.objects.exists()


def test_a_wait_is_shown_as_it_was_entered(editor: Client) -> None:
    plan = make_plan(None, wait=timedelta(seconds=10))

    assert 'value="0:10"' in read(editor.get(page_of(plan)))


def test_a_step_by_name_needs_a_name(editor: Client) -> None:
    form = posted((None, "2")) | {"steps-0-target": "named"}

    assert "Choose who is asked." in read(editor.post(f"{LIST}add/", form))


@pytest.mark.parametrize("department", ["Ward 4", ""])
def test_alerts_of_another_plan_are_refused_with_its_name(
    editor: Client, clinician: Clinician, department: str
) -> None:
    Clinician.objects.update(department="Ward 4")
    make_plan(None, name="Days", department="ward4" if department else "")

    page = read(editor.post(f"{LIST}add/", posted((None, "2"), uses=[(Priority.HIGH, None, department)])))

    assert "The plan “Days” is used for these alerts." in page
    assert Plan.objects.count() == 1


def test_the_same_use_twice_is_refused(editor: Client) -> None:
    twice = [(Priority.HIGH, None, "")] * 2

    assert "This is in the list twice." in read(editor.post(f"{LIST}add/", posted((None, "2"), uses=twice)))


def test_nobody_undoes_what_a_colleague_saved(editor: Client) -> None:
    plan = make_plan(None)
    seen = plan.history.latest().pk
    plans.write(plan, plans.freeze(plan).steps * 2, [])

    page = read(editor.post(page_of(plan), posted((None, "9"), seen=str(seen))))

    assert "Nothing is saved: Somebody changed this plan after you opened this page." in page
    assert plan.steps.count() == 2


def test_the_changes_are_in_words(editor: Client, clinician: Clinician) -> None:
    plan = make_plan(None, name="Nights")
    plans.write(plan, plans.freeze(plan).steps, [])
    editor.post(page_of(plan), posted((clinician, "5"), uses=[(Priority.LOW, None, "")]))

    page = read(editor.get(page_of(plan)))

    assert "Edith Elm" in page or "editor" in page
    assert "from “The person the alert is for, 2 min” to “Clinician C-1 (C-1), 5 min”" in page
    assert "from “—” to “Low for everybody”" in page
    assert "Clinician C-1 (C-1), 5 min" in read(editor.get(f"{LIST}{plan.pk}/history/"))


def test_saving_without_a_change_adds_nothing_to_the_history(editor: Client) -> None:
    plan = make_plan(None, name="Nights")
    form = posted((None, "2"), uses=[(Priority.HIGH, None, "")])
    editor.post(page_of(plan), form)
    before = plan.history.count()

    editor.post(page_of(plan), form)

    assert plan.history.count() == before


def test_the_page_says_what_would_happen_now(editor: Client, clinician: Clinician) -> None:
    colleague, third = make_colleague("C-2"), make_colleague("C-3", active=False)
    plan = make_plan(None, colleague, third)

    page = read(editor.get(page_of(plan)))

    assert "For an alert to Clinician C-1 (C-1), as an example." in page
    call = "call +44 7700 900001, then SMS to +44 7700 900002"
    assert f"Clinician C-1 (C-1) is asked: {call}. 2 min to answer." in page
    assert "Clinician C-3 (C-3) is not active: passed over at once." in page

    cover(clinician, colleague)
    cover(colleague, None, begins=-10 * MINUTE)
    page = read(editor.get(f"{page_of(plan)}?for={clinician.pk}"))
    assert "For an alert to Clinician C-1 (C-1)." in page
    assert (
        "Clinician C-1 (C-1) is away, and nobody who is there covers for them: passed over at once." in page
    )


def test_the_page_says_who_is_asked_in_somebodys_place(editor: Client, clinician: Clinician) -> None:
    cover(clinician, make_colleague("C-2"))

    page = read(editor.get(page_of(make_plan(None))))

    assert "Clinician C-2 (C-2), who covers for Clinician C-1 (C-1), is asked: call" in page


def test_it_says_so_where_alerts_to_the_example_go_by_another_plan(
    editor: Client, clinician: Clinician
) -> None:
    plan = make_plan(None, name="for all")
    make_plan(None, name="their own", clinician=clinician)

    page = read(editor.get(f"{page_of(plan)}?for={clinician.pk}"))

    assert "Alerts to Clinician C-1 (C-1) do not go by this plan" in page


def test_a_plan_that_asks_nobody_says_so(editor: Client) -> None:
    plan = make_plan()
    for page in (read(editor.get(page_of(plan))), read(editor.get(LIST))):
        assert "It has no steps, so it asks nobody" in page

    inactive = make_plan(None, priority=Priority.LOW)
    Plan.objects.filter(pk=inactive.pk).update(active=False)
    PlanChoice.objects.filter(plan=inactive).delete()
    page = read(editor.get(page_of(inactive)))
    assert "It is not active, so it asks nobody" in page
    assert "It is used for no alerts." in page


def test_a_plan_that_names_somebody_who_cannot_be_reached_says_so(editor: Client) -> None:
    nobody = make_clinician("C-9", {})
    plan = make_plan(None, nobody, make_colleague("C-2", active=False))

    page = read(editor.get(page_of(plan)))

    assert "Step 2: Clinician C-9 (C-9) has no channel for this priority (High), and is passed over." in page
    assert "Step 3: Clinician C-2 (C-2) is not active, and is passed over." in page


def test_a_wait_that_is_too_short_for_the_persons_channels_is_warned_of(
    editor: Client, clinician: Clinician, settings: Any
) -> None:
    settings.CONNECT_RING_SECONDS, settings.REPEAT_AFTER = 30, MINUTE
    again = {Priority.HIGH: [Channel.CALL, Channel.SMS, Channel.CALL]}
    plan = make_plan(None, make_clinician("C-2", again), wait=MINUTE)

    page = read(editor.get(page_of(plan)))

    assert (
        "Step 2: 1 min is shorter than the 2 min that the channels of Clinician C-2 (C-2) take for High."
        in page
    )
    assert "Step 1:" not in page, "one call of half a minute, and an SMS"


def test_it_is_warned_of_for_whomever_an_alert_may_be_for(editor: Client, settings: Any) -> None:
    """Not only for the example: for everybody by whose name the plan is used, and for no other priority."""
    settings.CONNECT_RING_SECONDS, settings.REPEAT_AFTER = 30, MINUTE
    again = {each: [Channel.CALL, Channel.SMS, Channel.CALL] for each in (Priority.HIGH, Priority.LOW)}
    people = [make_clinician(f"C-{number}", again) for number in range(2, 10)]
    plan = make_plan(None, wait=MINUTE, priority=Priority.HIGH, clinician=people[0])
    for person in people[1:]:
        PlanChoice.objects.create(plan=plan, priority=Priority.HIGH, clinician=person)

    page = read(editor.get(page_of(plan)))

    for number in range(2, 7):
        name = f"Clinician C-{number} (C-{number})"
        assert f"Step 1: 1 min is shorter than the 2 min that the channels of {name} take for High." in page
    assert "Step 1: the same holds 3 times more." in page
    assert "take for Low" not in page


def test_before_a_plan_in_use_is_deleted_the_page_says_what_for(admin_client: Client) -> None:
    plan = make_plan(None, department="Ward 4")

    page = read(admin_client.get(f"{LIST}{plan.pk}/delete/"))

    assert "This plan is in use: High for Ward 4." in page
    admin_client.post(f"{LIST}{plan.pk}/delete/", {"post": "yes"})
    assert not PlanChoice.objects.exists()


def test_managers_see_the_plans_of_their_departments(clinician: Clinician) -> None:
    manager = browser_of(Role.WARD_MANAGERS, "manager")
    Clinician.objects.update(department="Ward 4")
    for_all, theirs = make_plan(None, name="for all"), make_plan(None, name="theirs", department="ward4")
    by_name = make_plan(clinician, name="by name", department="Ward 5")
    others = make_plan(None, name="others", department="Ward 6")
    assert manager.get(page_of(theirs)).status_code == 302, "as if it were not there"

    user = manager.session["_auth_user_id"]
    ManagedDepartment.objects.create(user_id=user, name="WARD 4")

    for plan in (for_all, theirs, by_name):
        assert manager.get(page_of(plan)).status_code == 200
    assert manager.get(page_of(others)).status_code == 302
    page = read(manager.get(LIST))
    assert "by name" in page
    assert "others" not in page
