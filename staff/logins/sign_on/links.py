"""Links logins from before single sign-on. Only a superuser can say whose such a login is.

A provider may give a name or an address to somebody else. So these only find a login that a superuser has opened for
linking.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from allauth.socialaccount.models import SocialLogin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from audit.events import record
from audit.models import EventName
from staff.models import SignOnLink

OPEN = timedelta(days=7)
"""How long a superuser's permission lasts."""
ASK = (
    "This is a new login, {new}. Bleep had one that looks like yours, {old}. If it is yours, ask a superuser to select "
    "it under Users and to choose “Link to single sign-on”; then log in once more."
)


def old_logins(claims: Mapping[str, Any]) -> QuerySet[User]:
    """The logins without single sign-on that have this name, or this address if the provider has verified it."""
    name, email = claims.get("preferred_username"), claims.get("email")
    wanted = Q(pk__in=[])
    if isinstance(name, str) and name:
        wanted |= Q(username__iexact=name)
    if isinstance(email, str) and email and claims.get("email_verified") is True:
        wanted |= Q(email__iexact=email)
    return User.objects.filter(wanted, is_active=True, socialaccount__isnull=True)


@transaction.atomic
def link(request: HttpRequest, sociallogin: SocialLogin, claims: Mapping[str, Any]) -> None:
    """Let single sign-on take over the one old login that a superuser has opened for it, if there is one.

    The new login that single sign-on had made at its first use ends then.
    """
    found = list(old_logins(claims).filter(sign_on_link__allowed_at__gt=Now() - OPEN)[:2])
    if len(found) != 1:
        return
    (user,) = found
    if sociallogin.is_existing:
        before = sociallogin.user
        sociallogin.account.user = sociallogin.user = user
        sociallogin.account.save()
        before.is_active = False
        before.save(update_fields=["is_active"])
    else:
        sociallogin.connect(request, user)
    SignOnLink.objects.filter(user=user).delete()
    record(
        EventName.PERMISSION_CHANGED,
        user_id=user.pk,
        kind="auth.user",
        object_id=user.pk,
        detail="+single sign-on",
        request=request,
    )


def advice(user: User, claims: Mapping[str, Any]) -> str:
    """A message for somebody who has just got a new login; empty if no old one looks like theirs."""
    old = old_logins(claims).exclude(pk=user.pk).first()
    return ASK.format(new=user.get_username(), old=old.get_username()) if old else ""
