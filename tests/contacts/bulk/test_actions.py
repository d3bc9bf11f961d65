"""Bulk changes: the plan, the change, and the number of queries."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts import preferences
from contacts.bulk import plan
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from contacts.preferences import Wanted
from tests.contacts.crowd import make_crowd
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

LIST = "/admin/contacts/clinician/"
CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL
HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW


def chosen(**changes: str) -> dict[str, str]:
    """The posted form, which changes nothing but `changes`."""
    return {"high": "keep", "medium": "keep", "low": "keep", "lacking": "skip", **changes}


def act(client: Client, *who: Clinician, action: str = "change_preferences", **more: Any) -> Any:
    ids = [each.pk for each in who] or [0]
    return client.post(LIST, {"action": action, "_selected_action": ids, **more}, follow=True)


def confirmed(client: Client, *who: Clinician, **more: Any) -> Any:
    """Preview the change, and confirm it."""
    looked = act(client, *who, preview="1", **more)
    return act(client, *who, apply="1", **more, shown=looked.context["shown"])


def apply(
    who: QuerySet[Clinician], wanted: Wanted, *, partly: bool = False, reason: str = plan.REASON
) -> plan.BulkPlan:
    shown = plan.make_plan(who, wanted, partly=partly).digest()
    return plan.apply(who, wanted, partly=partly, shown=shown, reason=reason)


def set_active(*, active: bool) -> int:
    everybody = Clinician.objects.all()
    shown = plan.digest_of(everybody.exclude(active=active))
    return plan.set_active(everybody, active=active, shown=shown)


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_a_plan_counts_changed_unchanged_and_missing_addresses(clinician: Clinician) -> None:
    changing = make_clinician("C-2", {HIGH: [SMS]})
    lacking = make_clinician("C-3", {HIGH: [SMS]}, call_number="")
    everybody = Clinician.objects.order_by("pk")

    found = plan.make_plan(everybody, {HIGH: [CALL, SMS]}, partly=False)

    assert found.changes == {changing.pk: {HIGH: [CALL, SMS]}}
    assert (found.unchanged, found.skipped, found.partial) == (1, 1, 0)
    assert found.missing == [plan.MissingAddress(lacking.pk, "Clinician C-3 (C-3)", (CALL,))]


def test_partly_never_removes_the_last_channel() -> None:
    make_clinician("C-1", {HIGH: [SMS], LOW: [SMS]}, call_number="")

    done = apply(Clinician.objects.all(), {HIGH: [CALL, EMAIL], LOW: [CALL]}, partly=True)

    assert preferences.channels_by_priority(Clinician.objects.get()) == {
        HIGH: [EMAIL],
        MEDIUM: [],
        LOW: [SMS],
    }
    assert (done.partial, done.skipped, done.missing[0].kept) == (1, 0, (LOW,))


def test_only_changed_clinicians_get_one_history_entry(clinician: Clinician) -> None:
    changing = make_clinician("C-2", {HIGH: [SMS], MEDIUM: [SMS]})
    before = (clinician.history.count(), changing.history.count())

    apply(Clinician.objects.all(), {HIGH: [CALL, SMS], MEDIUM: [SMS]})

    assert (clinician.history.count(), changing.history.count()) == (before[0], before[1] + 1)
    entry = changing.history.first()
    assert entry.channels == {"H": ["call", "sms"], "M": ["sms"], "L": []}
    assert entry.history_change_reason == plan.REASON


def test_replacing_for_many_is_all_or_nothing(clinician: Clinician) -> None:
    other = make_clinician("C-2", {HIGH: [SMS]}, email="")

    with pytest.raises(ValueError, match="E-mail needs “E-mail address”"):
        preferences.replace_many({clinician.pk: {HIGH: [EMAIL]}, other.pk: {HIGH: [EMAIL]}})

    assert preferences.channels_by_priority(clinician)[HIGH] == [CALL, SMS]


def test_making_inactive_is_one_history_entry_for_each_active_clinician(clinician: Clinician) -> None:
    make_clinician("C-2", {}, active=False)

    assert set_active(active=False) == 1

    entry = clinician.history.first()
    assert (entry.active, entry.history_type, entry.channels["H"]) == (False, "~", ["call", "sms"])
    assert set_active(active=False) == 0


def test_two_hundred_cost_as_many_queries_as_ten() -> None:
    def queries(number: int, wanted: list[Channel]) -> int:
        some = Clinician.objects.filter(contact_id__in=[f"P-{each}" for each in range(number)])
        with CaptureQueriesContext(connection) as made:
            done = apply(some, {HIGH: wanted, LOW: [SMS]})
        assert len(done.changes) == number
        return len(made)

    make_crowd(200)

    assert queries(10, [SMS]) == queries(200, [EMAIL, CALL])


def test_the_page_says_what_would_change_and_changes_nothing(
    admin_client: Client, clinician: Clinician
) -> None:
    lacking = make_clinician("C-2", {}, call_number="")

    page = act(admin_client, clinician, lacking, preview="1", **chosen(high="call"))

    assert page.context["plan"].changes == {clinician.pk: {HIGH: [CALL]}}
    assert "Clinician C-2 (C-2)</a>: no address for Telephone call</li>" in page.content.decode()
    assert preferences.channels_by_priority(clinician)[HIGH] == [CALL, SMS]


def test_only_twenty_clinicians_without_an_address_are_named(admin_client: Client) -> None:
    make_crowd(25)
    Clinician.objects.update(email="")

    page = act(admin_client, select_across="1", preview="1", **chosen(low="email"))

    assert len(page.context["named"]) == 20
    assert "and 5 more." in page.content.decode()


def test_only_the_selected_clinicians_change(admin_client: Client, clinician: Clinician) -> None:
    other = make_clinician("C-2", {HIGH: [SMS]})

    answer = confirmed(admin_client, clinician, **chosen(high="sms call", low="none"))

    assert said(answer) == ["The preferences of 1 clinician are changed."]
    assert preferences.channels_by_priority(clinician) == {HIGH: [SMS, CALL], MEDIUM: [SMS], LOW: []}
    assert preferences.channels_by_priority(other)[HIGH] == [SMS]


def test_selecting_all_changes_more_than_one_page_of_the_list(admin_client: Client) -> None:
    make_crowd(120, department="Cardiology")
    other = make_clinician("C-1", {HIGH: [SMS]})

    sent = {
        "action": "change_preferences",
        "_selected_action": "0",
        "select_across": "1",
        **chosen(high="sms email"),
    }
    looked = admin_client.post(f"{LIST}?department=Cardiology", {**sent, "preview": "1"})
    shown = looked.context["shown"]
    admin_client.post(f"{LIST}?department=Cardiology", {**sent, "apply": "1", "shown": shown})

    changed = Clinician.objects.filter(department="Cardiology").prefetch_related("preferences")
    assert {tuple(preferences.channels_by_priority(each)[HIGH]) for each in changed} == {(SMS, EMAIL)}
    assert preferences.channels_by_priority(other)[HIGH] == [SMS]


def test_choosing_nothing_is_an_error(admin_client: Client, clinician: Clinician) -> None:
    page = act(admin_client, clinician, preview="1", **chosen())

    assert "Nothing would change: choose channels for at least one priority." in page.content.decode()


def test_an_auditor_may_not_change_many(auditor: Client, clinician: Clinician) -> None:
    act(auditor, clinician, apply="1", **chosen(high="none"))
    act(auditor, clinician, action="deactivate", apply="1")

    clinician.refresh_from_db()
    assert clinician.active
    assert preferences.channels_by_priority(clinician)[HIGH] == [CALL, SMS]


def test_making_inactive_asks_first(admin_client: Client, clinician: Clinician) -> None:
    page = act(admin_client, clinician, action="deactivate")
    clinician.refresh_from_db()
    assert clinician.active
    assert "Alerts for inactive clinicians are refused" in page.content.decode()

    answer = confirmed(admin_client, clinician, action="deactivate")

    clinician.refresh_from_db()
    assert not clinician.active
    assert said(answer) == ["1 clinician made inactive."]


def test_a_clinician_without_an_address_is_not_counted_as_unchanged(admin_client: Client) -> None:
    make_clinician("C-1", {LOW: [SMS]}, call_number="")

    answer = confirmed(admin_client, *Clinician.objects.all(), **chosen(low="call", lacking="partly"))

    assert said(answer) == [
        "Nobody's preferences are changed. 1 clinician lacks an address, and stays as before."
    ]


def test_partial_changes_are_counted(admin_client: Client, clinician: Clinician) -> None:
    make_clinician("C-2", {}, call_number="")

    answer = confirmed(
        admin_client, *Clinician.objects.all(), **chosen(high="call sms email", lacking="partly")
    )

    assert said(answer)[0].endswith(
        "changed. 1 of them lacks an address, and has only the channels that are left."
    )


def test_a_second_click_changes_nothing(admin_client: Client, clinician: Clinician) -> None:
    shown = act(admin_client, clinician, preview="1", **chosen(low="sms")).context["shown"]

    answers = [
        said(act(admin_client, clinician, apply="1", shown=shown, **chosen(low="sms"))) for _ in range(2)
    ]

    assert answers == [
        ["The preferences of 1 clinician are changed."],
        ["Nobody's preferences are changed. 1 clinician had them already."],
    ]


def test_an_outdated_preview_is_shown_again(admin_client: Client, clinician: Clinician) -> None:
    more = {"select_across": "1", **chosen(low="sms")}
    shown = act(admin_client, preview="1", **more).context["shown"]
    new = make_clinician("C-2", {LOW: [EMAIL]})

    again = act(admin_client, apply="1", shown=shown, **more)

    assert said(again)[0].startswith("Clinicians have changed since you looked. Nothing is saved")
    assert "Change 2 clinicians" in again.content.decode()
    assert preferences.channels_by_priority(new)[LOW] == [EMAIL]
    assert said(act(admin_client, apply="1", shown=again.context["shown"], **more)) == [
        "The preferences of 2 clinicians are changed."
    ]


def test_an_outdated_list_of_inactive_clinicians_is_shown_again(
    admin_client: Client, clinician: Clinician
) -> None:
    more = {"select_across": "1", "action": "deactivate"}
    shown = act(admin_client, **more).context["shown"]
    make_clinician("C-2", {})

    again = act(admin_client, apply="1", shown=shown, **more)

    assert "Make 2 inactive" in again.content.decode()
    assert Clinician.objects.filter(active=True).count() == 2
    shown = again.context["shown"]
    assert said(act(admin_client, apply="1", shown=shown, **more)) == ["2 clinicians made inactive."]
    assert said(act(admin_client, apply="1", shown=shown, **more)) == ["All of them are inactive already."]


def test_the_page_warns_of_unsafe_and_missing_channels(admin_client: Client, clinician: Clinician) -> None:
    make_clinician("C-2", {LOW: [EMAIL]}, call_number="", sms_number="")
    make_clinician("C-3", {LOW: [SMS]}, active=False)

    page = act(
        admin_client,
        select_across="1",
        preview="1",
        **chosen(high="call email", low="none", lacking="partly"),
    ).content.decode()

    assert "<li>1 clinician: High priority without a call or an SMS may not be noticed in time" in page
    assert "<li>2 clinicians: No channel for Low: such alerts will be refused" in page


@pytest.mark.parametrize("sent", [chosen(low="sms"), {"action": "deactivate"}], ids=["preferences", "state"])
def test_locked_clinicians_are_not_changed(
    admin_client: Client, clinician: Clinician, held: None, sent: dict[str, str]
) -> None:
    answer = confirmed(admin_client, clinician, **sent)

    assert said(answer)[0].startswith("Somebody is changing many clinicians at this moment")
    assert Clinician.objects.filter(active=True).count() == 1
    assert preferences.channels_by_priority(clinician)[LOW] == [EMAIL]
