"""Home in a real browser: items and their links, charts, and the page without problems."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from playwright.sync_api import expect

from alerts import intake
from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import Decision, LeaveInDoubt, NextChannel
from alerts.models import Alert, Attempt, Delivery, Refusal, RelayHeartbeat
from alerts.sending import breaker
from alerts.states import AlertState, Reason
from clients import tokens
from contacts.choices import Channel, Priority, Subscription
from contacts.models import EmailSubscription, Obstacle
from staff.roles import Role
from tests.factories import an_alert, make_clinician
from tests.staff.accessibility import check_accessibility, check_on_each_screen, fits
from tests.staff.browser import Site, visit, wait_until_settled
from tests.staff.users import NO_ROLE, SUPERUSER, Records


def take(records: Records, message_id: str, priority: Priority) -> Delivery:
    """Store an alert from the client for the clinician."""
    new = intake.NewAlert(**{**an_alert(message_id=message_id), "priority": priority})
    return Delivery.objects.get(alert=intake.accept(client=records.client, new=new).alert)


def fail(delivery: Delivery, reason: Reason, decision: Decision | None = None) -> None:
    claim = claims.claim(delivery.pk)
    assert claim
    fault = Fault.UNKNOWN if isinstance(decision, LeaveInDoubt) else Fault.REJECTED
    lifecycle.mark_failed(claim, ChannelError(fault, reason), decision or NextChannel(reason))


@pytest.fixture
def problems(records: Records) -> None:
    """One problem of each kind; the alert in `records` has failed."""
    fail(take(records, "unknown-1", Priority.MEDIUM), Reason.ANSWER_LOST, LeaveInDoubt(Reason.ANSWER_LOST))
    EmailSubscription.objects.update(state=Subscription.GONE)
    make_clinician("C-2", {Priority.HIGH: [Channel.CALL]}, name="Hard to Reach")
    tokens.issue(client=records.client, label="Ends soon", expires_at=timezone.now() + timedelta(days=3))
    calls = [take(records, f"call-{number}", Priority.HIGH) for number in range(breaker.FAILED_DELIVERIES)]
    for number in range(breaker.FAILURES):
        Attempt.objects.create(
            delivery=calls[number % len(calls)],
            channel=Channel.CALL,
            number=number + 1,
            state="unsent",
            reason=Reason.UNREACHABLE,
            finished_at=Now(),
        )


@pytest.fixture
def no_problems(records: Records) -> None:
    """The failed alert was dealt with, none was refused, addresses work, another was sent, and a relay is running."""
    Alert.objects.update(state=AlertState.CLOSED)
    Refusal.objects.all().delete()
    Obstacle.objects.all().delete()
    EmailSubscription.objects.update(state=Subscription.CONFIRMED)
    claim = claims.claim(take(records, "sent-1", Priority.HIGH).pk)
    assert claim
    lifecycle.mark_sent(claim, SendResult("contact-1"))
    RelayHeartbeat.objects.create(relay="ward:1")


LINKS = {
    "failed": ("Clinician C-1", "/admin/alerts/alert/"),
    "unconfirmed": ("Clinician C-1", "/admin/contacts/clinician/"),
    "unreachable": ("Hard to Reach", "/admin/contacts/clinician/"),
    "expiring": ("Lab system", "/admin/clients/apiclient/"),
}
"""For each kind of item the text of its first link, and where it leads."""


def test_each_problem_links_to_its_page_and_the_urgent_come_first(site: Site, problems: None) -> None:
    page = site.login(SUPERUSER)
    visit(page, "/admin/")
    check_accessibility(page)

    kinds = page.locator("[data-kind]").evaluate_all("all => all.map(each => each.dataset.kind)")
    assert set(kinds) == {*LINKS, "down call", "bleep relays_silent", "refused alerts"}
    failed = page.locator('[data-kind="failed"]')
    expect(failed).to_contain_text("1 alert failed: no clinician is known to have been reached.")
    expect(failed).to_contain_text("1 alert may not have arrived: the provider did not confirm it.")
    expect(failed.locator(".alert-row")).to_have_count(2)
    expect(page.locator('[data-kind="down call"]')).to_contain_text(
        "Telephone call: the provider has given no usable answer since"
    )
    urgent = page.locator("[data-kind]").evaluate_all(
        "all => all.map(each => each.classList.contains('urgent'))"
    )
    assert urgent == sorted(urgent, reverse=True)
    for kind, (words, address) in LINKS.items():
        link = page.locator(f'[data-kind="{kind}"]').get_by_role("link", name=words).first
        expect(link).to_have_attribute("href", re.compile(f"^{address}.*/change/$"))
    page.locator('[data-kind="expiring"]').get_by_role("link", name="Lab system").click()
    page.wait_for_url("**/admin/clients/apiclient/*/change/")
    wait_until_settled(page)


def test_without_problems_it_says_so_and_shows_charts_in_the_themes_colours(
    site: Site, no_problems: None
) -> None:
    page = site.login(Role.AUDITORS.value)

    visit(page, "/admin/")

    expect(page.get_by_text("Nothing you look after needs attention.")).to_be_visible()
    expect(page.locator("[data-kind]")).to_have_count(0)
    for name in ("Alerts by hour", "By priority", "Time to the provider"):
        chart = page.get_by_role("img", name=name)
        expect(chart).to_be_visible()
        assert chart.locator("canvas").evaluate("canvas => Chart.getChart(canvas).data.datasets.length > 0")
    expect(page.get_by_role("row", name="Telephone call")).to_contain_text("1")
    check_accessibility(page)

    page.wait_for_function("Object.values(Chart.instances).length === 3")
    colour = "Object.values(Chart.instances)[0].options.color"
    light = page.evaluate(colour)
    page.evaluate("document.documentElement.classList.add('dark')")
    page.wait_for_function(f"{colour} !== '{light}'")

    page.get_by_role("link", name="Last 7 days").press("Enter")

    expect(page.get_by_role("img", name="Alerts by day")).to_be_visible()
    expect(page.locator(".periods [aria-current]")).to_have_text("Last 7 days")


def test_an_empty_bleep_says_what_will_appear_here(site: Site) -> None:
    RelayHeartbeat.objects.create(relay="ward:1")
    page = site.login(SUPERUSER)

    visit(page, "/admin/")

    expect(page.get_by_text("Nothing you look after needs attention.")).to_be_visible()
    expect(page.get_by_text("No alerts in the last 24 hours.")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("link", name="Add a clinician").click()
    page.wait_for_url("**/clinician/add/")
    wait_until_settled(page)


def test_on_a_telephone_it_fits(site: Site, problems: None) -> None:
    page = site.login(SUPERUSER, phone=True)

    visit(page, "/admin/?period=week")

    check_accessibility(page)
    assert fits(page)


def test_help_is_the_guide_for_ward_staff(site: Site, records: Records) -> None:
    page = site.login(NO_ROLE)
    visit(page, "/admin/")

    page.locator(".shortcuts").get_by_role("link", name="Help").press("Enter")

    expect(page.get_by_role("heading", name="An alert that failed, or may have")).to_be_visible()
    check_on_each_screen(page)
