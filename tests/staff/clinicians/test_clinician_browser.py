"""The clinician's page as staff use it, in a real browser and mostly by keyboard; a test goes through a real worker."""

import re

from playwright.sync_api import Page, expect

from alerts.models import Alert
from contacts import preferences
from contacts.choices import Channel, Priority, Subscription
from contacts.models import MAX_TIMES, Clinician, EmailSubscription, PreferenceTemplate
from staff.roles import Role
from tests.aws import Aws
from tests.factories import make_clinician
from tests.staff.accessibility import check_accessibility, fits
from tests.staff.browser import Site
from tests.staff.test_browser import look
from tests.staff.users import SUPERUSER, Records

EDITOR, OPERATOR = Role.PREFERENCE_EDITORS.value, Role.OPERATORS.value
ADD = "/admin/contacts/clinician/add/"
LIST = "/admin/contacts/clinician/"


def page_of(clinician: Clinician) -> str:
    return f"/admin/contacts/clinician/{clinician.pk}/change/"


def choose_by_key(page: Page, row: str, position: int, letter: str) -> None:
    """Go to a box of the matrix, and choose by the channel's first letter."""
    page.get_by_label(f"{row} priority: number {position} to try").focus()
    page.keyboard.press(letter)


def test_the_matrix_is_edited_by_keyboard_and_the_preview_is_read_out(
    site: Site, records: Records, aws: Aws
) -> None:
    page = site.login(EDITOR)
    look(page, page_of(records.clinician))
    expect(page.locator("#now-high")).to_have_text("call +44 7700 900001, then SMS to +44 7700 900002")

    choose_by_key(page, "High", 1, "s")
    page.keyboard.press("Tab")
    page.keyboard.press("e")

    expect(page.get_by_label("High priority: number 2 to try")).to_have_value("email")
    expect(page.locator("#now-high")).to_have_text(
        re.compile(
            r"^SMS to \+44 7700 900002, and only if that fails e-mail to clinician@ward\.example: this e-mail address "
        )
    )
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    expect(page).to_have_url(f"{site.url}{page_of(records.clinician)}")  # where the tests are
    high = preferences.channels_by_priority(records.clinician)[Priority.HIGH]
    assert high == [Channel.SMS, Channel.EMAIL]


def test_a_problem_is_shown_at_its_field_while_editing(site: Site, records: Records, aws: Aws) -> None:
    page = site.login(EDITOR)
    look(page, page_of(records.clinician))

    page.get_by_label("E-mail address").fill("")
    expect(page.locator("#said-low")).to_contain_text("E-mail needs “E-mail address”")
    expect(page.locator("#now-low")).to_contain_text("correct the errors above")

    page.get_by_label("Number for SMS").fill("07700 900002")
    expect(page.locator("#said-sms_number")).to_have_text(re.compile(r"Understood as \+44 7700 900002\.$"))
    page.get_by_label("Number for SMS").fill("+07700 900002")
    page.keyboard.press("Tab")
    expect(page.locator("#said-sms_number")).to_contain_text("its country code is missing")
    expect(page.get_by_label("Number for SMS")).to_have_attribute("aria-invalid", "true")

    page.get_by_label("Number for SMS").fill("+44 7700 900002")
    page.get_by_label("Low priority: number 1 to try").select_option("sms")
    expect(page.locator("#said-sms_number")).to_have_text("")
    expect(page.locator("#said-low")).to_have_text("")
    expect(page.locator("#now-low")).to_have_text("SMS to +44 7700 900002")


def test_high_without_call_or_sms_is_warned_of_and_can_be_saved(
    site: Site, records: Records, aws: Aws
) -> None:
    page = site.login(EDITOR)
    look(page, page_of(records.clinician))

    page.get_by_label("High priority: number 1 to try").select_option("email")
    page.get_by_label("High priority: number 2 to try").select_option("")

    expect(page.locator("#said-high .said-risk")).to_contain_text("may not be noticed in time")
    page.get_by_role("button", name="Save", exact=True).click()
    # Both the message and, a moment later, the preview say so.
    expect(page.get_by_text("High priority without a call or an SMS").first).to_be_visible()


