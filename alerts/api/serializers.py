"""The JSON and the query parameters of requests."""

import re
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination

from alerts.api.pagination import Place
from alerts.api.request_body import nhs_numbers, unknown_fields
from alerts.intake import NewAlert
from alerts.states import AlertStatus
from contacts.choices import Priority
from spelling import normal
from spelling.normal import INVISIBLE

CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")
CONTROL_CHARACTERS_BUT_WHITE_SPACE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


class StrictCharField(serializers.CharField):
    """Text as the client sent it. A number is refused: otherwise `1`, `1.0` and `"1"` would be the same."""

    default_error_messages = {  # noqa: RUF012 - DRF's name
        "invalid": "This must be a string, in double quotes.",
        "control_characters": "This has control characters in it, or U+FFFE or U+FFFF: leave them out.",
        "surrogates": "This has an unpaired surrogate in it: send well-formed Unicode.",
        "nhs_number": "There is a valid NHS number in it. Leave it out, and send an anonymised reference as "
        "patient_id: alerts leave the hospital. If it is another number, the people who run Bleep can turn this off.",
    }
    names_a_patient = staticmethod(nhs_numbers.is_in)

    def __init__(self, *, lines: bool = False, travels: bool = False, **kwargs: Any) -> None:
        """`lines`: line breaks and tabs are allowed. `travels`: an NHS number is refused, because the text leaves the
        hospital.
        """
        super().__init__(**kwargs)
        self._travels = travels
        self._refused = CONTROL_CHARACTERS_BUT_WHITE_SPACE if lines else CONTROL_CHARACTERS
        # Our own checks below refuse control characters, NUL and surrogates, with our own messages.
        self.validators = [each for each in self.validators if type(each).__name__ in _LENGTHS]

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if self._refused.search(data):
            self.fail("control_characters")
        try:
            data.encode()
        except UnicodeEncodeError:
            self.fail("surrogates")
        if not normal.without_unwanted(data):
            self.fail("blank")
        if self._travels and settings.REFUSE_NHS_NUMBERS and self.names_a_patient(data):
            self.fail("nhs_number")
        return super().to_internal_value(data)


_LENGTHS = frozenset({"MaxLengthValidator", "MinLengthValidator"})


class MessageIdField(StrictCharField):
    """Any text that works in a URL. `.` and `..` do not: HTTP clients resolve them."""

    default_error_messages = {  # noqa: RUF012 - DRF's name
        "dots": "This cannot be `.` or `..`: the alert's own URL would lead elsewhere.",
        "invisible": "There is a character in it that nobody can see: leave it out. Two IDs would look the same.",
    }
    names_a_patient = staticmethod(nhs_numbers.is_in_id)

    def to_internal_value(self, data: Any) -> str:
        message_id = super().to_internal_value(data)
        if message_id in {".", ".."}:
            self.fail("dots")
        if INVISIBLE.search(message_id):
            self.fail("invisible")
        return message_id


class LineField(StrictCharField):
    """A name or an ID in the normal form that `contacts` stores, so that two that look the same are the same."""

    def to_internal_value(self, data: Any) -> str:
        line = normal.normal(data) if isinstance(data, str) else data
        if isinstance(line, str) and (sentence := normal.unwanted(line)):
            raise serializers.ValidationError(sentence, code="control_characters")
        return super().to_internal_value(line)


class PatientReferenceField(LineField):
    """An anonymised reference. It is sent by SMS and spoken on calls."""

    names_a_patient = staticmethod(nhs_numbers.is_reference)


