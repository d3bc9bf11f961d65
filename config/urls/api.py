"""The URLs of `web-api`: without the staff's pages, which would take 10 MB more."""

from django.urls import include, path

handler400 = "staff.errors.bad_request"
handler404 = "staff.errors.not_found"
handler500 = "staff.errors.server_error"
urlpatterns = [path("", include("alerts.api.urls"))]
