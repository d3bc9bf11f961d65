"""What a client's page shows of it: its tokens and how each stands, and what it did in the last fortnight."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from clients import sample, tokens, usage
from clients.models import Access, ApiClient, ApiToken
from clients.tokens import Standing
from clients.usage import Day
from theme import charts


@dataclass(frozen=True)
class Told:
    """A token, and how it stands."""

    token: ApiToken
    standing: Standing

    @property
    def words(self) -> str:
        return self.standing.value

    @property
    def works(self) -> bool:
        return self.standing.works

    @property
    def has_expired(self) -> bool:
        return self.standing is Standing.EXPIRED

    @property
    def may_be_rotated(self) -> bool:
        return self.standing is Standing.WORKS


@dataclass(frozen=True)
class Account:
    """A client's tokens, those that work first and then the newest, and its days, oldest first.

    `chart` and `options` are Chart.js's, as text.
    """

    tokens: list[Told]
    days: list[Day]
    chart: str
    options: str
    requests: int
    errors: int
    add_token: str
    """The page on which another is issued."""


def of(client: ApiClient) -> Account:
    """Two queries."""
    days = usage.last_days(client)
    now = timezone.now()
    told = [
        Told(token, tokens.standing(token, now))
        for token in ApiToken.objects.filter(client=client).select_related("client").order_by("-created_at")
    ]
    series = (
        ("Answered", charts.BLUE, [day.requests - day.errors for day in days]),
        ("Errors", charts.RED, [day.errors for day in days]),
    )
    return Account(
        sorted(told, key=lambda each: not each.works),
        days,
        charts.data([date_format(day.day, "j M") for day in days], series),
        charts.options(stacked=True),
        sum(day.requests for day in days),
        sum(day.errors for day in days),
        f"{reverse('admin:clients_apitoken_add')}?{urlencode({'client': client.pk})}",
    )


def first_request(token: ApiToken, secret: str, url: str) -> str:
    """A command for a shell with which the token's owner can try it out."""
    header = f"Bearer {secret}"
    if token.access == Access.READ:
        return sample.question(url, token=header)
    return sample.command(url, token=header, message_id=f"test-{token.pk}")
