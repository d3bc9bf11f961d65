"""What the print of an alert's page says beside the page itself."""

import re

import pytest
from django.test import Client

from alerts.models import Alert
from tests.alerts.admin.pages import page_of, read

pytestmark = pytest.mark.django_db


def test_a_print_says_who_printed_it_when_and_in_which_zone(operator: Client, failed: Alert) -> None:
    (said,) = re.findall(r'<p class="alert-printed">(.*?)</p>', read(operator, page_of(failed)))

    assert "alert failed-1" in said
    assert re.search(r"as it stood on \d+ \w+ \d{4}, \d\d:\d\d:\d\d (GMT|BST)\.", said)
    assert "Printed by Olive Oakes." in said
    assert "Times are in Europe/London." in said


def test_the_part_that_is_loaded_again_has_it_too(operator: Client, failed: Alert) -> None:
    part = operator.get(page_of(failed), headers={"X-Bleep-Refresh": "1"}).content.decode()

    assert 'class="alert-printed"' in part
