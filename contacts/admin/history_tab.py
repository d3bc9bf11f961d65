"""The tab with the latest changes to a clinician."""

from contacts import history
from contacts.models import Clinician
from theme.tabs import LatestChanges


class ChangesTab(LatestChanges):
    """The latest changes to a clinician."""

    model = Clinician.history.model
    template = "contacts/clinician/changes.html"
    explain = history.explain
