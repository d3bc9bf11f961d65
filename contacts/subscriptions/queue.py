"""Which subscriptions are to be made, looked at, or taken away now.

Triggers note what is wanted and what no longer is, so it does not matter how a clinician was changed: on their page,
for many at once, from a file, or undone.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Now

from contacts.choices import Subscription
from contacts.models import Clinician, EmailSubscription

LEASE = timedelta(minutes=2)
"""For which a subscription is left to whoever took it. The requests for one take half of that, if AWS hangs."""
FIRST = Case(When(state=Subscription.UNWANTED, then=0), When(state=Subscription.WANTED, then=1), default=2)


def take() -> EmailSubscription | None:
    """The one that comes next, which nobody else takes for `LEASE`; None if none is due.

    Whoever has become inactive before they were asked is not asked.
    """
    active = Exists(Clinician.objects.filter(pk=OuterRef("clinician"), active=True))
    with transaction.atomic():
        due = EmailSubscription.objects.filter(
            ~Q(state=Subscription.WANTED) | active, next_look_at__lte=Now()
        )
        due = due.order_by(FIRST, "next_look_at", "pk")
        found = due.select_for_update(skip_locked=True).first()
        if found is not None:
            EmailSubscription.objects.filter(pk=found.pk).update(next_look_at=Now() + Value(LEASE))
    return found
