"""The clinician's page: its preview, templates and changes."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician, PreferenceTemplate
from tests.contacts.admin.test_admin import ADD, LIST, TAKEN, page_of, typed
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL
HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW


def ask(client: Client, clinician: Clinician, **changes: str) -> dict[str, Any]:
    """The preview of the fixture's clinician with changes."""
    found: dict[str, Any] = client.post(
        page_of(clinician).replace("change", "preview"), typed(**changes)
    ).json()
    return found


def outcomes(answer: dict[str, Any]) -> dict[str, str]:
    return {field: each["sentence"] for field, each in answer["outcomes"].items()}


def test_it_says_what_would_happen(admin_client: Client, clinician: Clinician) -> None:
    answer = ask(admin_client, clinician, call_number="+44 7700 900123", low="")

    assert outcomes(answer) == {
        "high": "call +44 7700 900123, then SMS to +44 7700 900002",
        "medium": "SMS to +44 7700 900002",
        "low": "nobody would be alerted: choose a channel",
    }
    assert answer["errors"] == {}
    assert [field for field, each in answer["outcomes"].items() if each["nobody"]] == ["low"]


def test_an_inactive_clinician_is_not_alerted(admin_client: Client, clinician: Clinician) -> None:
    answer = ask(admin_client, clinician, active="")

    assert outcomes(answer)["high"] == "nobody would be alerted: this person is not active"


def test_the_preview_has_the_same_errors_as_saving(admin_client: Client, clinician: Clinician) -> None:
    changes = {"call_number": "", "sms_number": "07700 9", "low": "email email email email"}

    asked = ask(admin_client, clinician, **changes)["errors"]

    saved = admin_client.post(page_of(clinician), typed(**changes)).context["adminform"].form.errors
    assert asked == {field: list(found) for field, found in saved.items()}
    assert set(asked) == {"sms_number", "high", "low"}


def test_no_outcome_is_claimed_beside_an_error(admin_client: Client, clinician: Clinician) -> None:
    answer = ask(admin_client, clinician, sms_number="07700 9", low="email email email email")

    assert outcomes(answer)["medium"] == "correct the errors above to see this"
    assert outcomes(answer)["low"] == outcomes(answer)["medium"]


@pytest.mark.parametrize(("high", "risks"), [("email", 1), ("email sms", 0), ("call", 0), ("", 0)], ids=str)
def test_high_without_call_or_sms_is_a_risk_and_no_error(
    admin_client: Client, clinician: Clinician, high: str, risks: int
) -> None:
    answer = ask(admin_client, clinician, high=high)

    assert answer["errors"] == {}
    assert len(answer["risks"]["high"]) == risks


def test_saving_a_risk_warns(admin_client: Client, clinician: Clinician) -> None:
    answer = admin_client.post(page_of(clinician), typed(high="email"), follow=True)

    assert "High priority without a call or an SMS" in str(next(iter(answer.context["messages"])))


def test_the_preview_saves_nothing(admin_client: Client, clinician: Clinician) -> None:
    ask(admin_client, clinician, name="Other", high="email", email="other@ward.example")

    clinician.refresh_from_db()
    assert (clinician.name, clinician.email) == ("Clinician C-1", "clinician@ward.example")
    assert preferences.channels_by_priority(clinician)[HIGH] == [CALL, SMS]
    assert clinician.history.count() == 2


def test_a_new_clinician_has_a_preview(admin_client: Client, clinician: Clinician) -> None:
    answer = admin_client.post("/admin/contacts/clinician/preview/", typed()).json()

    assert answer["errors"] == {"contact_id": [TAKEN]}
    assert Clinician.objects.count() == 1


def test_the_page_says_what_would_happen_with_the_saved_values(
    admin_client: Client, clinician: Clinician
) -> None:
    page = admin_client.get(page_of(clinician)).content.decode()

    assert "call +44 7700 900001, then SMS to +44 7700 900002" in page


def test_a_refused_page_says_what_would_happen_with_the_saved_values(
    admin_client: Client, clinician: Clinician
) -> None:
    answer = admin_client.post(page_of(clinician), typed(sms_number="07700 9", email="other@ward.example"))

    assert [line["sentence"] for line in answer.context["now"]] == [
        "call +44 7700 900001, then SMS to +44 7700 900002",
        "SMS to +44 7700 900002",
        "e-mail to clinician@ward.example",
    ]


def test_a_viewer_sees_what_would_happen_and_has_no_preview(clinician: Clinician) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_clinician"))
    client = Client()
    client.force_login(viewer)

    page = client.get(page_of(clinician)).content.decode()

    assert "call +44 7700 900001, then SMS to +44 7700 900002" in page
    assert "data-preview" not in page
    assert "preference-template" not in page
    assert client.post(page_of(clinician).replace("change", "preview"), typed()).status_code == 403


