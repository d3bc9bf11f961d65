"""Clinicians in the admin."""

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from contacts import preferences
from contacts.admin.list import ClinicianList
from contacts.admin.page import ClinicianPage
from contacts.bulk.actions import BulkActions
from contacts.choices import Priority, in_words
from contacts.import_export.views import ImportExport
from contacts.models import Clinician


class ClinicianAdmin(ClinicianList, BulkActions, ImportExport, ClinicianPage):
    """Their list and the page of each. `high`, `medium` and `low` are the matrix for users who may only view.

    `staff` registers a subclass with its own additions.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Clinician]:
        found: QuerySet[Clinician] = super().get_queryset(request)
        return found.prefetch_related("preferences")

    @display(description="High")
    def high(self, clinician: Clinician) -> str:
        return _in_words(clinician, Priority.HIGH)

    @display(description="Medium")
    def medium(self, clinician: Clinician) -> str:
        return _in_words(clinician, Priority.MEDIUM)

    @display(description="Low")
    def low(self, clinician: Clinician) -> str:
        return _in_words(clinician, Priority.LOW)


def _in_words(clinician: Clinician, priority: Priority) -> str:
    return in_words(preferences.channels_by_priority(clinician)[priority])
