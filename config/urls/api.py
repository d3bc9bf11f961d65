"""The URLs of `web-api`, which are those that the door sends there: without the staff's pages, 10 MB more."""

from django.urls import include, path

handler400 = "staff.errors.bad_request"
handler404 = "staff.errors.not_found"
handler500 = "staff.errors.server_error"
urlpatterns = [path("", include("alerts.api.urls")), path("", include("alerts.responses.urls"))]