def test_a_new_clinician_shows_no_errors_at_first_and_is_filled_in_from_a_template(
    site: Site, records: Records
) -> None:
    page = site.login(EDITOR)
    look(page, ADD)
    expect(page.locator("#now-basis")).to_contain_text("whether it is saved or not")
    expect(page.locator(".said-error")).to_have_count(0)

    page.get_by_label("Name").fill("Second Clinician")
    page.get_by_label("Contact ID").fill("C-2")
    page.get_by_label("Number for SMS").fill("+44 7700 900003")
    page.get_by_label("Number for calls").fill("+44 7700 900003")
    page.get_by_label("Fill in from a template").focus()
    page.keyboard.press("N")  # Nights: High by SMS, then call; Low by SMS

    expect(page.get_by_text("Filled in from “Nights”. Not saved yet.")).to_be_visible()
    expect(page.locator("#now-high")).to_have_text("SMS to +44 7700 900003, then call +44 7700 900003")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    expect(page.get_by_role("button", name="Send a test: SMS")).to_be_visible()
    made = Clinician.objects.get(contact_id="C-2")
    assert preferences.channels_by_priority(made) == {
        Priority.HIGH: [Channel.SMS, Channel.CALL],
        Priority.MEDIUM: [],
        Priority.LOW: [Channel.SMS],
    }


def test_the_page_shows_beside_an_address_what_aws_knows_of_it(
    site: Site, records: Records, aws: Aws
) -> None:
    Clinician.objects.update(sms_number="+447700900999")  # opted out, to the stand-in
    EmailSubscription.objects.update(state=Subscription.PENDING)
    page = site.login(EDITOR)

    look(page, page_of(records.clinician))

    expect(page.locator("#reach-sms_number")).to_contain_text("has opted out of SMS")
    expect(page.locator("#reach-email")).to_contain_text("waits for the person to confirm it")
    fails = page.locator("#now-fails .said-risk")
    expect(fails).to_contain_text(
        "High: SMS (opted out) would fail, so only the other channels can reach them."
    )
    expect(page.locator("#now-low")).to_contain_text("nobody would be alerted")
    page.get_by_label("Number for SMS").fill("+44 7700 900002")
    expect(page.locator("#reach-sms_number")).to_be_hidden()
    expect(fails).to_have_count(0)
    page.get_by_label("Low priority: number 1 to try").select_option("sms")
    expect(page.locator("#now-fails")).to_have_text("")


def test_where_aws_does_not_answer_the_page_says_so(site: Site, records: Records, aws: Aws) -> None:
    aws.misbehave("sns:CheckIfPhoneNumberIsOptedOut", "throttle")
    page = site.login(EDITOR)

    look(page, page_of(records.clinician))

    expect(page.locator(".channel-row[data-channel=sms]")).to_contain_text("cannot tell")
    expect(page.locator("#reach-sms_number")).to_have_count(0)


def test_a_test_is_sent_by_keyboard_and_its_result_is_seen(
    workers: None, site: Site, records: Records, aws: Aws
) -> None:
    page = site.login(EDITOR)
    look(page, page_of(records.clinician))

    page.get_by_role("button", name="Send a test: SMS").press("Enter")
    page.get_by_role("button", name="Send the test").click()

    expect(page.locator(".channel-row[data-channel=sms] .said-good").last).to_contain_text(
        "The provider has taken it"
    )
    (message,) = aws.messages()
    assert message["channel"] == "sms"
    assert message["text"].startswith("This is a test by preference.editors.")
    assert Alert.objects.tests().get().priority == Priority.HIGH
    check_accessibility(page)


