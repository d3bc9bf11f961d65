"""The URLs of the API. Both work with and without a trailing slash."""

from django.urls import path

from alerts.api import views
from alerts.api.intake_check import IntakeCheckView
from alerts.monitoring import front_door

urlpatterns = [
    path(front_door.PATH.removeprefix("/"), IntakeCheckView.as_view()),
    path("notification", views.AlertsView.as_view(), name="alerts"),
    path("notification/", views.AlertsView.as_view()),
    # A message_id may end with this as well: then GET finds its alert.
    path("notification/<path:message_id>/withdraw", views.WithdrawalView.as_view(), {"rest": "/withdraw"}),
    path("notification/<path:message_id>/withdraw/", views.WithdrawalView.as_view(), {"rest": "/withdraw/"}),
    # The `path` converter, because a message_id may contain slashes.
    path("notification/<path:message_id>", views.AlertView.as_view(), name="alert"),
]
