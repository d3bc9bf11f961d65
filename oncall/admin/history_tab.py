"""The tab with the latest changes to a plan."""

from oncall import history
from oncall.models import Plan
from theme.tabs import LatestChanges


class ChangesTab(LatestChanges):
    """The latest changes to a plan, its steps and its uses."""

    model = Plan.history.model
    template = "oncall/plan_changes.html"
    explain = history.explain