def test_the_confirmation_is_sent_again_from_the_clinicians_page(site: Site, records: Records) -> None:
    EmailSubscription.objects.update(state=Subscription.LAPSED)
    page = site.login(EDITOR)
    look(page, page_of(records.clinician))

    page.get_by_role("link", name="Have it confirmed").press("Enter")
    expect(page.get_by_text("was not confirmed in time, so AWS has dropped it")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Send the confirmation again").press("Enter")

    expect(page.get_by_text("A relay has AWS send the e-mail with the link within seconds.")).to_be_visible()


def test_a_test_that_fails_says_why_and_goes_nowhere_else(
    workers: None, site: Site, records: Records, aws: Aws
) -> None:
    aws.misbehave("connect:StartOutboundVoiceContact", "reject")
    page = site.login(OPERATOR)
    look(page, page_of(records.clinician))

    page.get_by_role("button", name="Send a test: Telephone call").press("Enter")
    page.get_by_role("button", name="Send the test").click()

    result = page.locator(".channel-row[data-channel=call] .channel-result")
    expect(result.locator(".said-error")).to_contain_text("Failed.")
    expect(result.get_by_role("link", name="See the alert")).to_be_visible()
    assert aws.messages() == []
    assert Alert.objects.tests().get().deliveries.count() == 1


def test_a_changed_address_is_saved_before_it_is_tried(site: Site, records: Records, aws: Aws) -> None:
    page = site.login(EDITOR)
    look(page, page_of(records.clinician))
    page.get_by_label("Number for SMS").fill("+44 7700 900003")

    page.get_by_role("button", name="Send a test: SMS").click()

    expect(page.locator(".channel-row[data-channel=sms] .channel-result")).to_contain_text("Save first")
    assert not Alert.objects.tests().exists()


def test_the_tabs_show_alerts_and_changes(site: Site, records: Records, aws: Aws) -> None:
    preferences.replace(records.clinician, {Priority.MEDIUM: [Channel.EMAIL]})
    page = site.login(SUPERUSER)
    look(page, page_of(records.clinician))

    page.get_by_role("link", name="Recent alerts").press("Enter")
    expect(page.locator("#recent-alerts")).to_contain_text("E-mail: Failed")
    expect(page.locator("#tests")).to_be_hidden()

    page.get_by_role("link", name="Changes").press("Enter")
    expect(page.locator("#change-history")).to_contain_text("from “SMS” to “E-mail”")


def test_the_page_with_all_messages_is_accessible(site: Site, records: Records, aws: Aws) -> None:
    Clinician.objects.update(sms_number="+447700900999")
    page = site.login(SUPERUSER)
    look(page, page_of(records.clinician))
    page.get_by_label("High priority: number 1 to try").select_option("email")
    page.get_by_label("High priority: number 2 to try").select_option("")
    for position in range(1, MAX_TIMES + 2):
        page.get_by_label(f"Medium priority: number {position} to try").select_option("sms")
    page.get_by_label("Low priority: number 1 to try").select_option("")
    expect(page.locator("#said-medium .said-error")).to_be_visible()
    expect(page.locator("#reach-sms_number .said-risk")).to_be_visible()

    check_accessibility(page)
    for tab in ("Recent alerts", "Changes"):
        page.get_by_role("link", name=tab).click()
        check_accessibility(page)


def test_a_colleagues_correction_is_shown_and_kept(site: Site, records: Records, aws: Aws) -> None:
    page = site.login(EDITOR)
    look(page, page_of(records.clinician))
    colleague = site.login(SUPERUSER)
    look(colleague, page_of(records.clinician))
    colleague.get_by_label("Number for calls").fill("+44 7700 900123")
    colleague.get_by_role("button", name="Save", exact=True).click()
    expect(colleague.get_by_text("was changed successfully")).to_be_visible()

    page.get_by_label("Department").fill("Surgery")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("after you opened this page")).to_be_visible()
    expect(page.locator(".conflict")).to_contain_text("+447700900001, and is +447700900123 now")
    expect(page.get_by_label("Number for calls")).to_have_value("+447700900123")
    check_accessibility(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    saved = Clinician.objects.get(pk=records.clinician.pk)
    assert (saved.department, saved.call_number) == ("Surgery", "+447700900123")


def test_a_template_is_applied_to_those_who_were_chosen(site: Site, records: Records) -> None:
    nights = PreferenceTemplate.objects.get(name="Nights")
    other = make_clinician("C-2", {Priority.LOW: [Channel.EMAIL]}, call_number="")
    page = site.login(EDITOR)
    look(page, LIST)
    for box in page.locator("input.action-select").all():
        box.press("Space")
    page.select_option("select[name=action]", "apply_template")
    page.get_by_role("button", name="Run").press("Enter")
    page.get_by_label("Template").focus()
    page.keyboard.press("N")
    page.get_by_role("button", name="Show what would change").press("Enter")

    expect(page.get_by_text("no address for Telephone call")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Change 2 clinicians").press("Enter")

    expect(page.get_by_text("The preferences of 2 clinicians are changed.")).to_be_visible()
    assert preferences.channels_by_priority(other)[Priority.HIGH] == [Channel.SMS]
    assert (
        preferences.channels_by_priority(records.clinician)[Priority.HIGH] == nights.wanted()[Priority.HIGH]
    )


def test_on_a_telephone_the_page_is_not_wider_than_the_screen(site: Site, records: Records, aws: Aws) -> None:
    EmailSubscription.objects.update(state=Subscription.PENDING)
    page = site.login(SUPERUSER, phone=True)
    look(page, page_of(records.clinician))
    expect(page.locator("#reach-email")).to_be_visible()

    check_accessibility(page)
    assert fits(page)
