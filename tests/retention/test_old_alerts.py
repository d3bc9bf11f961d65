"""What is left of alerts goes after years, but for what is sealed."""

import pytest
from django.contrib.auth.models import User

from alerts.models import Alert, BlankedAlert, Delivery
from audit import verification
from clients.models import ApiClient
from contacts.masking import EXPIRED
from contacts.models import Clinician
from retention import run
from tests.retention import old

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_goes_and_what_is_sealed_stays_without_text(
    lab: ApiClient, clinician: Clinician, staff: User
) -> None:
    young = old.take(lab, days=8 * 365)
    old.take(lab, days=8 * 366)
    acted = old.take(lab, days=8 * 366)
    old.answered(acted, staff, days=8 * 366)
    verification.run()

    run.run()

    assert set(Alert.objects.all()) == {young, acted}
    assert set(Alert.objects.values_list("description", flat=True)) == {EXPIRED}
    assert Delivery.objects.count() == BlankedAlert.objects.count() == 2
    verification.run()
    assert verification.everything().problems == []
    assert run.steps()[3].waiting(old.ago(8 * 365.25)) == 0
