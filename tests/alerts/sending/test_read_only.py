"""A worker whose session is with a read-only server, as after a failover."""

import pytest
from django.db import connection

from alerts import tasks
from alerts.models import Attempt
from alerts.states import DeliveryState
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.aws import Aws

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_whose_server_only_reads_takes_the_next_in_another_session(store: Store, aws: Aws) -> None:
    delivery = store(Priority.MEDIUM)
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    tasks.deliver(str(delivery.pk))
    assert not Attempt.objects.exists()
    tasks.deliver(str(delivery.pk))

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.SENT
