"""The tab with the latest changes to a clinician."""

from typing import Any

from contacts import history
from contacts.models import Clinician
from theme.tabs import TemplateTab

SHOWN = 20


class ChangesTab(TemplateTab):
    """The latest changes to a clinician."""

    title = "Changes"
    model = Clinician.history.model
    model_name = "changes"
    template = "contacts/clinician/changes.html"

    def context(self) -> dict[str, Any]:
        """The latest changes, newest first. One query, and one for who made them."""
        # One more than is shown, to compare the last of them with.
        entries = list(
            self.model.objects.filter(id=self.object_id).select_related("history_user")[: SHOWN + 1]
        )
        history.explain(entries)
        return {"page_obj": entries[:SHOWN], "are_more": len(entries) > SHOWN}