class PriorityField(serializers.ChoiceField):
    """`L`, `M` or `H`, in capitals. `door.admission.Urgency` reads the same letters."""

    default_error_messages = {"invalid_choice": "This must be L, M or H."}  # noqa: RUF012 - DRF's name

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=Priority.choices, **kwargs)

    def to_internal_value(self, data: Any) -> Priority:
        if not isinstance(data, str) or data not in Priority.values:
            self.fail("invalid_choice")
        return Priority(data)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown fields: most are misspelt, and without an error their values would be lost."""

    def unknown(self, data: Any) -> dict[str, list[str]]:
        """An error for each unknown name in `data`."""
        return unknown_fields.unknown(data if isinstance(data, dict) else (), self.fields)

    def to_internal_value(self, data: Any) -> Any:
        """The fields. The error names all faults at once."""
        unknown = self.unknown(data)
        try:
            found = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**error.detail, **unknown}) from None  # type: ignore[dict-item]
        if unknown:
            raise serializers.ValidationError(unknown)
        return found


class NewAlertSerializer(StrictSerializer):
    """An alert to send."""

    message_id = MessageIdField(
        travels=True, max_length=128, help_text="Set by the sender, unique for each alert."
    )
    type = StrictCharField(
        travels=True, max_length=64, help_text="Such as `blood_test_alert`; becomes the e-mail's subject."
    )
    patient_id = PatientReferenceField(
        travels=True,
        max_length=64,
        help_text="An anonymised reference. Never an NHS number or a name: it is sent and spoken.",
    )
    contact_id = LineField(max_length=64, help_text="The clinician to reach.")
    description = StrictCharField(
        travels=True, max_length=1000, lines=True, help_text="The text that is sent or spoken."
    )
    priority = PriorityField(help_text="`H` urgent, `M` or `L`: decides how the clinician is reached.")

    def unknown(self, data: Any) -> dict[str, list[str]]:
        return {} if settings.ALLOW_UNKNOWN_FIELDS else super().unknown(data)


_new_alert = NewAlertSerializer()
"""One serializer for all requests: it keeps nothing of any, and making one takes as long as storing an alert."""


def new_alert(data: Any) -> NewAlert:
    """The validated alert. Raises ValidationError."""
    return NewAlert(**_new_alert.run_validation(data))


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z0-9+/]+={0,2}$"})
class CursorField(serializers.CharField):
    """The cursor that `NewestFirst` writes into `next` and `previous`."""

    default_error_messages = {  # noqa: RUF012 - DRF's name
        "invalid_cursor": "This is not a valid cursor: use the URL in `next` or `previous` as it is.",
    }

    def to_internal_value(self, data: Any) -> str:
        cursor = super().to_internal_value(data)
        request: Any = SimpleNamespace(query_params={CursorPagination.cursor_query_param: cursor})
        try:
            found = CursorPagination().decode_cursor(request)
            Place.read(str(found and found.position))
        except (NotFound, ValueError):
            self.fail("invalid_cursor")
        return cursor


class MomentField(serializers.DateTimeField):
    """ISO 8601. A plus that was not escaped in a URL arrives as a space, and is read as a plus."""

    def to_internal_value(self, value: Any) -> Any:
        return super().to_internal_value(_SPACE_FOR_PLUS.sub("+", value) if isinstance(value, str) else value)


_SPACE_FOR_PLUS = re.compile(r" (?=\d\d:?\d\d$)")


class ParametersSerializer(StrictSerializer):
    """The query parameters of a URL; here of one that has none."""

    def unknown(self, data: Any) -> dict[str, list[str]]:
        return {
            name: [f"Unknown parameter. {self.advice()}"] for name in sorted(set(data) - set(self.fields))
        }

    def advice(self) -> str:
        """A sentence that says what to do about an unknown parameter."""
        return f"Use one of: {', '.join(self.fields)}." if self.fields else "There are none here."


class SendingParametersSerializer(ParametersSerializer):
    """The query parameters of `POST /notification`: none but `?format=`, which DRF reads. No alert is lost because of
    it.
    """

    format = serializers.CharField(required=False, allow_blank=True)

    def unknown(self, data: Any) -> dict[str, list[str]]:
        return {} if settings.ALLOW_UNKNOWN_FIELDS else super().unknown(data)

    def advice(self) -> str:
        return "There are none here: what an alert says is in the body."


class AlertFilterSerializer(ParametersSerializer):
    """The query parameters of `GET /notification`."""

    status = serializers.ChoiceField(choices=AlertStatus.choices, required=False)
    priority = PriorityField(required=False)
    contact_id = LineField(max_length=64, required=False)
    message_id = StrictCharField(max_length=128, required=False)
    created_after = MomentField(required=False, help_text="At this time or later.")
    created_before = MomentField(required=False, help_text="Before this time.")
    cursor = CursorField(required=False, help_text="From `next` or `previous` of another page.")
    page_size = serializers.IntegerField(required=False, min_value=1, help_text="50 by default, 200 at most.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The filters, without the parameters of the pagination, which reads those itself."""
        return {name: value for name, value in attrs.items() if name not in ("cursor", "page_size")}
