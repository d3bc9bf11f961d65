"""Writes everything that becomes known of a subscription. Nothing else writes it."""

from datetime import timedelta
from random import uniform

from django.db.models import Case, DurationField, ExpressionWrapper, F, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, Least, Now

from contacts.choices import Answer, Subscription
from contacts.models import EmailSubscription

HOURLY = timedelta(hours=1)
SOONEST = timedelta(seconds=10)
"""After the e-mail with the link was sent, AWS is asked this often; later, after a tenth of the time since then."""
SHARE = 10
ASK_AGAIN_AFTER = timedelta(minutes=1)
"""How soon staff can have the e-mail with the link sent again."""

WAS_CONFIRMED = Q(state__in=(Subscription.CONFIRMED, Subscription.SUSPENDED, Subscription.GONE))
STATE_AFTER: dict[Answer, Combinable] = {
    Answer.CONFIRMED: Value(Subscription.CONFIRMED),
    Answer.PENDING: Case(
        When(WAS_CONFIRMED, then=Value(Subscription.SUSPENDED)), default=Value(Subscription.PENDING)
    ),
    Answer.MISSING: Case(
        When(WAS_CONFIRMED, then=Value(Subscription.GONE)), default=Value(Subscription.LAPSED)
    ),
}
"""The state after each answer. AWS suspends an address that gets too many e-mails by asking for another confirmation,
and drops a subscription that nobody confirms."""


def made(row: EmailSubscription, *, topic_arn: str, subscription_arn: str) -> None:
    """AWS has the subscription. It has sent the person an e-mail, unless it was confirmed before."""
    _kept(row).update(
        **_news(Value(Subscription.PENDING)),
        topic_arn=topic_arn,
        subscription_arn=subscription_arn,
        invited_at=Now(),
        next_look_at=Now(),
    )


def answered(
    clinician_id: int, subscription_arn: str, answer: Answer, *, only_account_unsubscribes: bool | None = None
) -> None:
    """AWS has just given this state. Does nothing for a subscription that Bleep does not keep any more."""
    known = EmailSubscription.objects.filter(clinician=clinician_id, subscription_arn=subscription_arn)
    more = (
        {} if only_account_unsubscribes is None else {"only_account_unsubscribes": only_account_unsubscribes}
    )
    known.exclude(state=Subscription.UNWANTED).update(
        **_news(STATE_AFTER[answer]), next_look_at=_next_look(answer), **more
    )


def set_up(row: EmailSubscription, key: str) -> None:
    """The topic has its tags, and is encrypted with this key."""
    EmailSubscription.objects.filter(pk=row.pk).update(set_up_with=key)


def confirmed_with_link(row: EmailSubscription, subscription_arn: str) -> None:
    """AWS took the link's token. A relay looks at once whether only the account can unsubscribe now."""
    _kept(row).update(
        **_news(Value(Subscription.CONFIRMED)),
        subscription_arn=subscription_arn,
        next_look_at=Now(),
    )


def topic_is_gone(row: EmailSubscription) -> None:
    """Somebody has deleted the topic, so another one is to be made."""
    EmailSubscription.objects.filter(pk=row.pk).update(
        topic_arn="", set_up_with="", next_look_at=Now() + SOONEST
    )


def refused(row: EmailSubscription) -> None:
    """AWS does not accept the address. Bleep does not ask again until staff say so."""
    _kept(row).update(**_news(Value(Subscription.REFUSED)), next_look_at=None)


def later(row: EmailSubscription, wait: timedelta) -> None:
    """AWS did not answer: look again after `wait`."""
    EmailSubscription.objects.filter(pk=row.pk).update(next_look_at=Now() + Value(wait))


def taken_away(row: EmailSubscription) -> None:
    """The topic is gone. Does nothing for an address that somebody has entered again meanwhile."""
    gone = EmailSubscription.objects.filter(pk=row.pk, state=Subscription.UNWANTED).delete()
    if not gone[0]:
        topic_is_gone(row)


def want_again(row: EmailSubscription) -> bool:
    """Have AWS send the e-mail with the link again. False if the address is confirmed, or if this was asked for just
    now.
    """
    open_ones = EmailSubscription.objects.filter(pk=row.pk).exclude(
        state__in=(Subscription.CONFIRMED, Subscription.UNWANTED, Subscription.WANTED)
    )
    lately = Q(invited_at__gt=Now() - Value(ASK_AGAIN_AFTER))
    return open_ones.exclude(lately).update(state=Subscription.WANTED, since=Now(), next_look_at=Now()) == 1


def start_over() -> None:
    """AWS has forgotten all of them, as its stand-in does when it ends: make them again."""
    EmailSubscription.objects.exclude(state=Subscription.UNWANTED).update(
        state=Subscription.WANTED,
        since=Now(),
        next_look_at=Now(),
        topic_arn="",
        subscription_arn="",
        set_up_with="",
    )


def _kept(row: EmailSubscription) -> QuerySet[EmailSubscription]:
    """The row, unless its address is no longer wanted."""
    return EmailSubscription.objects.filter(pk=row.pk).exclude(state=Subscription.UNWANTED)


def _news(state: Combinable) -> dict[str, Combinable]:
    return {
        "state": state,
        "since": Case(When(state=state, then=F("since")), default=Now()),
        "asked_at": Now(),
    }


def _next_look(answer: Answer) -> Combinable | None:
    match answer:
        case Answer.CONFIRMED:
            return Now() + Value(HOURLY * uniform(0.75, 1))  # noqa: S311 - spread over the hour
        case Answer.PENDING:
            waited = ExpressionWrapper(Now() - Coalesce("invited_at", "since"), output_field=DurationField())
            tenth = ExpressionWrapper(waited / Value(SHARE), output_field=DurationField())
            return Now() + Greatest(Value(SOONEST), Least(Value(HOURLY), tenth))
        case Answer.MISSING:
            return None
