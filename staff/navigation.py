"""The sidebar. Each user sees the items that they have permission for."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from alerts.admin.permissions import SEES_ALL, SEES_DEPARTMENTS
from oncall.admin.departments import SEES_DEPARTMENTS as SEES_PLANS_OF_DEPARTMENTS

SEE_ANSWERS = "alerts.view_answers"
SEE_PLANS = ("oncall.view_plan", SEES_PLANS_OF_DEPARTMENTS)
SEE_COVERS = ("oncall.view_cover", SEES_PLANS_OF_DEPARTMENTS)


@dataclass(frozen=True)
class MenuItem:
    """A page in the sidebar, for users who have any of `permissions`; without any it is for everybody.

    `icon` is the name of a Material Symbol: https://fonts.google.com/icons (unfold ships the font).
    """

    title: str
    icon: str
    page: str
    permissions: tuple[str, ...] = ()


GROUPS: tuple[tuple[str, tuple[MenuItem, ...]], ...] = (
    (
        "",
        (
            MenuItem("Home", "home", "admin:index"),
            MenuItem(
                "Clinicians",
                "stethoscope",
                "admin:contacts_clinician_changelist",
                ("contacts.view_clinician",),
            ),
            MenuItem(
                "Preference templates",
                "tune",
                "admin:contacts_preferencetemplate_changelist",
                ("contacts.view_preferencetemplate",),
            ),
            MenuItem("Plans", "group_add", "admin:oncall_plan_changelist", SEE_PLANS),
            MenuItem("Away and cover", "event_busy", "admin:oncall_cover_changelist", SEE_COVERS),
            MenuItem(
                "Alerts", "notifications", "admin:alerts_alert_changelist", (SEES_ALL, SEES_DEPARTMENTS)
            ),
            MenuItem("Answers", "fact_check", "admin:answers", (SEE_ANSWERS,)),
            MenuItem(
                "Replies by SMS",
                "sms",
                "admin:alerts_inboundmessage_changelist",
                ("alerts.view_inboundmessage",),
            ),
            MenuItem("Refused alerts", "block", "admin:alerts_refusal_changelist", ("alerts.view_refusal",)),
        ),
    ),
    (
        "Hospital systems",
        (
            MenuItem("API clients", "dns", "admin:clients_apiclient_changelist", ("clients.view_apiclient",)),
            MenuItem("Tokens", "key", "admin:clients_apitoken_changelist", ("clients.view_apitoken",)),
            MenuItem("API documentation", "code", "docs", ("clients.view_apiclient",)),
        ),
    ),
    (
        "Logins",
        (
            MenuItem("Users", "person", "admin:auth_user_changelist", ("auth.view_user",)),
            MenuItem("Groups", "group", "admin:auth_group_changelist", ("auth.view_group",)),
            MenuItem(
                "Roles by sign-on",
                "badge",
                "admin:staff_roleclaim_changelist",
                ("staff.view_roleclaim",),
            ),
        ),
    ),
    (
        "Who did and saw what",
        (
            MenuItem("Trail", "footprint", "admin:trail", ("audit.view_trail",)),
            MenuItem("Change log", "history", "admin:trail_changes", ("audit.view_trail",)),
        ),
    ),
    ("Providers", (MenuItem("AWS", "cloud", "admin:aws_check", ("alerts.ask_aws",)),)),
    ("Questions", (MenuItem("Help", "help", "admin:help"),)),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups as unfold expects them, without groups that would be empty for the user."""
    groups = [(title, [item for item in items if _may_see(request, item)]) for title, items in GROUPS]
    return [
        {
            "title": title,
            "separator": bool(title),
            "items": [{"title": item.title, "icon": item.icon, "link": reverse(item.page)} for item in items],
        }
        for title, items in groups
        if items
    ]


def _may_see(request: HttpRequest, item: MenuItem) -> bool:
    return not item.permissions or any(request.user.has_perm(each) for each in item.permissions)
