"""A ward manager sees the alerts of their departments, and no others, wherever alerts are shown."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from alerts.models import Alert, AlertAction
from alerts.states import StaffAction
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician, ManagedDepartment
from tests.alerts.admin.pages import ALERTS, SEARCH, action_url, page_of, read, store
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(db: None) -> User:
    """The manager of ward 4."""
    user = User.objects.create_user("manager", is_staff=True)
    user.groups.add(Group.objects.get(name="Ward managers"))
    ManagedDepartment.objects.create(user=user, name="ward4")
    return user


@pytest.fixture
def browser(manager: User) -> Client:
    """Their browser."""
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def own(failed: Alert) -> Alert:
    """An alert of ward 4, which failed."""
    Clinician.objects.update(department="Ward 4")
    return failed


@pytest.fixture
def other(own: Alert, lab: ApiClient) -> Alert:
    """An alert of ward 5."""
    make_clinician("C-5", {Priority.LOW: [Channel.EMAIL]}, department="Ward 5")
    return store(lab, "other-1", contact_id="C-5")


def test_the_list_and_its_search_show_the_department_alone(browser: Client, own: Alert, other: Alert) -> None:
    for page in (
        read(browser, ALERTS),
        read(browser, ALERTS, {"priority__exact": "L"}),
        browser.post(SEARCH, {"q": "-1"}, follow=True).content.decode(),
    ):
        assert "failed-1" in page
        assert "other-1" not in page
    assert "other-1" not in read(browser, ALERTS, {"department": "Ward 5"})


def test_the_page_of_another_departments_alert_is_refused(browser: Client, own: Alert, other: Alert) -> None:
    assert browser.get(page_of(own)).status_code == 200
    assert browser.get(page_of(other)).status_code in {302, 403, 404}
    assert "other-1" not in read(browser, page_of(other), follow=True)


def test_an_action_reaches_the_department_alone(
    browser: Client, manager: User, own: Alert, other: Alert
) -> None:
    manager.user_permissions.add(Permission.objects.get(codename="close_alert"))

    assert browser.get(action_url(StaffAction.CLOSE, other)).status_code == 404
    seen = [f"{own.pk}:0", f"{other.pk}:0"]
    form = {"confirmed": "1", "outcome": "not_needed", "seen": seen}
    browser.post(action_url(StaffAction.CLOSE, own), form)

    assert list(AlertAction.objects.values_list("alert", flat=True)) == [own.pk]


def test_the_clinicians_page_shows_the_alerts_of_the_department_alone(
    browser: Client, own: Alert, other: Alert
) -> None:
    for alert, shown in ((own, True), (other, False)):
        page = read(browser, reverse("admin:contacts_clinician_change", args=[alert.clinician_id]))
        assert (page_of(alert) in page) is shown


def test_a_manager_without_departments_sees_no_alert(
    browser: Client, manager: User, own: Alert, other: Alert
) -> None:
    ManagedDepartment.objects.filter(user=manager).delete()

    assert "failed-1" not in read(browser, ALERTS)


def test_departments_cost_a_list_few_statements(browser: Client, staff: Client, own: Alert) -> None:
    with CaptureQueriesContext(connection) as all_alerts:
        read(staff, ALERTS)
    with CaptureQueriesContext(connection) as of_department:
        read(browser, ALERTS)

    assert (
        len(of_department) <= 16
    )  # for the count and for the rows: the departments, their spellings, their people
    assert len(all_alerts) <= 14


def test_an_administrator_chooses_a_users_departments_from_those_that_exist(
    staff: Client, manager: User, own: Alert, other: Alert
) -> None:
    page = read(staff, reverse("admin:auth_user_change", args=[manager.pk]))

    assert all(f">{name}</option>" in page for name in ("Ward 4", "Ward 5", "ward4"))
