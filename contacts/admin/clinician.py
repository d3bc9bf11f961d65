"""Clinicians in the admin: who they are, how they are reached, and in what order for each priority."""

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from contacts import preferences
from contacts.admin.list import ListOfClinicians
from contacts.admin.page import ClinicianPage
from contacts.bulk.actions import ChangesToMany
from contacts.choices import Priority, in_words
from contacts.import_export.views import ImportExport
from contacts.models import Clinician
from theme.history import ReadOnlyHistoryAdmin


class ClinicianAdmin(ListOfClinicians, ChangesToMany, ImportExport, ClinicianPage, ReadOnlyHistoryAdmin):
    """Clinicians: their list, and a page for each. `high`, `medium` and `low` show there what may not be edited.

    `staff` registers it, with what it adds.
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
