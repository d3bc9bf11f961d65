"""Adapts allauth to Bleep: no e-mails, no sign-up by strangers, secrets kept encrypted."""

import base64
import hashlib
import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse

from config.security import addresses
from staff.logins import factors, shared_cache
from staff.logins.sign_on import claims

SALT = b"bleep second factors "


class AccountAdapter(DefaultAccountAdapter):
    """Rules for logins, and for proving again who one is."""

    error_messages = {  # noqa: RUF012 - as allauth has it
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": "Too many wrong attempts. Wait for five minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return addresses.of_client(request) or "0.0.0.0"  # noqa: S104 - stands for nobody, and is not listened on

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Show no “you have signed in”: the next page shows that anyway."""
        if not (message_template or "").startswith("account/"):
            super().add_message(request, level, message_template, *args, **kwargs)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether allauth must ask for another proof before its own protected pages. A login a moment ago is enough."""
        return not factors.is_recent(context.request)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Note whether single sign-on asked for a second factor, and delete expired sessions, which contain
        searches.
        """
        sign_on = (kwargs.get("signal_kwargs") or {}).get("sociallogin")
        if sign_on is not None and claims.has_shown_a_factor(sign_on):
            record_authentication(request, user, factors.METHOD, type="provider")
        SessionStore.clear_expired()
        shared_cache.forget_expired()
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return response


class MfaAdapter(DefaultMFAAdapter):
    """Second factors. Somebody who reads the database, or a backup, cannot make their codes without SECRET_KEY."""

    error_messages = {  # noqa: RUF012 - as allauth has it
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "Incorrect code. Each works once, for half a minute: wait for the next one. If that is "
        "wrong, too, see whether your phone’s clock is right.",
    }

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret. If SECRET_KEY was changed, another one, which no code fits."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return base64.b32encode(secrets.token_bytes(20)).decode()


def _cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(SALT + settings.SECRET_KEY.encode()).digest()))
