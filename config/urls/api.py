"""The URLs of `web-api`, to which the door sends them. Without the staff's pages a process takes 10 MB less."""

from django.urls import include, path

handler400 = "staff.errors.bad_request"
handler404 = "staff.errors.not_found"
handler500 = "staff.errors.server_error"
urlpatterns = [path("", include("alerts.api.urls")), path("", include("alerts.responses.urls"))]
