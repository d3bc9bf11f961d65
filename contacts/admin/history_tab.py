"""The tab of a clinician's page that shows who changed them, when, and from what to what."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import HttpRequest
from django.template.loader import render_to_string

from contacts import history
from contacts.models import Clinician

SHOWN = 20


class ChangesTab:
    """A dataset, as unfold calls what has a tab of its own; with the latest changes in place of a list of rows."""

    tab = True
    title = "Changes"
    model = Clinician.history.model
    model_name = "changes"
    model_verbose_name = title

    def __init__(self, request: HttpRequest, extra_context: dict[str, Any] | None) -> None:
        self.request = request
        self.object_id = unquote((extra_context or {}).get("object") or "")

    @property
    def contents(self) -> str:
        """The latest changes, newest first. One query, and one for who made them."""
        # One more than is shown, which the last of these is compared with.
        entries = list(
            self.model.objects.filter(id=self.object_id).select_related("history_user")[: SHOWN + 1]
        )
        history.explain(entries)
        context = {
            "page_obj": entries[:SHOWN],
            "are_more": len(entries) > SHOWN,
            "object_id": self.object_id,
            "dataset": self,
        }
        return render_to_string("contacts/clinician/changes.html", context, request=self.request)
