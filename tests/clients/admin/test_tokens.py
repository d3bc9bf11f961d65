"""API clients and tokens in the admin: issued, rotated and revoked, with a log entry."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clients import tokens
from clients.admin.tokens import ApiTokenAdmin
from clients.models import ApiClient, ApiToken
from tests.clients.database import holds
from tests.clients.forms import ADD, TOKENS, act, add, secrets_shown, shown_messages, typed

pytestmark = pytest.mark.django_db


def broken(*args: Any) -> None:
    raise RuntimeError


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
    new = ApiToken.objects.exclude(pk=old.pk).get()
    assert {entry.object_id: entry.get_change_message() for entry in LogEntry.objects.all()} == {
        str(old.pk): f"Rotated. Its successor begins with {new.prefix}.",
        str(new.pk): f"Issued by rotation of {old.prefix}….",
    }


def test_several_are_rotated_together(admin_client: Client, lab: ApiClient) -> None:
    chosen = [tokens.issue(client=lab)[0] for _ in range(2)]

    assert len(set(secrets_shown(act(admin_client, "rotate", *chosen)))) == 2


def test_one_that_cannot_be_rotated_leaves_all_as_they_are(admin_client: Client, lab: ApiClient) -> None:
    ended, _ = tokens.issue(client=lab, label="Ended")
    ApiToken.objects.update(revoked_at=Now())
    live, _ = tokens.issue(client=lab)  # the newer one, so it is rotated first

    answer = act(admin_client, "rotate", live, ended)

    assert shown_messages(answer) == [f"{ended} has been revoked or has expired. Add a new token instead."]
    live.refresh_from_db()
    assert live.expires_at is None
    assert not LogEntry.objects.exists()
    assert ApiToken.objects.count() == 2


def test_revoking_ends_the_chosen_tokens_and_no_others(admin_client: Client, lab: ApiClient) -> None:
    chosen, chosen_secret = tokens.issue(client=lab)
    _other, other_secret = tokens.issue(client=lab)

    answer = act(admin_client, "revoke", chosen)

    assert shown_messages(answer) == ["1 revoked. Requests that use a revoked token get a 401 from now on."]
    assert [record.live for each in (chosen_secret, other_secret) if (record := tokens.find(each))] == [
        False,
        True,
    ]
    assert LogEntry.objects.get().get_change_message() == "Revoked."


@pytest.mark.parametrize("action", ["rotate", "revoke"])
def test_an_action_that_cannot_be_logged_is_not_done(
    admin_client: Client, lab: ApiClient, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    token, _secret = tokens.issue(client=lab)
    before = list(ApiToken.objects.values())
    monkeypatch.setattr(ApiTokenAdmin, "log_change", broken)

    with pytest.raises(RuntimeError):
        admin_client.post(f"{TOKENS}{action}/", {"token": [token.pk]})

    assert list(ApiToken.objects.values()) == before


def test_a_token_revoked_before_is_not_logged_again(admin_client: Client, lab: ApiClient) -> None:
    token, _secret = tokens.issue(client=lab)

    for count in (1, 0):
        assert shown_messages(act(admin_client, "revoke", token))[-1].startswith(f"{count} revoked.")

    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize("action", ["rotate", "revoke"])
def test_asking_changes_nothing(admin_client: Client, lab: ApiClient, lab_token: str, action: str) -> None:
    token = ApiToken.objects.get()

    page = admin_client.get(f"{TOKENS}{action}/?token={token.pk}").content.decode()

    assert token.prefix in page
    token.refresh_from_db()
    assert (token.revoked_at, token.rotated_at, ApiToken.objects.count()) == (None, None, 1)


@pytest.mark.parametrize("action", ["rotate", "revoke"])
@pytest.mark.parametrize("named", ["", "?token=", "?token=x", "?token=\u0663", "?token=0"])
def test_confirming_no_tokens_leads_to_the_list(admin_client: Client, action: str, named: str) -> None:
    answer = admin_client.get(f"{TOKENS}{action}/{named}", follow=True)

    assert answer.redirect_chain == [(TOKENS, 302)]
    assert shown_messages(answer) == [f"Choose the tokens to {action} first."]


def test_a_client_that_was_added_is_offered_its_first_token(admin_client: Client) -> None:
    answer = admin_client.post(
        "/admin/clients/apiclient/add/", {"name": "Pharmacy", "active": "on", "_save": "Save"}, follow=True
    )

    client = ApiClient.objects.get(name="Pharmacy")
    assert answer.redirect_chain == [(f"{ADD}?client={client.pk}", 302)]
    assert answer.context["adminform"].form.initial["client"] == str(client.pk)
    assert "it needs a token" in shown_messages(answer)[0]


def test_a_clients_page_takes_as_many_queries_with_many_tokens(admin_client: Client, lab: ApiClient) -> None:
    page = f"/admin/clients/apiclient/{lab.pk}/change/"

    def questions() -> int:
        ContentType.objects.clear_cache()
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(page).status_code == 200
        return len(queries)

    questions()  # the first of a process also looks up the content types
    few = questions()
    for _ in range(20):
        tokens.issue(client=lab)

    assert questions() == few < 15


def test_a_clients_page_shows_the_status_of_each_token(admin_client: Client, lab: ApiClient) -> None:
    rotated, _ = tokens.issue(client=lab)
    tokens.rotate(rotated)
    revoked, _ = tokens.issue(client=lab)
    tokens.revoke(ApiToken.objects.filter(pk=revoked.pk))
    expired, _ = tokens.issue(client=lab)
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=Now())

    summary = admin_client.get(f"/admin/clients/apiclient/{lab.pk}/change/").context["summary"]

    assert [(row.status.value, row.works, row.can_be_rotated) for row in summary.tokens] == [
        ("Works", True, True),
        ("Works, and has a successor", True, False),
        ("Expired", False, False),
        ("Revoked", False, False),
    ]


def test_an_auditor_sees_the_tokens_and_no_links_to_change_them(
    admin_client: Client, auditor: Client, lab: ApiClient, lab_token: str
) -> None:
    address = f"/admin/clients/apiclient/{lab.pk}/change/"
    prefix, links = ApiToken.objects.get().prefix, (ADD, f"{TOKENS}rotate/", f"{TOKENS}revoke/")

    page, offered = auditor.get(address).content.decode(), admin_client.get(address).content.decode()

    assert f'data-token="{prefix}"' in page
    assert [link for link in links if link not in offered] == []
    assert [link for link in links if link in page] == []


def test_a_token_that_may_only_read_is_tried_out_by_reading(admin_client: Client, lab: ApiClient) -> None:
    ((_token, secret, samples),) = add(admin_client, typed(lab, access="read")).context["shown"]

    assert samples[0].code == f"curl -i http://testserver/notification -H 'Authorization: Bearer {secret}'"


def test_a_limit_of_no_requests_is_refused(admin_client: Client, lab: ApiClient) -> None:
    answer = admin_client.post(
        f"/admin/clients/apiclient/{lab.pk}/change/",
        {"name": "Lab system", "active": "on", "requests_per_minute": "0"},
    )

    assert "A limit is at least one request a minute." in answer.content.decode()
