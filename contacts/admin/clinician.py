"""Clinicians in the admin."""

from django.db.models import QuerySet
from django.http import HttpRequest

from contacts import preferences
from contacts.admin.list import ClinicianList
from contacts.admin.page import ClinicianPage
from contacts.admin.priority_columns import by_priority
from contacts.bulk.actions import BulkActions
from contacts.choices import in_words
from contacts.import_export.views import ImportExport
from contacts.models import Clinician


class ClinicianAdmin(ClinicianList, BulkActions, ImportExport, ClinicianPage):
    """The list of clinicians, and the page of each.

    `staff` registers a subclass with its own additions.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Clinician]:
        found: QuerySet[Clinician] = super().get_queryset(request)
        return found.prefetch_related("preferences", "obstacles", "email_subscriptions")

    high, medium, low = by_priority(
        lambda clinician, priority: in_words(preferences.channels_by_priority(clinician)[priority])
    )
