"""What would happen for an alert, in words: with the saved values, and with those of a form."""

from collections.abc import Sequence
from typing import Any

from unfold.widgets import UnfoldAdminSelectWidget

from contacts import preferences, problems, route_words, routing
from contacts.admin.form import PRIORITY_FIELDS, ClinicianForm
from contacts.choices import Channel, Priority
from contacts.lookalikes import departments
from contacts.models import Clinician, PreferenceTemplate

UNCLEAR = "correct the errors above to see this"


def saved(clinician: Clinician) -> list[dict[str, Any]]:
    """What would happen for each priority, a line each. No query if the clinician's `preferences` were prefetched."""
    chosen = preferences.channels_by_priority(clinician) if clinician.pk else {}
    return [
        {
            "field": name,
            "priority": priority.label,
            "channels": [channel.value for channel in chosen.get(priority, [])],
            **_outcome(clinician, chosen.get(priority, [])),
        }
        for priority, name in PRIORITY_FIELDS.items()
    ]


def posted(form: ClinicianForm) -> dict[str, Any]:
    """Data for the page: the errors of each invalid field, how numbers are understood, doubts, and what would
    happen.
    """
    errors = {name: [str(each) for each in found] for name, found in form.errors.items()}
    risks: dict[str, list[str]] = {}
    outcomes: dict[str, Any] = {}
    for priority, channels in form.chosen().items():
        name = PRIORITY_FIELDS[priority]
        if name in errors or any(channel.facts.address_field in errors for channel in channels):
            outcomes[name] = {"sentence": UNCLEAR, "nobody": False}
            continue
        risks[name] = preferences.risks(Priority(priority), channels)
        outcomes[name] = _outcome(form.instance, channels)
    risks["department"] = list(departments.doubts([form.cleaned_data.get("department", "")]).values())
    understood = {}
    for channel in Channel:
        field = channel.facts.address_field
        address = form.cleaned_data.get(field, "")
        if address and channel.facts.address_is_number and field not in errors:
            shown = route_words.readable_address(channel, address)
            if shown != str(form.data.get(field, "")).strip():
                understood[field] = [f"Understood as {shown}."]
            risks[field] = problems.number_doubts(form.instance, [channel])
    return {"errors": errors, "risks": risks, "understood": understood, "outcomes": outcomes}


def templates(found: Sequence[PreferenceTemplate]) -> dict[str, Any]:
    """A select of templates, and the channels that each puts into the matrix."""
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


def _outcome(clinician: Clinician, channels: Sequence[Channel]) -> dict[str, Any]:
    route = routing.over(clinician, channels)
    return {"sentence": route_words.describe(route), "nobody": route.reason is not None}
