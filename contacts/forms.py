"""The forms of a clinician and of a template: addresses, and one row of channels for each priority."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminSelectWidget

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import ADDRESS_FIELDS, MAX_CHANNELS, Clinician, PreferenceTemplate

CHOICES = [("", "—"), *Channel.choices]
PRIORITY_FIELDS = {priority: priority.name.lower() for priority in Priority}
"""The form's field for each priority: `high`, `medium`, `low`."""


class ChannelsWidget(forms.MultiWidget):
    """As many selects in one line as there are channels; what is chosen further left is tried first."""

    template_name = "contacts/widgets/channels.html"

    def __init__(self, label: str) -> None:
        super().__init__(
            [
                UnfoldAdminSelectWidget(
                    attrs={"aria-label": f"{label}: number {position} to try"}, choices=CHOICES
                )
                for position in range(1, MAX_CHANNELS + 1)
            ]
        )

    def decompress(self, value: Iterable[Channel] | None) -> list[str]:
        chosen = list(value or ())
        return [*chosen, *[""] * (MAX_CHANNELS - len(chosen))]


class ChannelsField(forms.MultiValueField):
    """The channels for one priority, in order. A gap between them closes."""

    def __init__(self, priority: Priority) -> None:
        label = f"{priority.label} priority"
        super().__init__(
            [forms.ChoiceField(choices=CHOICES, required=False) for _ in range(MAX_CHANNELS)],
            widget=ChannelsWidget(label),
            label=label,
            required=False,
            require_all_fields=False,
        )

    def compress(self, data_list: list[str]) -> list[Channel]:
        chosen = [Channel(value) for value in data_list if value]
        faults = preferences.repeated(chosen)
        if faults:
            raise ValidationError(faults)
        return chosen


class ClinicianForm(forms.ModelForm[Clinician]):
    """A clinician and all their preferences, validated together."""

    high = ChannelsField(Priority.HIGH)
    medium = ChannelsField(Priority.MEDIUM)
    low = ChannelsField(Priority.LOW)

    class Meta:
        model = Clinician
        fields = ("contact_id", "name", "role", "department", "active", *ADDRESS_FIELDS.values())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for priority, channels in preferences.channels_by_priority(self.instance).items():
                # A tuple, since Django takes a list for what the widget makes of the value.
                self.initial[PRIORITY_FIELDS[priority]] = tuple(channels)

    def clean(self) -> dict[str, Any]:
        super().clean()
        known = [channel for channel in Channel if self._has_address(channel)]
        for priority, channels in self.chosen().items():
            for fault in preferences.without_address(channels, known):
                self.add_error(PRIORITY_FIELDS[priority], fault)
        return self.cleaned_data

    def chosen(self) -> dict[Priority, list[Channel]]:
        """The channels for each priority, as far as what was chosen is in order."""
        return {priority: self.cleaned_data.get(name, []) for priority, name in PRIORITY_FIELDS.items()}

    def _has_address(self, channel: Channel) -> bool:
        # A field whose own value was refused is not in cleaned_data, and says so itself: one error is enough.
        name = ADDRESS_FIELDS[channel]
        return name not in self.cleaned_data or bool(self.cleaned_data[name])


class PreferenceTemplateForm(forms.ModelForm[PreferenceTemplate]):
    """A template: a name, and the channels for each priority."""

    high = ChannelsField(Priority.HIGH)
    medium = ChannelsField(Priority.MEDIUM)
    low = ChannelsField(Priority.LOW)

    class Meta:
        model = PreferenceTemplate
        fields = ("name", *PRIORITY_FIELDS.values())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in PRIORITY_FIELDS.values():
            # A tuple, as above.
            self.initial[name] = tuple(self.initial.get(name) or ())
