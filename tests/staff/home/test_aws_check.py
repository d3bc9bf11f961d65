"""The page *AWS*."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect
from pytest_django.fixtures import Settings

from tests.aws import Aws
from tests.staff.accessibility import check_accessibility, fits
from tests.staff.browser import Site
from tests.staff.users import NO_ROLE, SUPERUSER, make_user


@pytest.mark.django_db
def test_users_who_may_ask_find_the_page_in_the_sidebar() -> None:
    user = make_user(NO_ROLE)
    client = Client()
    client.force_login(user)
    page = reverse("admin:aws_check")
    assert page not in client.get(reverse("admin:index")).content.decode()
    assert client.get(page).status_code == 403

    user.user_permissions.add(Permission.objects.get(codename="ask_aws"))

    assert page in client.get(reverse("admin:index")).content.decode()
    assert client.get(page).status_code == 200


def test_the_button_asks_and_the_page_says_what_is_wrong(site: Site, aws: Aws, settings: Settings) -> None:
    settings.CONNECT_SOURCE_PHONE_NUMBER = "+442079460001"
    page = site.login(SUPERUSER, phone=True)
    page.goto(reverse("admin:aws_check"))
    expect(page.locator("#aws-check")).to_have_count(0)

    page.get_by_role("button", name="Ask AWS").press("Enter")

    rows = page.locator("#aws-check tbody tr")
    expect(rows.first).to_contain_text("Account 123456789012")
    caller = rows.filter(has_text="Caller's number")
    expect(caller).to_contain_text("Wrong")
    expect(caller).to_contain_text("Claim it in Amazon Connect")
    expect(page.get_by_role("button", name="Ask again")).to_be_visible()
    check_accessibility(page)
    assert fits(page)
    assert aws.messages() == []
