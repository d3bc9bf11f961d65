"""The forms of a clinician and of a template: addresses, and one row of channels for each priority."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms

from contacts import phone, preferences
from contacts.admin import conflicts
from contacts.admin.channels_field import ChannelsField
from contacts.choices import Channel, Priority, in_words
from contacts.lookalikes import contact_ids
from contacts.models import EDITABLE, Clinician, PreferenceTemplate

PRIORITY_FIELDS = {priority: priority.name.lower() for priority in Priority}
"""The form's field for each priority: `high`, `medium`, `low`."""


@dataclass(frozen=True)
class FieldConflict:
    """A field that a colleague changed while the page was open, with its values in words."""

    label: str
    was: str
    now: str
    entered: str | None
    """The user's value; None if they did not touch the field, which then shows the colleague's value."""


class Confirmation(forms.CharField):
    """A question that the user says yes to. The answer is not stored, so it does not count as a change."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class ClinicianForm(forms.ModelForm[Clinician]):
    """A clinician and all their preferences, validated together.

    `seen` is the version when the page was opened. The form is invalid if saving would undo a colleague's change since.
    Then `field_conflicts` lists the fields, and fields that the user did not touch show the colleague's values, so that
    the form can be sent again. The caller has locked the clinician.
    """

    refusal = ""
    """The sentence that says why nothing can be saved now, whatever the values."""
    field_conflicts: tuple[FieldConflict, ...] = ()

    doubted = ""
    """The person whose contact ID looks like the new one: it is saved only if `somebody_else` is ticked."""
    twin: Clinician | None = None

    seen = forms.IntegerField(required=False)
    somebody_else = Confirmation(required=False)
    high = ChannelsField(Priority.HIGH)
    medium = ChannelsField(Priority.MEDIUM)
    low = ChannelsField(Priority.LOW)

    class Meta:
        model = Clinician
        fields = EDITABLE
        error_messages: ClassVar = {
            "contact_id": {
                "unique": "There is already a clinician with this contact ID. "
                "If you pressed Save twice, they are saved: see the list."
            }
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "department" in self.fields:
            self.fields["department"].widget.attrs["list"] = "departments"
        if self.instance.pk:
            for priority, channels in preferences.channels_by_priority(self.instance).items():
                # A tuple: Django would take a list for the decompressed value of the widget.
                self.initial[PRIORITY_FIELDS[priority]] = tuple(channels)

    def clean(self) -> dict[str, Any]:
        super().clean()
        known = [channel for channel in Channel if self._has_address(channel)]
        for priority, channels in self.chosen().items():
            for fault in preferences.without_address(channels, known):
                self.add_error(PRIORITY_FIELDS[priority], fault)
        self._check_numbers()
        self._check_twin()
        if self.refusal:
            self.add_error(None, self.refusal)
        seen = self.cleaned_data.get("seen")
        if self.instance.pk and seen is not None:
            later = conflicts.later_change(self.instance.pk, seen)
            if later is not None:
                self._check_conflicts(later)
        return self.cleaned_data

    def _check_numbers(self) -> None:
        """The addresses that change. The others are not checked: a person with an old number can be made inactive, or
        given another channel.
        """
        for name in {channel.facts.address_field for channel in Channel if channel.facts.address_is_number}:
            number = self.cleaned_data.get(name)
            if number and number != self.initial.get(name) and (sentence := phone.refusal(number)):
                self.add_error(name, sentence)

    def _check_twin(self) -> None:
        contact_id = self.cleaned_data.get("contact_id")
        if not contact_id or contact_id == self.initial.get("contact_id"):
            return
        self.twin = contact_ids.of([contact_id]).get(contact_id)
        if self.twin and self.twin.pk != self.instance.pk:
            self.doubted = contact_id
            if self.cleaned_data.get("somebody_else") != contact_id:
                sentence = contact_ids.sentence(contact_id, self.twin)
                self.add_error(
                    "contact_id", f"{sentence} If it is somebody else, confirm that when you save."
                )

    def _check_conflicts(self, later: conflicts.LaterChange) -> None:
        found = []
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            if name in {"seen", "somebody_else"}:
                continue
            was, now, entered = (
                list(value) if isinstance(value, tuple) else value
                for value in (later.before.get(name), self.initial[name], self.cleaned_data.get(name))
            )
            if now in (was, entered):
                continue
            is_untouched = name in self.cleaned_data and entered == was
            if is_untouched:
                self._fill_in(data, name, now)
            label = str(field.label or name)
            found.append(
                FieldConflict(
                    label, _readable(was), _readable(now), None if is_untouched else self._entered(name)
                )
            )
        if found:
            self.field_conflicts, self.data = tuple(found), data
            self.add_error(
                None,
                f"Nothing is saved: {later.who} changed this clinician {later.when}, after you opened this page. "
                "See below what is different now, then save again.",
            )

    def _fill_in(self, data: Any, name: str, value: Any) -> None:
        if isinstance(value, list):
            for position, channel in enumerate(self.fields[name].widget.decompress(value)):
                data[f"{name}_{position}"] = channel
        elif value is False:
            data.pop(name, None)  # an unticked box is not sent
        else:
            data[name] = str(value)

    def _entered(self, name: str) -> str:
        return _readable(self.cleaned_data[name]) if name in self.cleaned_data else "what is marked below"

    def chosen(self) -> dict[Priority, list[Channel]]:
        """The channels for each priority; none for an invalid choice."""
        return {priority: self.cleaned_data.get(name, []) for priority, name in PRIORITY_FIELDS.items()}

    def _has_address(self, channel: Channel) -> bool:
        # An invalid address is not in cleaned_data. It has its own error already, and one is enough.
        name = channel.facts.address_field
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


def _readable(value: Any) -> str:
    if isinstance(value, list):
        return in_words(value)
    return {True: "Yes", False: "No", None: "no longer known"}.get(value) or str(value) or "nothing"
