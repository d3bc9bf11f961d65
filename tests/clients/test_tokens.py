"""Making, finding and ending tokens."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clients import tokens
from clients.models import Access, ApiClient, ApiToken
from tests.clients.database import holds

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def found(secret: str) -> tokens.Found:
    record = tokens.find(secret)
    assert record is not None
    return record


def expiry(token: ApiToken) -> datetime:
    token.refresh_from_db()
    assert token.expires_at is not None
    return token.expires_at


def test_a_token_is_found_by_its_secret_with_its_client(lab: ApiClient) -> None:
    token, secret = tokens.issue(client=lab, label="Analyser 2", access=Access.READ)

    record = found(secret)

    assert (record.token, record.token.client) == (token, lab)
    assert (record.token.label, record.token.access) == ("Analyser 2", Access.READ)
    assert record.live


def test_the_secret_is_nowhere_in_the_database(lab: ApiClient) -> None:
    _token, secret = tokens.issue(client=lab)

    assert holds(hashlib.sha256(secret.encode()).hexdigest()) == ["clients_apitoken"]  # so it does look
    assert holds(secret) == []
    assert holds(secret[8:]) == []


def test_two_secrets_differ_and_are_too_long_to_guess(lab: ApiClient) -> None:
    first, second = (tokens.issue(client=lab)[1] for _ in range(2))

    assert first != second
    assert len(first) == 43  # 256 bits in base64


def test_a_token_is_known_by_its_first_characters(lab: ApiClient) -> None:
    token, secret = tokens.issue(client=lab)

    assert token.prefix == secret[:8]
    assert str(token) == f"{secret[:8]}… of Lab system"


def test_the_prefix_is_at_most_half_of_a_short_secret(lab: ApiClient) -> None:
    token, _ = tokens.issue(client=lab, secret="12345678")

    assert token.prefix == "1234"
    assert found("12345678").token == token


def test_nothing_is_found_for_another_secret(lab_token: str) -> None:
    assert tokens.find(lab_token[:-1]) is None


def test_finding_takes_one_query(lab_token: str, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert found(lab_token).token.client.active


@pytest.mark.parametrize(("hours", "live"), [(1, True), (-1, False)])
def test_a_token_lives_until_it_expires(lab_token: str, hours: int, live: bool) -> None:
    ApiToken.objects.update(expires_at=Now() + hours * HOUR)

    assert found(lab_token).live is live


def test_a_revoked_token_is_not_live(lab_token: str) -> None:
    assert tokens.revoke(ApiToken.objects.all()) == [ApiToken.objects.get()]

    assert not found(lab_token).live


def test_revoking_again_keeps_the_first_moment(lab_token: str) -> None:
    ApiToken.objects.update(revoked_at=Now() - HOUR)
    before = ApiToken.objects.get().revoked_at

    assert tokens.revoke(ApiToken.objects.all()) == []

    assert ApiToken.objects.get().revoked_at == before


def test_a_rotated_token_and_its_successor_both_work(lab: ApiClient) -> None:
    old, old_secret = tokens.issue(client=lab, label="Analyser 2", access=Access.READ)

    new, new_secret = tokens.rotate(old)

    assert found(old_secret).live
    assert found(new_secret).live
    assert (new.client, new.label, new.access, new.expires_at) == (lab, "Analyser 2", Access.READ, None)


def test_a_rotated_token_works_for_24_more_hours(lab: ApiClient) -> None:
    old, _secret = tokens.issue(client=lab)

    tokens.rotate(old)

    ahead = expiry(old) - timezone.now()
    assert timedelta(hours=23, minutes=59) < ahead <= timedelta(hours=24)


def test_a_rotation_never_extends_an_earlier_expiry(lab: ApiClient) -> None:
    soon = timezone.now() + HOUR
    old, _secret = tokens.issue(client=lab, expires_at=soon)

    tokens.rotate(old)

    assert expiry(old) == soon


def test_a_successor_has_the_lifetime_of_its_token_by_the_databases_clock(
    lab: ApiClient,
) -> None:
    old, _secret = tokens.issue(client=lab)
    ApiToken.objects.update(created_at=Now() - 89 * 24 * HOUR, expires_at=Now() + 24 * HOUR)

    new, _secret = tokens.rotate(old)

    new.refresh_from_db()
    assert new.expires_at is not None
    assert abs(new.expires_at - new.created_at - timedelta(days=90)) < timedelta(minutes=1)


def test_a_token_is_rotated_once(lab: ApiClient) -> None:
    """A second successor could be made to live no longer than the first one's overlap."""
    old, _secret = tokens.issue(client=lab)
    tokens.rotate(old)

    with pytest.raises(ValueError, match="has been rotated already"):
        tokens.rotate(old)

    assert ApiToken.objects.count() == 2


