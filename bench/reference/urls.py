"""The one URL of the reference app."""

from django.urls import path

from bench.reference.views import SendAlertView

urlpatterns = [path("notification", SendAlertView.as_view())]
