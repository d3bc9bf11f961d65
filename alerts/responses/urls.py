"""The address of the page to answer on."""

from django.urls import path

from alerts.responses import links
from alerts.responses.answer_page import page

urlpatterns = [path(f"{links.PATH}/<str:token>", page, name="answer")]
