"""Every text that Bleep stores either goes when its time is over, or stays for a reason that is written here.

A new field of any model fails this test until somebody has decided.
"""

from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

GOES = {
    # When the alert has ended for KEEP_TEXTS_DAYS, or on request
    "alerts.alert": {"type", "patient_id", "description", "contact_id"},
    "alerts.delivery": {"address"},
    "alerts.alertaction": {"note", "told"},
    "alerts.response": {"note"},
    "alerts.inboundmessage": {"sender", "text"},
    "alerts.replycode": {"address", "code"},
    "alerts.answerlink": {"digest"},
    "oncall.cover": {"reason"},
    "oncall.historicalcover": {"reason"},
    # When a clinician has left for KEEP_LEAVERS_DAYS, or on request
    "contacts.clinician": {
        "contact_id",
        "name",
        "role",
        "call_number",
        "sms_number",
        "email",
        "search_text",
        "likeness",
        "call_doubt",
        "sms_doubt",
    },
    "contacts.historicalclinician": {"contact_id", "name", "role", "call_number", "sms_number", "email"},
    "contacts.obstacle": {"address"},
    "contacts.formeraddress": {"address"},
    "oncall.historicalplan": {"steps", "uses"},
    "admin.logentry": {"object_repr"},
    # By itself: a relay deletes the topic at AWS and then the row; 90 days after the last request; at a login
    "contacts.emailsubscription": {"address", "topic_arn", "subscription_arn"},
    "alerts.refusal": {"contact_id", "message_ids"},
    "sessions.session": {"session_key", "session_data"},
    # On request, where it has a reference that was searched for: see sessions. With the alert, after KEEP_ALERTS_YEARS
    "alerts.blankedalert": {"digest"},
    "alerts.attempt": {"code", "provider_id"},
}
"""Fields whose content is replaced or deleted, by their model."""

SKELETON = "the ledger's skeleton: it names the message, and no person"
SEALED = "sealed, and without texts, names or references"
SETTING = "what administrators set up; it is about no patient"
LOGIN = "somebody's own login, until it is deleted"
STAYS: dict[str, dict[str, set[str]]] = {
    SKELETON: {
        "alerts.alert": {"message_id"},
        "alerts.delivery": {"skipped", "provider_id", "traceparent"},
        "alerts.loop": {"plan"},  # keys of clinicians, and the plan's name
        "alerts.inboundmessage": {"provider_id"},
    },
    SEALED: {
        "alerts.response": {"evidence"},  # a provider's ID, or one of Bleep's own
        "audit.event": {"address", "kind", "object_id", "detail", "digests"},
        "audit.seal": {
            "source",
            "columns",
            "row_ids",
            "text_columns",
            "facts",
            "texts",
            "key",
            "previous",
            "digest",
        },
        "audit.inspection": {"expected"},
    },
    "how many rows have gone, by table, and a keyed digest of what was erased": {
        "retention.expiry": {"untold"},
        "retention.erasure": {"what", "digest", "by", "done", "remark"},
    },
    "departments, and what was done in which order": {
        "contacts.clinician": {"department", "own_problems"},
        "contacts.historicalclinician": {"department", "channels", "history_change_reason"},
        "oncall.planchoice": {"department", "department_key"},
        "oncall.historicalplanchoice": {"department", "history_change_reason"},
        "contacts.manageddepartment": {"name"},
        "contacts.emailsubscription": {"set_up_with"},
        "oncall.historicalcover": {"history_change_reason"},
        "oncall.historicalplan": {"name", "history_change_reason"},
    },
    SETTING: {
        "contacts.preferencetemplate": {"name", "high", "medium", "low"},
        "oncall.plan": {"name"},
        "clients.apiclient": {"name"},
        "clients.historicalapiclient": {"name", "history_change_reason"},
        "clients.apitoken": {"label", "digest", "prefix"},
        "staff.roleclaim": {"value"},
        "alerts.relayheartbeat": {"relay"},
        "alerts.workerheartbeat": {"worker"},
        "auth.group": {"name"},
        "auth.permission": {"name", "codename"},
        "contenttypes.contenttype": {"app_label", "model"},
        "admin.logentry": {"object_id", "change_message"},  # names of fields
    },
    LOGIN: {
        "auth.user": {"username", "first_name", "last_name", "email", "password"},
        "account.emailaddress": {"email"},
        "account.emailconfirmation": {"key"},
        "mfa.authenticator": {"data"},
        "socialaccount.socialaccount": {"provider", "uid", "extra_data"},
        "socialaccount.socialapp": {
            "provider",
            "provider_id",
            "name",
            "client_id",
            "secret",
            "key",
            "settings",
        },
        "socialaccount.socialtoken": {"token", "token_secret"},
    },
    "of logins that failed: the lock-out forgets them": {
        "staff.sharedvalue": {"key", "value"},
        "axes.accessattempt": {"user_agent", "ip_address", "username", "http_accept", "path_info", "get_data"}
        | {"post_data"},
        "axes.accesslog": {
            "user_agent",
            "ip_address",
            "username",
            "http_accept",
            "path_info",
            "session_hash",
        },
        "axes.accessfailurelog": {"user_agent", "ip_address", "username", "http_accept", "path_info"},
    },
}
"""Fields that stay, by the reason and their model."""
WORDS = (models.CharField, models.TextField, models.JSONField, ArrayField, models.GenericIPAddressField)


def has_words(field: Any) -> bool:
    """Whether it may hold anything that somebody wrote. Of choices there are a few, and all are Bleep's."""
    return isinstance(field, WORDS) and not field.choices


def test_every_text_goes_or_stays_for_a_reason() -> None:
    stays = {
        (model, field) for those in STAYS.values() for model, fields in those.items() for field in fields
    }
    goes = {(model, field) for model, fields in GOES.items() for field in fields}
    found = {
        (model._meta.label_lower, field.name)  # noqa: SLF001 - documented
        for model in apps.get_models()
        if model._meta.app_label != "reference"  # noqa: SLF001
        for field in model._meta.concrete_fields  # noqa: SLF001
        if has_words(field)
    }

    assert found - goes - stays == set(), "decide whether it expires, and write it down above"
    assert (goes | stays) - found == set(), "this is no field"
    assert goes & stays == set()
