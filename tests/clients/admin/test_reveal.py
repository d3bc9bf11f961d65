"""A new secret is shown on one page, for ten minutes, in one browser, and is stored nowhere."""

import time

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from clients import tokens
from clients.admin import reveal
from clients.admin.tokens import NO_LONGER_SHOWN
from clients.models import Access, ApiClient, ApiToken
from tests.clients.database import holds
from tests.clients.forms import ADD, ISSUED, TOKENS, act, add, secrets_shown, shown_messages, typed

pytestmark = pytest.mark.django_db


def test_adding_a_token_shows_a_secret_that_works(admin_client: Client, lab: ApiClient) -> None:
    (secret,) = secrets_shown(add(admin_client, typed(lab, access="read")))

    record = tokens.find(secret)

    assert record is not None
    assert record.live
    assert (record.token.client, record.token.label, record.token.access) == (lab, "Analyser 2", Access.READ)


def test_one_token_is_made_and_not_two(admin_client: Client, lab: ApiClient) -> None:
    add(admin_client, typed(lab))

    assert ApiToken.objects.count() == 1


def test_the_page_with_the_secret_is_not_cached(admin_client: Client, lab: ApiClient) -> None:
    assert "no-store" in add(admin_client, typed(lab))["Cache-Control"]


def test_the_secret_is_in_no_message_session_or_log(admin_client: Client, lab: ApiClient) -> None:
    answer = add(admin_client, typed(lab))
    (secret,) = secrets_shown(answer)

    assert LogEntry.objects.get().object_repr == f"{secret[:8]}… of Lab system"
    assert holds(secret[8:]) == []
    assert not any(secret[8:] in cookie.value for cookie in admin_client.cookies.values())  # it is packed
    assert secret not in str(answer.redirect_chain)
    assert shown_messages(answer) == []


def test_reloading_the_page_issues_no_second_token(admin_client: Client, lab: ApiClient) -> None:
    shown = secrets_shown(add(admin_client, typed(lab)))

    assert secrets_shown(admin_client.get(ISSUED)) == shown
    assert ApiToken.objects.count() == 1


def test_once_it_is_copied_the_secret_is_gone(admin_client: Client, lab: ApiClient) -> None:
    add(admin_client, typed(lab))

    admin_client.post(ISSUED)

    assert reveal.COOKIE not in {name for name, cookie in admin_client.cookies.items() if cookie.value}
    answer = admin_client.get(ISSUED, follow=True)
    assert answer.redirect_chain == [(TOKENS, 302)]
    assert shown_messages(answer) == [NO_LONGER_SHOWN]


def test_after_ten_minutes_the_secret_is_gone(
    admin_client: Client, lab: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(admin_client, typed(lab))
    later = time.time() + reveal.SHOWN_FOR.total_seconds() + 1
    monkeypatch.setattr(time, "time", lambda: later)

    assert admin_client.get(ISSUED).status_code == 302


@pytest.mark.parametrize("cookie", ["", "00", "W10:1vM0aa:AAAA"])
def test_a_cookie_that_bleep_did_not_sign_shows_nothing(
    admin_client: Client, lab: ApiClient, cookie: str
) -> None:
    admin_client.cookies[reveal.COOKIE] = cookie

    assert admin_client.get(ISSUED).status_code == 302


def test_the_next_user_of_a_browser_sees_no_secret(
    admin_client: Client, admin_user: User, lab: ApiClient
) -> None:
    add(admin_client, typed(lab))
    cookie = admin_client.cookies[reveal.COOKIE].value
    admin_client.logout()
    admin_client.force_login(admin_user)
    admin_client.cookies[reveal.COOKIE] = cookie

    assert admin_client.get(ISSUED).status_code == 302


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_pages(
    admin_client: Client, lab: ApiClient
) -> None:
    cookie = admin_client.post(ADD, typed(lab)).cookies[reveal.COOKIE]

    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"]) == (
        True,
        "Strict",
        TOKENS,
        600,
    )


def test_a_form_that_is_sent_twice_loses_no_secret(admin_client: Client, lab: ApiClient) -> None:
    first = secrets_shown(add(admin_client, typed(lab)))

    both = secrets_shown(add(admin_client, typed(lab)))

    assert both[:1] == first
    assert {token.pk for secret in both if (found := tokens.find(secret)) for token in [found.token]} == set(
        ApiToken.objects.values_list("pk", flat=True)
    )


def test_a_second_rotation_leads_to_what_the_first_one_issued(admin_client: Client, lab: ApiClient) -> None:
    old, _secret = tokens.issue(client=lab)
    shown = secrets_shown(act(admin_client, "rotate", old))

    answer = admin_client.post(f"{TOKENS}rotate/", {"token": [old.pk]}, follow=True)

    assert answer.redirect_chain == [(ISSUED, 302)]
    assert secrets_shown(answer) == shown
    assert shown_messages(answer) == [f"{old} has been rotated already. Add a new token instead."]


def test_no_more_are_issued_than_can_be_shown(
    admin_client: Client, lab: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reveal, "MAX_SHOWN", 2)
    old = [tokens.issue(client=lab)[0] for _ in range(2)]
    add(admin_client, typed(lab))

    answers = [
        admin_client.post(f"{TOKENS}rotate/", {"token": [each.pk for each in old]}, follow=True),
        *(add(admin_client, typed(lab)) for _ in range(2)),
    ]

    assert [len(secrets_shown(answer)) for answer in answers] == [1, 2, 2]
    assert [len(shown_messages(answer)) for answer in answers] == [1, 0, 1]
    assert ApiToken.objects.count() == 4


def test_as_many_as_are_allowed_fit_into_a_cookie(admin_client: Client, lab: ApiClient) -> None:
    old = [tokens.issue(client=lab)[0] for _ in range(reveal.MAX_SHOWN)]

    assert len(secrets_shown(act(admin_client, "rotate", *old))) == reveal.MAX_SHOWN

    assert len(admin_client.cookies[reveal.COOKIE].value) < 4000


def test_the_secret_is_not_shown_again(admin_client: Client, lab: ApiClient) -> None:
    (secret,) = secrets_shown(add(admin_client, typed(lab)))
    token = ApiToken.objects.get()

    for path in (TOKENS, f"{TOKENS}{token.pk}/change/", f"/admin/clients/apiclient/{lab.pk}/change/"):
        page = admin_client.get(path).content.decode()
        assert secret[:8] in page
        assert secret[8:] not in page
        assert token.digest not in page