@pytest.mark.parametrize("end", [{"expires_at": Now() - HOUR}, {"revoked_at": Now()}])
def test_a_token_that_has_ended_cannot_be_rotated(lab: ApiClient, end: dict[str, Any]) -> None:
    old, _secret = tokens.issue(client=lab)
    ApiToken.objects.update(**end)

    with pytest.raises(ValueError, match="has been revoked or has expired"):
        tokens.rotate(old)

    assert ApiToken.objects.count() == 1


def test_the_first_use_is_noted(lab_token: str) -> None:
    assert found(lab_token).unused_lately

    tokens.mark_used(ApiToken.objects.get())

    assert ApiToken.objects.get().last_used_at is not None
    assert not found(lab_token).unused_lately


@pytest.mark.parametrize(("seconds", "written"), [(50, False), (70, True)])
def test_a_use_is_noted_at_most_once_a_minute(lab_token: str, seconds: int, written: bool) -> None:
    ApiToken.objects.update(last_used_at=Now() - timedelta(seconds=seconds))
    before = ApiToken.objects.get()

    tokens.mark_used(before)

    assert (ApiToken.objects.get().last_used_at != before.last_used_at) is written


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"digest": "x" * 64}, "apitoken_digest_is_sha256"),
        ({"digest": "0" * 63}, "apitoken_digest_is_sha256"),
        ({"access": "all"}, "apitoken_access_is_known"),
    ],
)
def test_the_database_refuses_a_digest_that_is_not_a_token_s(
    lab_token: str, change: dict[str, str], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        ApiToken.objects.update(**change)


def test_the_database_refuses_a_limit_of_no_requests(lab: ApiClient) -> None:
    with pytest.raises(IntegrityError, match="apiclient_limit_is_positive"):
        ApiClient.objects.update(requests_per_minute=0)


def test_no_two_clients_have_the_same_secret(lab: ApiClient, lab_token: str) -> None:
    other = ApiClient.objects.create(name="Radiology")

    with pytest.raises(IntegrityError, match="digest"):
        tokens.issue(client=other, secret=lab_token)


def test_a_token_that_ends_soon_is_expiring(lab: ApiClient) -> None:
    soon, _ = tokens.issue(client=lab, expires_at=timezone.now() + timedelta(days=13))
    tokens.issue(client=lab, expires_at=timezone.now() + timedelta(days=15))
    tokens.issue(client=lab)
    tokens.issue(client=lab, expires_at=timezone.now() - timedelta(days=1))

    assert list(tokens.expiring()) == [soon]


def test_a_rotated_token_is_expiring_only_while_it_is_still_in_use(lab: ApiClient) -> None:
    token, _ = tokens.issue(client=lab)
    tokens.rotate(token)
    assert list(tokens.expiring()) == []

    tokens.mark_used(token)

    assert list(tokens.expiring()) == [token]


@pytest.mark.parametrize("ended", ["revoked", "switched off"])
def test_a_token_that_is_refused_already_is_not_expiring(lab: ApiClient, ended: str) -> None:
    tokens.issue(client=lab, expires_at=timezone.now() + timedelta(days=1))
    if ended == "revoked":
        tokens.revoke(ApiToken.objects.all())
    else:
        ApiClient.objects.update(active=False)

    assert list(tokens.expiring()) == []


def in_use(lab: ApiClient, *, ended_ago: timedelta, used_ago: timedelta, **more: Any) -> ApiToken:
    """A token that expired, with its last use."""
    token, _secret = tokens.issue(client=lab)
    ApiToken.objects.filter(pk=token.pk).update(
        expires_at=Now() - ended_ago, last_used_at=Now() - used_ago, **more
    )
    return token


def test_a_token_that_expired_while_it_was_in_use_is_refused(lab: ApiClient) -> None:
    used = in_use(lab, ended_ago=HOUR, used_ago=2 * HOUR)
    in_use(lab, ended_ago=HOUR, used_ago=15 * 24 * HOUR)
    in_use(lab, ended_ago=-HOUR, used_ago=HOUR)
    tokens.issue(client=lab, expires_at=timezone.now() - HOUR)  # never used

    assert list(tokens.refused()) == [used]
    assert used not in tokens.expiring()


@pytest.mark.parametrize(("minutes_before", "refused"), [(30, True), (90, False)])
def test_a_rotated_token_is_refused_only_where_it_was_in_use_to_the_end(
    lab: ApiClient, minutes_before: int, refused: bool
) -> None:
    last = HOUR + timedelta(minutes=minutes_before)
    in_use(lab, ended_ago=HOUR, used_ago=last, rotated_at=Now() - 25 * HOUR)

    assert tokens.refused().exists() is refused


@pytest.mark.parametrize("ended", ["revoked", "switched off"])
def test_revoked_and_switched_off_tokens_are_not_among_the_refused(lab: ApiClient, ended: str) -> None:
    in_use(lab, ended_ago=HOUR, used_ago=2 * HOUR)
    if ended == "revoked":
        tokens.revoke(ApiToken.objects.all())
    else:
        ApiClient.objects.update(active=False)

    assert not tokens.refused().exists()
