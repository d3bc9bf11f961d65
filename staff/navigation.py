"""The sidebar: one link for each thing that staff look after, shown to those who may look at it."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True)
class Link:
    """A page of the sidebar. `permission` is Django's, such as `alerts.view_alert`; None is for everybody.

    `icon` is the name of a Material Symbol: https://fonts.google.com/icons (the font itself comes with unfold).
    """

    title: str
    icon: str
    page: str
    permission: str | None = None


GROUPS: tuple[tuple[str, tuple[Link, ...]], ...] = (
    (
        "",
        (
            Link("Home", "home", "admin:index"),
            Link(
                "Clinicians",
                "stethoscope",
                "admin:contacts_clinician_changelist",
                "contacts.view_clinician",
            ),
            Link(
                "Preference templates",
                "tune",
                "admin:contacts_preferencetemplate_changelist",
                "contacts.view_preferencetemplate",
            ),
            Link("Alerts", "notifications", "admin:alerts_alert_changelist", "alerts.view_alert"),
        ),
    ),
    (
        "Hospital systems",
        (
            Link("API clients", "dns", "admin:clients_apiclient_changelist", "clients.view_apiclient"),
            Link("Tokens", "key", "admin:clients_apitoken_changelist", "clients.view_apitoken"),
        ),
    ),
    (
        "Logins",
        (
            Link("Users", "person", "admin:auth_user_changelist", "auth.view_user"),
            Link("Groups", "group", "admin:auth_group_changelist", "auth.view_group"),
        ),
    ),
    ("Questions", (Link("Help", "help", "admin:help"),)),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups in unfold's form, without those of which the user may see nothing."""
    groups = [(title, [link for link in links if _may_see(request, link)]) for title, links in GROUPS]
    return [
        {
            "title": title,
            "separator": bool(title),
            "items": [{"title": link.title, "icon": link.icon, "link": reverse(link.page)} for link in links],
        }
        for title, links in groups
        if links
    ]


def _may_see(request: HttpRequest, link: Link) -> bool:
    return link.permission is None or bool(request.user.has_perm(link.permission))
