"""Replies by SMS in the admin: the text, the number that it came from, and its effect."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from phonenumbers import NumberParseException
from unfold.contrib.filters.admin import ChoicesCheckboxFilter
from unfold.decorators import display

from alerts.admin.permissions import ReadOnly
from alerts.models import InboundMessage
from alerts.states import Effect
from contacts import phone


@admin.register(InboundMessage)
class ReplyAdmin(ReadOnly):
    """Nobody edits a reply. Replies that belong to no question are shown here and nowhere else."""

    list_display = ("received_at", "number", "text", "did", "alert")
    list_filter = (("effect", ChoicesCheckboxFilter),)
    list_filter_submit = True
    list_select_related = ("response__alert",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("sender", "text")
    search_help_text = "Number or text"
    fields = ("received_at", "number", "text", "did", "alert")

    @display(description="from", ordering="sender")
    def number(self, message: InboundMessage) -> str:
        try:
            return phone.readable(message.sender)
        except NumberParseException:  # a name, which services use as their sender
            return message.sender

    @display(
        description="effect",
        ordering="effect",
        label={effect.label: "success" if effect is Effect.APPLIED else "warning" for effect in Effect},
    )
    def did(self, message: InboundMessage) -> str:
        return Effect(message.effect).label

    @display(description="alert", empty_value="fits none")
    def alert(self, message: InboundMessage) -> SafeString | None:
        if message.response is None:
            return None
        page = reverse("admin:alerts_alert_change", args=[message.response.alert_id])
        return format_html('<a href="{}">{}</a>', page, message.response.alert)
