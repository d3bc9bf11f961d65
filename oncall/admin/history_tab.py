"""The tab with the latest changes to a plan."""

from typing import Any

from oncall import history
from oncall.models import Plan
from theme.tabs import TemplateTab

SHOWN = 20


class ChangesTab(TemplateTab):
    """The latest changes to a plan, its steps and its uses."""

    title = "Changes"
    model = Plan.history.model
    model_name = "changes"
    template = "oncall/plan_changes.html"

    def context(self) -> dict[str, Any]:
        """The latest changes, newest first. One query, and one for who made them."""
        entries = list(
            self.model.objects.filter(id=self.object_id).select_related("history_user")[: SHOWN + 1]
        )
        history.explain(entries)
        return {"page_obj": entries[:SHOWN], "are_more": len(entries) > SHOWN}
