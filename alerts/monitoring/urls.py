"""The URLs of monitoring, without the probes, which answer before any URL is looked up (`alerts.monitoring.probes`)."""

from django.urls import path

from alerts.monitoring.views import metrics

urlpatterns = [path("metrics", metrics, name="metrics")]
