"""Model fields that store the normal form, whoever writes to them."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from spelling import normal


class AsStored(forms.CharField):
    """A form field that reads a value as the model field does, so that the form compares it with what is stored."""

    def __init__(self, *, read: Callable[[Any], Any], **kwargs: Any) -> None:
        # A browser would cut a longer text silently. The model's own validator reports it.
        super().__init__(**{**kwargs, "max_length": None})
        self.read = read

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text if text in self.empty_values else self.read(text)


class DerivedField(models.TextField[str, str]):
    """A text that is derived from other fields whenever the row is saved by `save` or `bulk_create`.

    The method `derive_<name>` of the model makes it.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"default": "", "db_default": "", "blank": True, "editable": False, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: FBT001 - Django's signature
        value: str = getattr(model_instance, f"derive_{self.name}")()
        setattr(model_instance, self.attname, value)
        return value


class StoredAsRead(models.CharField[str, str]):
    """A text whose value is in its stored form wherever it comes from: a form, code, or a row that is saved."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        value = self.get_prep_value(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": AsStored, "read": self.to_python, **kwargs})


class LineField(StoredAsRead):
    """A line of text, stored and looked up in its normal form."""

    def normal(self, text: str) -> str:
        """The normal form of a value of this field."""
        return normal.normal(text)

    def to_python(self, value: Any) -> Any:
        """Raises ValidationError, with a sentence that names the character, for one that no line may have."""
        if not isinstance(value, str):
            return super().to_python(value)
        text = self.normal(value)
        sentence = normal.unwanted(text)
        if sentence:
            raise ValidationError(sentence, code="unwanted_character")
        return text

    def get_prep_value(self, value: Any) -> Any:
        return self.normal(value) if isinstance(value, str) else super().get_prep_value(value)


class EmailLineField(LineField, models.EmailField[str, str]):
    """An e-mail address, stored and looked up in its normal form."""

    def normal(self, text: str) -> str:
        return normal.email(text)

    def to_python(self, value: Any) -> Any:
        """Raises ValidationError for a letter that is not ASCII: Django lets those pass after the @."""
        text = super().to_python(value)
        sign = next((sign for sign in text or "" if not sign.isascii()), "")
        if sign:
            raise ValidationError(
                f"“{sign}” cannot be in an e-mail address, though it may look like a letter that can: type it again.",
                code="not_ascii",
            )
        return text
