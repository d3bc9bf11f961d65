"""Forms with which people prove who they are."""

from typing import Any

from allauth.mfa.base import forms as mfa
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables
from unfold.forms import AdminOwnPasswordChangeForm

from staff.logins import passwords


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """The form in which people change their password."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request

    @sensitive_variables("old")
    def clean_old_password(self) -> str:
        """Check the old password as a login does, which counts wrong ones: nobody can guess it in an open session."""
        old: str = self.cleaned_data["old_password"]
        if authenticate(self._request, username=self.user.get_username(), password=old) != self.user:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return old

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        """Note that the password is the user's own from now on."""
        user: User = super().save(commit)
        passwords.chosen(self._request, user)
        return user


WHICH_CODE = (
    "From your app, or one of your recovery codes. If you have neither, ask a superuser to remove your second "
    "factors."
)


class CodeForm(mfa.AuthenticateForm):
    """The form for the code at a login."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].help_text = WHICH_CODE


class ProofForm(mfa.ReauthenticateForm):
    """The form for the code during a session."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].help_text = WHICH_CODE