def test_the_tab_of_changes_shows_who_old_and_new(admin_client: Client, clinician: Clinician) -> None:
    admin_client.post(page_of(clinician), typed(medium="sms email"))

    page = admin_client.get(page_of(clinician)).content.decode()

    assert "from “SMS” to “SMS → E-mail”" in page
    assert "admin" in page.split('id="change-history"')[1].split("</li>")[0]


def test_the_page_takes_as_many_queries_with_a_long_history(
    admin_client: Client, clinician: Clinician
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(page_of(clinician))
        return len(captured)

    queries()  # the first of a process also looks up the content types
    few = queries()
    for number in range(30):
        clinician.role = f"Role {number}"
        clinician.save()

    assert queries() == few < 20


def test_a_template_is_edited_in_the_same_matrix(admin_client: Client) -> None:
    page = "/admin/contacts/preferencetemplate/add/"
    fields = {"name": "Nights", "high_0": "sms", "high_1": "call", "low_0": ""}

    assert admin_client.post(page, fields).status_code == 302

    assert PreferenceTemplate.objects.get(name="Nights").wanted() == {HIGH: [SMS, CALL]}


def test_a_template_without_any_channel_is_refused(admin_client: Client) -> None:
    answer = admin_client.post("/admin/contacts/preferencetemplate/add/", {"name": "Empty"})

    assert answer.context["adminform"].form.non_field_errors() == [
        "Choose a channel for at least one priority."
    ]


def test_the_page_of_a_new_clinician_offers_the_templates(admin_client: Client) -> None:
    template = PreferenceTemplate.objects.get()

    page = admin_client.get(ADD).content.decode()

    assert f'"{template.pk}": {{"high": ["call", "sms"], "medium": ["sms"], "low": ["email"]}}' in page


def choose(client: Client, *clinicians: Clinician, **more: str) -> Any:
    """Choose clinicians in the list, and the action."""
    fields = {"action": "apply_template", "_selected_action": [str(each.pk) for each in clinicians], **more}
    return client.post(LIST, fields, follow=True)


def apply(client: Client, *clinicians: Clinician, **more: str) -> Any:
    """Preview the template, and confirm it."""
    more = {"template": str(PreferenceTemplate.objects.get().pk), **more}
    shown = choose(client, *clinicians, **more, preview="1").context["shown"]
    return choose(client, *clinicians, **more, apply="1", shown=shown)


def test_the_page_of_a_template_names_who_lacks_an_address(
    admin_client: Client, clinician: Clinician
) -> None:
    other = make_clinician("C-2", {LOW: [SMS]}, email="", call_number="")
    template = PreferenceTemplate.objects.get()

    page = choose(admin_client, clinician, other, template=str(template.pk), preview="1").content.decode()

    assert "Change 1 clinician" in page
    words = " ".join(page.split("Clinician C-2 (C-2)</a>:")[1].split("</li>")[0].split())
    assert words == "no address for Telephone call and E-mail; Low stays as it is"
    assert preferences.channels_by_priority(other)[LOW] == [SMS]


def test_a_template_is_applied_when_it_is_confirmed(admin_client: Client, clinician: Clinician) -> None:
    other = make_clinician("C-2", {LOW: [SMS]})
    template = PreferenceTemplate.objects.get()

    answer = apply(admin_client, clinician, other)

    assert preferences.channels_by_priority(other) == template.wanted()
    entry: Any = other.history.first()
    assert entry.history_user.username == "admin"
    assert entry.history_change_reason == f"Template: {template.name}"
    assert [str(message) for message in answer.context["messages"]] == [
        "The preferences of 1 clinician are changed. 1 clinician had them already."
    ]


def test_applying_without_a_template_is_refused(admin_client: Client, clinician: Clinician) -> None:
    page = choose(admin_client, clinician, template="", apply="1").content.decode()

    assert "Choose a template." in page


def test_selecting_the_whole_list_applies_to_all(admin_client: Client, clinician: Clinician) -> None:
    other = make_clinician("C-2", {LOW: [SMS]})

    apply(admin_client, clinician, select_across="1")

    assert preferences.channels_by_priority(other) == PreferenceTemplate.objects.get().wanted()


def test_a_viewer_may_not_apply_a_template(clinician: Clinician) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_clinician"))
    client = Client()
    client.force_login(viewer)
    preferences.replace(clinician, {LOW: [SMS]})

    answer = choose(client, clinician, template=str(PreferenceTemplate.objects.get().pk), preview="1")

    assert "shown" not in answer.context
    assert preferences.channels_by_priority(clinician)[LOW] == [SMS]


def test_saving_an_unsafe_template_warns(admin_client: Client) -> None:
    answer = admin_client.post(
        "/admin/contacts/preferencetemplate/add/", {"name": "Mail", "high_0": "email"}, follow=True
    )

    assert "High priority without a call or an SMS" in str(next(iter(answer.context["messages"])))
