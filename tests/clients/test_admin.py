"""API clients and tokens in the admin: a secret is shown on one page, for minutes, in one browser."""

import time
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clients import internal, reveal, tokens
from clients.admin import NO_LONGER_SHOWN
from clients.internal import TESTS
from clients.models import Access, ApiClient, ApiToken
from tests.clients.database import holds

pytestmark = pytest.mark.django_db

TOKENS = "/admin/clients/apitoken/"
ADD = "/admin/clients/apitoken/add/"
ISSUED = "/admin/clients/apitoken/issued/"


def typed(lab: ApiClient, **fields: str) -> dict[str, str]:
    return {"client": str(lab.pk), "label": "Analyser 2", "access": "send", **fields}


def add(client: Client, fields: dict[str, str]) -> Any:
    """The page that adding a token leads to."""
    return client.post(ADD, fields, follow=True)


def act(client: Client, action: str, *chosen: ApiToken) -> Any:
    """The page that an action leads to, once its question is answered with yes."""
    keys = [token.pk for token in chosen]
    asked = client.post(TOKENS, {"action": action, "_selected_action": keys}, follow=True)
    assert [token.pk for token in asked.context["chosen"]] == sorted(keys, reverse=True)
    return client.post(f"{TOKENS}{action}/", {"token": keys}, follow=True)


def said(answer: Any) -> list[str]:
    """The messages on the page that the answer leads to."""
    return [str(message) for message in answer.context["messages"]]


