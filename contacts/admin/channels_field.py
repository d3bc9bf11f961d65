"""The form field for the channels of one priority."""

from collections.abc import Iterable

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminSelectWidget

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import MAX_STEPS

CHOICES = [("", "—"), *Channel.choices]


class ChannelsWidget(forms.MultiWidget):
    """One select for each position. The leftmost channel is tried first."""

    template_name = "contacts/widgets/channels.html"

    def __init__(self, label: str) -> None:
        super().__init__(
            [
                UnfoldAdminSelectWidget(
                    attrs={"aria-label": f"{label}: number {position} to try"}, choices=CHOICES
                )
                for position in range(1, MAX_STEPS + 1)
            ]
        )

    def decompress(self, value: Iterable[Channel] | None) -> list[str]:
        chosen = list(value or ())
        return [*chosen, *[""] * (MAX_STEPS - len(chosen))]


class ChannelsField(forms.MultiValueField):
    """The channels of one priority, in order. Empty selects between them are skipped."""

    def __init__(self, priority: Priority) -> None:
        label = f"{priority.label} priority"
        super().__init__(
            [forms.ChoiceField(choices=CHOICES, required=False) for _ in range(MAX_STEPS)],
            widget=ChannelsWidget(label),
            label=label,
            required=False,
            require_all_fields=False,
        )

    def compress(self, data_list: list[str]) -> list[Channel]:
        chosen = [Channel(value) for value in data_list if value]
        faults = preferences.too_many(chosen)
        if faults:
            raise ValidationError(faults)
        return chosen
