"""What would happen now, in words: of what is saved, and of a form that is being edited."""

from collections.abc import Sequence
from typing import Any

from unfold.widgets import UnfoldAdminSelectWidget

from contacts import preferences, routing, wording
from contacts.admin.form import PRIORITY_FIELDS, ClinicianForm
from contacts.choices import Channel, Priority
from contacts.models import Clinician, PreferenceTemplate

UNCLEAR = "this is known when what is marked above has been put right"


def saved(clinician: Clinician) -> list[dict[str, Any]]:
    """A line for each priority. No query where the clinician's `preferences` were prefetched."""
    chosen = preferences.channels_by_priority(clinician) if clinician.pk else {}
    return [
        {
            "field": name,
            "priority": priority.label,
            "channels": [channel.value for channel in chosen.get(priority, [])],
            **_told(clinician, chosen.get(priority, [])),
        }
        for priority, name in PRIORITY_FIELDS.items()
    ]


def considered(form: ClinicianForm) -> dict[str, Any]:
    """For each field at fault its errors, and for each priority its risks and what would happen. Nothing is saved."""
    errors = {name: [str(each) for each in found] for name, found in form.errors.items()}
    risks: dict[str, list[str]] = {}
    told: dict[str, Any] = {}
    for priority, channels in form.chosen().items():
        name = PRIORITY_FIELDS[priority]
        if name in errors or any(channel.address_field in errors for channel in channels):
            told[name] = {"sentence": UNCLEAR, "nobody": False}
            continue
        risks[name] = preferences.risks(Priority(priority), channels)
        told[name] = _told(form.instance, channels)
    return {"errors": errors, "risks": risks, "told": told}


def templates(found: Sequence[PreferenceTemplate]) -> dict[str, Any]:
    """A box to choose a template from, which is not sent with the form, and what each fills into the matrix."""
    return {
        "choice": UnfoldAdminSelectWidget(
            choices=[("", "Choose one"), *((template.pk, template.name) for template in found)]
        ).render("", "", attrs={"id": "preference-template", "autocomplete": "off"})
        if found
        else "",
        "filled": {
            str(template.pk): {
                PRIORITY_FIELDS[priority]: channels for priority, channels in template.wanted().items()
            }
            for template in found
        },
    }


def _told(clinician: Clinician, channels: Sequence[Channel]) -> dict[str, Any]:
    route = routing.over(clinician, channels)
    return {"sentence": wording.told(route), "nobody": route.reason is not None}
