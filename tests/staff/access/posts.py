"""Everything that can be posted in the admin, with the data, and who may post it.

New pages and actions are found by themselves, and the tests fail until `POSTS` or `ACTIONS` says who may use them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from alerts import intake
from clients.models import ApiClient
from contacts.bulk import plan
from contacts.choices import Channel, Priority
from tests.factories import an_alert, make_clinician
from tests.staff.access.permissions import (
    AUDITORS,
    EDITORS,
    EVERYBODY,
    INTEGRATORS,
    MANAGERS,
    NOBODY,
    OPERATORS,
    addresses,
    only,
)
from tests.staff.users import SUPERUSER, Records, make_user

PASSWORDS = {"usable_password": "true", "password1": "kT7-vowel-pond", "password2": "kT7-vowel-pond"}
PERSON = {
    "name": "Changed",
    "contact_id": "C-7",
    "active": "on",
    "sms_number": "+447700900007",
    "high_0": "sms",
}
PREFERENCES = {"high": "sms", "medium": "keep", "low": "keep", "lacking": "skip", "apply": "1"}


@dataclass(frozen=True)
class PostRule:
    """Who may do it, what they post, and whether that changes something."""

    who: frozenset[str]
    posted: Callable[[Records], dict[str, Any]] = lambda _records: {}
    changes: bool = True


def of(**posted: Any) -> Callable[[Records], dict[str, Any]]:
    return lambda _records: posted


def seen(records: Records) -> dict[str, Any]:
    """The data of an alert's confirmation page."""
    told = {"outcome": "in_person", "told": "The registrar"}
    return {"confirmed": "yes", "seen": f"{records.alert.pk}:0", **told}


def new_token(records: Records) -> dict[str, Any]:
    return {"client": records.client.pk, "label": "Analyser 3", "access": "send"}


def token(records: Records) -> dict[str, Any]:
    return {"token": records.token.pk}


