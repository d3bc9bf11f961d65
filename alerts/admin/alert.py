"""Alerts in the admin: an alert is a record that nobody edits. What staff do about it is recorded as well."""

from django.contrib import admin

from alerts.admin.export.views import AlertExport
from alerts.admin.list import AlertList
from alerts.admin.page import AlertPage
from alerts.models import Alert


@admin.register(Alert)
class AlertAdmin(AlertExport, AlertList, AlertPage):
    """The list of alerts, its export, and a page for each."""

    class Media:
        css = {"all": ("alerts/alerts.css",)}  # noqa: RUF012 - Django's name
        # In this order: refresh.js wraps what actions.js defines.
        js = ("admin/js/actions.js", "theme/refresh.js", "alerts/refresh.js", "alerts/timeline.js")
