"""The queue of subscriptions: which to make, look at or remove next.

Triggers note which are wanted and which no longer are, so it does not matter how a clinician was changed: on their
page, with many others, from a file, or by undoing.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Now

from contacts.choices import Subscription
from contacts.models import Clinician, EmailSubscription

LEASE = timedelta(minutes=2)
"""How long a subscription belongs to the process that took it: twice as long as its requests take if AWS hangs."""
FIRST = Case(When(state=Subscription.UNWANTED, then=0), When(state=Subscription.WANTED, then=1), default=2)


def take() -> EmailSubscription | None:
    """The next subscription, which no other process takes for `LEASE`; None if none is due.

    No new subscription for a clinician who is inactive: AWS would ask them to confirm it.
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