def user(records: Records) -> dict[str, Any]:
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00"}
    departments = {f"managed_departments-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
    return {"username": "changed", "is_active": "on", **joined, **departments}


def of_many(records: Records) -> dict[str, Any]:
    """The data of the preview of changed preferences."""
    planned = plan.make_plan([records.clinician], {Priority.HIGH: [Channel.SMS]}, partly=False)
    return {**PREFERENCES, "shown": planned.digest()}


def inactive(records: Records) -> dict[str, Any]:
    return {"apply": "1", "shown": plan.digest_of([records.clinician])}


def template(records: Records) -> dict[str, Any]:
    planned = plan.make_plan([records.clinician], records.template.wanted(), partly=True)
    return {"template": records.template.pk, "apply": "1", "shown": planned.digest()}


def plan_of(records: Records) -> dict[str, Any]:
    """A plan with one step, for no alerts."""
    empty = {f"{rows}-{name}_FORMS": "0" for rows in ("steps", "choices") for name in ("TOTAL", "INITIAL")}
    step = {"steps-0-target": "addressed", "steps-0-wait": "3", "steps-0-position": "1"}
    return {"name": "Changed", "active": "on", **empty, "steps-TOTAL_FORMS": "1", **step}


def cover_of(records: Records) -> dict[str, Any]:
    """An absence in the year 2100."""
    times = {"begins_0": "2100-01-01", "begins_1": "08:00", "ends_0": "2100-01-02", "ends_1": "08:00"}
    return {"clinician": records.clinician.pk, **times}


def claim_of(records: Records) -> dict[str, Any]:
    """A claim that nobody has a row for."""
    return {"value": "ward-7", "group": records.group.pk}


def file(_records: Records) -> dict[str, Any]:
    return {"import_file": SimpleUploadedFile("people.csv", b"contact_id,name\nC-9,New")}


POSTS: dict[str, PostRule] = {
    "first_alert": PostRule(
        only(OPERATORS), of(contact_id="C-1", priority="L", confirmed="yes"), changes=False
    ),
    "trail": PostRule(only(AUDITORS), changes=False),
    "trail_patient": PostRule(only(AUDITORS), of(reference="P-1"), changes=False),
    "trail_changes": PostRule(only(AUDITORS), changes=False),
    "trail_changes_export": PostRule(only(AUDITORS), changes=False),
    "aws_check": PostRule(only(), changes=False),
    "find": PostRule(EVERYBODY, of(term="c"), changes=False),
    "contacts_clinician_add": PostRule(only(EDITORS), of(**PERSON)),
    "contacts_clinician_change": PostRule(only(EDITORS), of(**PERSON)),
    "contacts_clinician_delete": PostRule(only(), of(post="yes")),
    "contacts_clinician_import": PostRule(only(EDITORS), file, changes=False),  # it is looked at first
    "contacts_clinician_process_import": PostRule(only(EDITORS), changes=False),
    "contacts_clinician_export": PostRule(only(EDITORS, AUDITORS), of(format="csv"), changes=False),
    "contacts_clinician_preview": PostRule(only(EDITORS), of(**PERSON), changes=False),
    "contacts_clinician_preview_of": PostRule(only(EDITORS), of(**PERSON), changes=False),
    "contacts_clinician_confirmation": PostRule(
        only(EDITORS), of(action="again"), changes=False
    ),  # it is confirmed
    "contacts_clinician_test": PostRule(only(EDITORS, OPERATORS), of(channel="sms")),
    "contacts_preferencetemplate_add": PostRule(only(EDITORS), of(name="Days", high_0="sms")),
    "contacts_preferencetemplate_change": PostRule(only(EDITORS), of(name="Changed", high_0="sms")),
    "contacts_preferencetemplate_delete": PostRule(only(), of(post="yes")),
    "oncall_plan_add": PostRule(only(EDITORS), plan_of),
    "oncall_plan_change": PostRule(only(EDITORS), plan_of),
    "oncall_plan_delete": PostRule(only(), of(post="yes")),
    "oncall_cover_add": PostRule(only(EDITORS, OPERATORS), cover_of),
    "oncall_cover_change": PostRule(only(EDITORS, OPERATORS), cover_of),
    "oncall_cover_end": PostRule(only(EDITORS, OPERATORS)),
    "oncall_cover_delete": PostRule(only(), of(post="yes")),
    "alerts_alert_search": PostRule(only(MANAGERS, OPERATORS, AUDITORS), of(q="failed"), changes=False),
    "alerts_alert_take": PostRule(only(OPERATORS), seen),
    "alerts_alert_hand_back": PostRule(only(OPERATORS), seen, changes=False),  # nobody is on it
    "alerts_alert_reopen": PostRule(only(OPERATORS), seen, changes=False),  # it was not dealt with
    "alerts_alert_forward": PostRule(only(OPERATORS), seen, changes=False),  # a person is chosen first
    "alerts_alert_answer": PostRule(only(OPERATORS), seen, changes=False),  # nobody was asked
    "alerts_alert_resend": PostRule(only(OPERATORS), seen),
    "alerts_alert_cancel": PostRule(only(OPERATORS), seen),
    "alerts_alert_close": PostRule(only(OPERATORS), seen),
    "clients_apiclient_add": PostRule(only(INTEGRATORS), of(name="Pharmacy", active="on")),
    "clients_apiclient_change": PostRule(only(INTEGRATORS), of(name="Changed", active="on")),
    "clients_apiclient_delete": PostRule(only(), of(post="yes")),
    "clients_apitoken_add": PostRule(only(INTEGRATORS), new_token),
    "clients_apitoken_rotate": PostRule(only(INTEGRATORS), token),
    "clients_apitoken_revoke": PostRule(only(INTEGRATORS), token),
    "clients_apitoken_issued": PostRule(only(INTEGRATORS), changes=False),
    "auth_user_add": PostRule(only(), of(username="new.person", **PASSWORDS)),
    "auth_user_change": PostRule(only(), user),
    "auth_user_password_change": PostRule(only(), of(**PASSWORDS)),
    "auth_group_add": PostRule(only(), of(name="Night shift")),
    "auth_group_change": PostRule(only(), of(name="Changed")),
    "auth_group_delete": PostRule(only(), of(post="yes")),
    "staff_roleclaim_add": PostRule(only(), claim_of),
    "staff_roleclaim_change": PostRule(only(), claim_of),
    "staff_roleclaim_delete": PostRule(only(), of(post="yes")),
    **{
        f"alerts_alert_{page}": PostRule(NOBODY, of(post="yes", label="Changed", state="closed"))
        for page in ("add", "change", "delete")
    },
    "clients_apitoken_change": PostRule(NOBODY, of(label="Changed")),
    "clients_apitoken_delete": PostRule(NOBODY, of(post="yes")),
    "auth_user_delete": PostRule(NOBODY, of(post="yes")),
}
"""By page name. Posting to any other page changes nothing."""

ACTIONS: dict[str, PostRule] = {
    "contacts_clinician delete_selected": PostRule(only(), of(post="yes")),
    "contacts_clinician change_preferences": PostRule(only(EDITORS), of_many),
    "contacts_clinician activate": PostRule(only(EDITORS), of(apply="1"), changes=False),  # they are already
    "contacts_clinician deactivate": PostRule(only(EDITORS), inactive),
    "contacts_clinician apply_template": PostRule(only(EDITORS), template),
    "contacts_preferencetemplate delete_selected": PostRule(only(), of(post="yes")),
    "oncall_plan delete_selected": PostRule(only(), of(post="yes")),
    "oncall_cover delete_selected": PostRule(only(), of(post="yes")),
    "alerts_alert resend_selected": PostRule(only(OPERATORS), seen),
    "alerts_alert cancel_selected": PostRule(only(OPERATORS), seen),
    "alerts_alert close_selected": PostRule(only(OPERATORS), seen),
    "alerts_refusal mark_seen": PostRule(only(OPERATORS, INTEGRATORS)),
    "alerts_alert reopen_selected": PostRule(only(OPERATORS), changes=False),  # it was not dealt with
    "clients_apiclient delete_selected": PostRule(only(), of(post="yes")),
    "clients_apitoken rotate": PostRule(
        only(INTEGRATORS), changes=False
    ),  # these two lead to a page that asks
    "clients_apitoken revoke": PostRule(only(INTEGRATORS), changes=False),
    "auth_group delete_selected": PostRule(only(), of(post="yes")),
    "auth_user forget_factors": PostRule(only()),
    "staff_roleclaim delete_selected": PostRule(only(), of(post="yes")),
}
"""By model and action of its list."""

UNUSED = ("delete", "delete_selected")
UNSENT = ("cancel", "cancel_selected")


def actions() -> set[str]:
    """The actions of all lists: those that a superuser is offered."""
    request = RequestFactory().get("/")
    request.user = make_user(SUPERUSER)
    return {
        f"{model._meta.app_label}_{model._meta.model_name} {name}"  # noqa: SLF001 - Django's documented API
        for model, found in admin.site._registry.items()  # noqa: SLF001 - there is no other way to all of them
        for name in found.get_actions(request)
    }


@dataclass(frozen=True)
class Post:
    """One post: its path, a function that makes its fields (a file can be read only once), and who may do it."""

    path: str
    fields: Callable[[], dict[str, Any]]
    rule: PostRule


def posts(records: Records) -> dict[str, Post]:
    """Everything that can be posted. Deletes use unreferenced objects, and cancels an unsent alert."""
    unused = replace(
        records,
        clinician=make_clinician("C-8", {}),
        client=ApiClient.objects.create(name="Unused"),
        group=Group.objects.create(name="Unused"),
    )
    new = intake.NewAlert(**{**an_alert(message_id="unsent-1"), "priority": Priority.LOW})
    unsent = replace(records, alert=intake.accept(client=records.client, new=new).alert)

    def things(name: str) -> Records:
        return unused if name.endswith(UNUSED) else unsent if name.endswith(UNSENT) else records

    def page(name: str, path: str) -> Post:
        rule = POSTS.get(name, PostRule(NOBODY, of(post="yes", name="Changed")))
        return Post(path, lambda: rule.posted(things(name)), rule)

    def action(name: str, rule: PostRule) -> Post:
        model, called = name.split(" ")
        found = things(called)
        chosen = {
            "contacts_clinician": found.clinician,
            "contacts_preferencetemplate": found.template,
            "oncall_plan": found.plan,
            "oncall_cover": found.cover,
            "alerts_alert": found.alert,
            "alerts_refusal": found.refusal,
            "clients_apiclient": found.client,
            "clients_apitoken": found.token,
            "auth_group": found.group,
            "auth_user": found.user,
            "staff_roleclaim": found.claim,
        }[model]
        asked = {"action": called, "_selected_action": chosen.pk, "index": "0"}
        return Post(pages[f"{model}_changelist"], lambda: {**asked, **rule.posted(found)}, rule)

    pages = addresses(records)
    return {
        **{name: page(name, addresses(things(name))[name]) for name in pages},
        **{name: action(name, rule) for name, rule in ACTIONS.items()},
    }
