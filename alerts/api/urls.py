"""The API's addresses; both work with and without a trailing slash."""

from django.urls import re_path

from alerts.api import views

urlpatterns = [
    re_path(r"^notification/?$", views.AlertsView.as_view(), name="alerts"),
    re_path(r"^notification/(?P<message_id>.+)$", views.AlertView.as_view(), name="alert"),
]
