"""The clinician's page in the admin: addresses, and one row of channels for each priority."""

from collections.abc import Iterator
from typing import Any

from django import forms

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import ADDRESS_FIELDS, MAX_CHANNELS, Clinician

NOTHING = ("", "—")


def field_names(priority: Priority) -> tuple[str, ...]:
    """The names of the form's fields that hold a priority's channels, in order."""
    return tuple(f"{priority.name.lower()}_{position}" for position in range(1, MAX_CHANNELS + 1))


def _channel_field(label: str) -> forms.ChoiceField:
    return forms.ChoiceField(choices=[NOTHING, *Channel.choices], required=False, label=label)


class ClinicianForm(forms.ModelForm[Clinician]):
    """A clinician and all their preferences, validated together."""

    high_1, high_2, high_3 = _channel_field("First"), _channel_field("then"), _channel_field("then")
    medium_1, medium_2, medium_3 = _channel_field("First"), _channel_field("then"), _channel_field("then")
    low_1, low_2, low_3 = _channel_field("First"), _channel_field("then"), _channel_field("then")

    class Meta:
        model = Clinician
        fields = ("contact_id", "name", "role", "department", "active", *ADDRESS_FIELDS.values())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for priority, channels in preferences.channels_by_priority(self.instance).items():
                self.initial.update(zip(field_names(priority), channels, strict=False))

    def clean(self) -> dict[str, Any]:
        super().clean()
        for priority in Priority:
            self._clean_priority(priority)
        return self.cleaned_data

    def _clean_priority(self, priority: Priority) -> None:
        seen: set[str] = set()
        for name, channel in self._chosen(priority):
            if channel in seen:
                self.add_error(name, f"{channel.label} is chosen twice for this priority: choose it once.")
            elif not self._has_address(channel):
                self.add_error(
                    name, f"There is no address for this: fill in the {self._address_label(channel)} above."
                )
            seen.add(channel)

    def _has_address(self, channel: Channel) -> bool:
        # A field whose own value was refused is not in cleaned_data, and says so itself: one error is enough.
        name = ADDRESS_FIELDS[channel]
        return name not in self.cleaned_data or bool(self.cleaned_data[name])

    def _address_label(self, channel: Channel) -> str:
        return str(self.fields[ADDRESS_FIELDS[channel]].label).lower()

    def _chosen(self, priority: Priority) -> Iterator[tuple[str, Channel]]:
        for name in field_names(priority):
            if self.cleaned_data.get(name):
                yield name, Channel(self.cleaned_data[name])

    def save_preferences(self) -> None:
        """Store the chosen channels; call once the clinician itself is saved."""
        wanted = {priority: [channel for _, channel in self._chosen(priority)] for priority in Priority}
        preferences.replace(self.instance, wanted)
