"""The part of a client's page below the form: its tokens, and its requests by day."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from clients import snippets, tokens, usage
from clients.models import Access, ApiClient, ApiToken, ClientDay
from clients.snippets import Snippet
from clients.tokens import TokenStatus
from theme import charts


@dataclass(frozen=True)
class TokenRow:
    """A token and its status."""

    token: ApiToken
    status: TokenStatus

    @property
    def works(self) -> bool:
        return self.status.works

    @property
    def has_expired(self) -> bool:
        return self.status is TokenStatus.EXPIRED

    @property
    def can_be_rotated(self) -> bool:
        return self.status is TokenStatus.WORKS


@dataclass(frozen=True)
class ClientSummary:
    """A client's tokens, working ones first and then newest first, and its days, oldest first.

    `chart` and `options` are JSON for Chart.js.
    """

    tokens: list[TokenRow]
    days: list[ClientDay]
    chart: str
    options: str
    requests: int
    errors: int
    add_token_url: str


def of(client: ApiClient) -> ClientSummary:
    """A client's tokens and its days. Two queries."""
    days = usage.last_days(client)
    now = timezone.now()
    found = ApiToken.objects.filter(client=client).select_related("client").order_by("-created_at")
    rows = [TokenRow(token, tokens.status(token, now)) for token in found]
    series = (
        ("Answered", charts.BLUE, [day.requests - day.errors for day in days]),
        ("Errors", charts.RED, [day.errors for day in days]),
    )
    return ClientSummary(
        tokens=sorted(rows, key=lambda row: not row.works),
        days=days,
        chart=charts.data([date_format(day.day, "j M") for day in days], series),
        options=charts.options(stacked=True),
        requests=sum(day.requests for day in days),
        errors=sum(day.errors for day in days),
        add_token_url=f"{reverse('admin:clients_apitoken_add')}?{urlencode({'client': client.pk})}",
    )


def first_request(token: ApiToken, secret: str, url: str) -> list[Snippet]:
    """Programs in which staff can try the token."""
    return snippets.listing(url, secret) if token.access == Access.READ else snippets.sending(url, secret)
