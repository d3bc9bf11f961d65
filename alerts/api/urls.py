"""The API's addresses; both work with and without a trailing slash."""

from django.urls import path

from alerts.api import views

urlpatterns = [
    path("notification", views.AlertsView.as_view(), name="alerts"),
    path("notification/", views.AlertsView.as_view()),
    # `path` as the converter: a message_id may have slashes in it.
    path("notification/<path:message_id>", views.AlertView.as_view(), name="alert"),
]
