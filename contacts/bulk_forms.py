"""What staff choose for many clinicians at once."""

from itertools import permutations
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget

from contacts.choices import Channel, Priority, in_words

KEEP, NONE = "keep", "none"


def _orders() -> list[tuple[str, Any]]:
    """Every order of channels there is, the short ones first."""
    choices: list[tuple[str, Any]] = [(KEEP, "Leave as it is"), (NONE, "No channel")]
    for length in range(1, len(Channel) + 1):
        orders = [(" ".join(order), in_words(order)) for order in permutations(Channel, length)]
        choices.append((f"{length} channel{'s' if length > 1 else ''}, tried in this order", orders))
    return choices


class PreferencesOfManyForm(forms.Form):
    """For each priority the channels in order, or leave it as it is."""

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

    def wanted(self) -> dict[Priority, list[Channel]]:
        """The channels for each priority that is to change."""
        chosen = {priority: self.cleaned_data[priority.name.lower()] for priority in Priority}
        return {
            priority: [] if value == NONE else [Channel(each) for each in value.split()]
            for priority, value in chosen.items()
            if value != KEEP
        }

    def partly(self) -> bool:
        """Whether those who lack an address get the other channels."""
        return bool(self.cleaned_data["lacking"] == "partly")
