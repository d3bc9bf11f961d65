"""The user who looks at Home. Advice is for them, and says whom to ask for anything that they may not do."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User

from alerts.admin.permissions import ask_for


@dataclass(frozen=True)
class Reader:
    """The user, and their permissions."""

    user: User | AnonymousUser

    def may(self, permission: str) -> bool:
        """Whether the user has the permission."""
        return self.user.has_perm(permission)

    def advice(self, permission: str, do: str, *, else_ask: str) -> str:
        """The advice; or whom to ask `else_ask`, such as "to correct it"."""
        if self.may(permission):
            return do
        return f"Ask {ask_for(permission)} {else_ask}."