def secrets_shown(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [secret for _token, secret in answer.context["issued"] if secret in answer.content.decode()]


def test_adding_a_token_shows_a_secret_that_works(admin_client: Client, lab: ApiClient) -> None:
    (secret,) = secrets_shown(add(admin_client, typed(lab, access="read")))

    record = tokens.find(secret)

    assert record is not None
    assert record.live
    assert (record.token.client, record.token.label, record.token.access) == (lab, "Analyser 2", Access.READ)


def test_one_token_is_made_and_not_two(admin_client: Client, lab: ApiClient) -> None:
    add(admin_client, typed(lab))

    assert ApiToken.objects.count() == 1


def test_the_page_with_the_secret_is_kept_by_nobody(admin_client: Client, lab: ApiClient) -> None:
    assert "no-store" in add(admin_client, typed(lab))["Cache-Control"]


def test_the_secret_is_in_no_message_session_or_log(admin_client: Client, lab: ApiClient) -> None:
    answer = add(admin_client, typed(lab))
    (secret,) = secrets_shown(answer)

    assert LogEntry.objects.get().object_repr == f"{secret[:8]}… of Lab system"
    assert holds(secret[8:]) == []
    assert not any(secret[8:] in cookie.value for cookie in admin_client.cookies.values())
    assert secret not in str(answer.redirect_chain)
    assert said(answer) == []


def test_reloading_the_page_issues_no_second_token(admin_client: Client, lab: ApiClient) -> None:
    shown = secrets_shown(add(admin_client, typed(lab)))

    assert secrets_shown(admin_client.get(ISSUED)) == shown
    assert ApiToken.objects.count() == 1


def test_once_it_is_copied_the_secret_is_gone(admin_client: Client, lab: ApiClient) -> None:
    add(admin_client, typed(lab))

    admin_client.post(ISSUED)

    assert reveal.COOKIE not in {name for name, cookie in admin_client.cookies.items() if cookie.value}
    assert reveal.SESSION_KEY not in admin_client.session
    answer = admin_client.get(ISSUED, follow=True)
    assert answer.redirect_chain == [(TOKENS, 302)]
    assert said(answer) == [NO_LONGER_SHOWN]


def test_after_ten_minutes_the_secret_is_gone(
    admin_client: Client, lab: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(admin_client, typed(lab))
    later = time.time() + reveal.SHOWN_FOR.total_seconds() + 1
    monkeypatch.setattr(time, "time", lambda: later)

    assert admin_client.get(ISSUED).status_code == 302
    assert reveal.SESSION_KEY not in admin_client.session


@pytest.mark.parametrize("key", ["", "00", "00" * reveal.KEY_BYTES])
def test_a_session_without_its_cookie_shows_nothing(admin_client: Client, lab: ApiClient, key: str) -> None:
    add(admin_client, typed(lab))
    admin_client.cookies[reveal.COOKIE] = key

    assert admin_client.get(ISSUED).status_code == 302


def test_the_key_is_out_of_reach_of_scripts_and_of_other_pages(admin_client: Client, lab: ApiClient) -> None:
    cookie = admin_client.post(ADD, typed(lab)).cookies[reveal.COOKIE]

    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", ISSUED)


def test_the_secret_is_not_shown_again(admin_client: Client, lab: ApiClient) -> None:
    (secret,) = secrets_shown(add(admin_client, typed(lab)))
    token = ApiToken.objects.get()

    for path in (TOKENS, f"{TOKENS}{token.pk}/change/", f"/admin/clients/apiclient/{lab.pk}/change/"):
        page = admin_client.get(path).content.decode()
        assert secret[:8] in page
        assert secret[8:] not in page
        assert token.digest not in page


def test_a_token_that_would_never_work_is_refused_at_its_field(admin_client: Client, lab: ApiClient) -> None:
    answer = admin_client.post(ADD, typed(lab, expires_at_0="2020-01-01", expires_at_1="00:00"))

    assert answer.context["adminform"].form.errors == {
        "expires_at": ["This is in the past: the token would never work."]
    }
    assert not ApiToken.objects.exists()


def test_a_token_is_added_with_its_expiry(admin_client: Client, lab: ApiClient) -> None:
    admin_client.post(ADD, typed(lab, expires_at_0="2099-01-01", expires_at_1="00:00"))

    expires_at = ApiToken.objects.get().expires_at
    assert expires_at is not None
    assert expires_at.isoformat() == "2099-01-01T00:00:00+00:00"


def test_nothing_about_a_token_can_be_edited(admin_client: Client, lab: ApiClient, lab_token: str) -> None:
    page = f"{TOKENS}{ApiToken.objects.get().pk}/change/"

    assert 'name="_save"' not in admin_client.get(page).content.decode()
    assert admin_client.post(page, typed(lab, label="Changed")).status_code == 403
    assert ApiToken.objects.get().label == ""


def test_a_token_cannot_be_deleted(admin_client: Client, lab_token: str) -> None:
    assert (
        admin_client.post(f"{TOKENS}{ApiToken.objects.get().pk}/delete/", {"post": "yes"}).status_code == 403
    )
    assert "delete_selected" not in admin_client.get(TOKENS).content.decode()
    assert ApiToken.objects.exists()


def test_a_client_that_has_tokens_cannot_be_deleted(
    admin_client: Client, lab: ApiClient, lab_token: str
) -> None:
    page = f"/admin/clients/apiclient/{lab.pk}/delete/"

    assert admin_client.post(page, {"post": "yes"}).status_code == 403
    assert ApiClient.objects.filter(pk=lab.pk).exists()


def test_rotating_shows_the_successor_and_keeps_the_old_one_alive(
    admin_client: Client, lab: ApiClient
) -> None:
    old, old_secret = tokens.issue(client=lab)

    answer = act(admin_client, "rotate", old)

    (secret,) = secrets_shown(answer)
    assert "no-store" in answer["Cache-Control"]
    assert [record.live for each in (secret, old_secret) if (record := tokens.find(each))] == [True, True]
    assert holds(secret[8:]) == []
    assert LogEntry.objects.get().get_change_message() == "Issued by rotation."


def test_several_are_rotated_together(admin_client: Client, lab: ApiClient) -> None:
    chosen = [tokens.issue(client=lab)[0] for _ in range(2)]

    assert len(set(secrets_shown(act(admin_client, "rotate", *chosen)))) == 2


def test_one_that_cannot_be_rotated_leaves_all_as_they_are(admin_client: Client, lab: ApiClient) -> None:
    ended, _ = tokens.issue(client=lab, label="Ended")
    ApiToken.objects.update(revoked_at=Now())
    live, _ = tokens.issue(client=lab)  # the newer one, so it is rotated first

    answer = act(admin_client, "rotate", live, ended)

    assert said(answer) == [f"{ended} has been revoked or has expired. Add a new token instead."]
    live.refresh_from_db()
    assert live.expires_at is None
    assert ApiToken.objects.count() == 2


def test_revoking_ends_the_chosen_tokens_and_no_others(admin_client: Client, lab: ApiClient) -> None:
    chosen, chosen_secret = tokens.issue(client=lab)
    _other, other_secret = tokens.issue(client=lab)

    answer = act(admin_client, "revoke", chosen)

    assert said(answer) == ["1 revoked. Requests that use a revoked token get a 401 from now on."]
    assert [record.live for each in (chosen_secret, other_secret) if (record := tokens.find(each))] == [
        False,
        True,
    ]
    assert LogEntry.objects.get().get_change_message() == "Revoked."


@pytest.mark.parametrize("action", ["rotate", "revoke"])
def test_asking_changes_nothing(admin_client: Client, lab: ApiClient, lab_token: str, action: str) -> None:
    token = ApiToken.objects.get()

    page = admin_client.get(f"{TOKENS}{action}/?token={token.pk}").content.decode()

    assert token.prefix in page
    token.refresh_from_db()
    assert (token.revoked_at, token.rotated_at, ApiToken.objects.count()) == (None, None, 1)


@pytest.mark.parametrize("action", ["rotate", "revoke"])
@pytest.mark.parametrize("named", ["", "?token=", "?token=x", "?token=\u0663", "?token=0"])
def test_a_question_about_nothing_leads_to_the_list(admin_client: Client, action: str, named: str) -> None:
    answer = admin_client.get(f"{TOKENS}{action}/{named}", follow=True)

    assert answer.redirect_chain == [(TOKENS, 302)]
    assert said(answer) == [f"Choose the tokens to {action} first."]


def test_a_client_that_was_added_is_offered_its_first_token(admin_client: Client) -> None:
    answer = admin_client.post(
        "/admin/clients/apiclient/add/", {"name": "Pharmacy", "active": "on", "_save": "Save"}, follow=True
    )

    client = ApiClient.objects.get(name="Pharmacy")
    assert answer.redirect_chain == [(f"{ADD}?client={client.pk}", 302)]
    assert answer.context["adminform"].form.initial["client"] == str(client.pk)
    assert "it needs a token" in said(answer)[0]


def test_a_clients_page_asks_as_much_with_many_tokens(admin_client: Client, lab: ApiClient) -> None:
    page = f"/admin/clients/apiclient/{lab.pk}/change/"

    def questions() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(page).status_code == 200
        return len(queries)

    few = questions()
    for _ in range(20):
        tokens.issue(client=lab)

    assert questions() == few < 15


def test_a_clients_page_tells_how_each_token_stands(admin_client: Client, lab: ApiClient) -> None:
    rotated, _ = tokens.issue(client=lab)
    tokens.rotate(rotated)
    revoked, _ = tokens.issue(client=lab)
    tokens.revoke(ApiToken.objects.filter(pk=revoked.pk))
    expired, _ = tokens.issue(client=lab)
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=Now())

    account = admin_client.get(f"/admin/clients/apiclient/{lab.pk}/change/").context["account"]

    assert [(each.words, each.works, each.may_be_rotated) for each in account.tokens] == [
        ("Works", True, True),
        ("Works, and has a successor", True, False),
        ("Expired", False, False),
        ("Revoked", False, False),
    ]


def test_a_token_that_may_only_read_is_tried_out_by_reading(admin_client: Client, lab: ApiClient) -> None:
    ((_token, secret, command),) = add(admin_client, typed(lab, access="read")).context["shown"]

    assert command == f"curl -i http://testserver/notification -H 'Authorization: Bearer {secret}'"


def test_a_limit_of_no_requests_is_refused(admin_client: Client, lab: ApiClient) -> None:
    answer = admin_client.post(
        f"/admin/clients/apiclient/{lab.pk}/change/",
        {"name": "Lab system", "active": "on", "requests_per_minute": "0"},
    )

    assert "A limit is at least one request a minute." in answer.content.decode()


def test_the_client_of_tests_is_there_before_the_first_test_and_cannot_send(db: None) -> None:
    client = ApiClient.objects.get(name=TESTS)

    assert client.active is False
    assert client == internal.tests_client()


def test_who_had_taken_its_name_can_send_no_longer(db: None) -> None:
    ApiClient.objects.filter(name=TESTS).update(active=True)

    import_module("clients.migrations.0006_tests_client").reserve(apps, None)

    client = ApiClient.objects.get(name=TESTS)
    assert client.active is False
    assert client.history.first().history_type == "~"


@pytest.mark.parametrize(
    "name", [TESTS, TESTS.upper(), f" {TESTS}", TESTS.replace(" ", "  "), "Tests by Bleep’s staff"]
)
def test_no_hospital_system_gets_the_name_of_the_client_of_tests(
    admin_client: Client, lab: ApiClient, name: str
) -> None:
    fields = {"name": name, "active": "on", "_save": "Save"}

    for page in ("add", f"{lab.pk}/change"):
        answer = admin_client.post(f"/admin/clients/apiclient/{page}/", fields)
        assert answer.context["adminform"].form.errors["name"][0] == (
            "“Tests by Bleep's staff” is Bleep's own name for its tests. Choose another."
        )
    assert not ApiClient.objects.filter(active=True).exclude(pk=lab.pk).exists()


def test_the_client_of_tests_gets_no_token(admin_client: Client, lab: ApiClient) -> None:
    found: Any = admin_client.get(
        "/admin/autocomplete/", {"app_label": "clients", "model_name": "apitoken", "field_name": "client"}
    ).json()
    assert [each["text"] for each in found["results"]] == ["Lab system"]

    answer = admin_client.post(ADD, typed(internal.tests_client()))

    assert "nobody sends as it" in answer.context["adminform"].form.errors["client"][0]
    assert not ApiToken.objects.exists()
