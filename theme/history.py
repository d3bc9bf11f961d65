"""Admin pages whose history can be read and not reverted."""

from django.urls import URLPattern
from simple_history.admin import SimpleHistoryAdmin

from theme.guard import Guarded


class ReadOnlyHistoryAdmin(SimpleHistoryAdmin, Guarded):
    """unfold's admin with simple-history's list of changes, but without its page of one change.

    That page saves whatever is posted to it, even for users who may only view the object.
    """

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_simple_history"
        return [url for url in super().get_urls() if url.name != name]
