"""Forms for changing the preferences of many clinicians."""

from itertools import permutations
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget

from contacts.bulk import plan
from contacts.choices import Channel, Priority, in_words
from contacts.models import PreferenceTemplate
from contacts.preferences import Wanted

KEEP, NONE = "keep", "none"

RING_AGAIN = (
    (Channel.CALL, Channel.CALL),
    (Channel.CALL, Channel.CALL, Channel.CALL),
    (Channel.CALL, Channel.SMS, Channel.CALL),
    (Channel.CALL, Channel.SMS, Channel.CALL, Channel.CALL),
)
"""Orders in which a call rings again. A clinician's page offers any other order."""


def _orders() -> list[tuple[str, Any]]:
    """Every order of channels, the short ones first, and calls that ring again."""
    choices: list[tuple[str, Any]] = [(KEEP, "Leave as it is"), (NONE, "No channel: alerts are refused")]
    for length in range(1, len(Channel) + 1):
        orders = [(" ".join(order), in_words(order)) for order in permutations(Channel, length)]
        choices.append((f"{length} channel{'s' if length > 1 else ''}, tried in this order", orders))
    choices.append(("A call that rings again", [(" ".join(order), in_words(order)) for order in RING_AGAIN]))
    return choices


class TemplateForm(forms.Form):
    """Applies a template. Channels without an address are left out, so that nobody becomes unreachable."""

    title = "Apply a preference template"
    template = forms.ModelChoiceField(
        PreferenceTemplate.objects.all(),
        empty_label="Choose one",
        error_messages={"required": "Choose a template."},
        widget=UnfoldAdminSelectWidget,
    )

    def wanted(self) -> Wanted:
        """The channels for each priority that changes."""
        found: Wanted = self.cleaned_data["template"].wanted()
        return found

    def partly(self) -> bool:
        """Whether clinicians who lack an address get the other channels."""
        return True

    def reason(self) -> str:
        """What the history gives as the reason."""
        return f"Template: {self.cleaned_data['template'].name}"


class PreferencesForm(forms.Form):
    """The channels in order for each priority, or no change."""

    title = "Change the preferences of many"

    high = forms.ChoiceField(label="High priority", choices=_orders, widget=UnfoldAdminSelectWidget)
    medium = forms.ChoiceField(label="Medium priority", choices=_orders, widget=UnfoldAdminSelectWidget)
    low = forms.ChoiceField(label="Low priority", choices=_orders, widget=UnfoldAdminSelectWidget)
    lacking = forms.ChoiceField(
        label="Clinicians who lack an address for one of these channels",
        choices=[
            ("skip", "leave them as they are"),
            ("partly", "give them the channels that can reach them"),
        ],
        initial="skip",
        widget=UnfoldAdminRadioSelectWidget,
    )

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors and not self.wanted():
            raise ValidationError("Nothing would change: choose channels for at least one priority.")
        return self.cleaned_data

    def wanted(self) -> Wanted:
        chosen = {priority: self.cleaned_data[priority.name.lower()] for priority in Priority}
        return {
            priority: [] if value == NONE else [Channel(each) for each in value.split()]
            for priority, value in chosen.items()
            if value != KEEP
        }

    def partly(self) -> bool:
        return bool(self.cleaned_data["lacking"] == "partly")

    def reason(self) -> str:
        """What the history gives as the reason."""
        return plan.REASON


BulkForm = TemplateForm | PreferencesForm
