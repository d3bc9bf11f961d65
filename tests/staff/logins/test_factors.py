"""Second factors: who must show one, how it is set up, and what if it is lost."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission, User
from django.core.cache.backends import locmem
from django.test import Client
from pytest_django import Settings

from audit.models import Event
from staff.logins import factors
from tests.staff.access.permissions import AUDITORS, EDITORS, INTEGRATORS
from tests.staff.logins.login_pages import FACTORS, code, factors_of, log_in, person, set_up_an_app
from tests.staff.users import PEOPLE, SUPERUSER

pytestmark = pytest.mark.django_db

MUST = {SUPERUSER, INTEGRATORS, AUDITORS, EDITORS}
"""Superusers, and who may hand out tokens or export."""
SHOW = f"{FACTORS}show/"
CODES = f"{FACTORS}codes/"


@pytest.mark.parametrize("kind", PEOPLE)
def test_who_may_do_a_lot_opens_no_page_without_a_second_factor(kind: str) -> None:
    client, _answer = log_in(person(kind))

    home = client.get("/admin/")

    if kind in MUST:
        assert home["Location"] == FACTORS
        page = client.get(FACTORS).content.decode()
        assert "Your login may do a lot, so it needs a second factor." in page
        assert client.post("/admin/auth/user/add/", {"username": "new"}).status_code == 302
        assert not User.objects.filter(username="new").exists()
    else:
        assert home.status_code == 200


@pytest.mark.parametrize(
    "codename", ["view_trail", "view_answers", "export_alert", "change_apitoken", "change_user"]
)
def test_one_permission_that_does_a_lot_is_enough(codename: str) -> None:
    user = User.objects.create_user("ada", is_staff=True)
    assert not factors.must_show(user)

    user.user_permissions.add(Permission.objects.get(codename=codename))

    assert factors.must_show(User.objects.get(pk=user.pk))


def test_in_local_mode_it_can_be_left_away_and_the_login_page_says_so(settings: Settings) -> None:
    sentence = "This is local mode: a password is enough here."
    assert sentence not in Client().get("/admin/login/").content.decode()

    settings.REQUIRE_MFA = False
    client, _answer = log_in(person(SUPERUSER))

    assert client.get("/admin/").status_code == 200
    assert sentence in Client().get("/admin/login/").content.decode()


@pytest.mark.django_db(transaction=True)  # allauth says that a factor is set up once that is committed
def test_an_app_is_set_up_once_and_asked_for_at_each_login() -> None:
    user = person(SUPERUSER)
    client, _answer = log_in(user)
    secret = set_up_an_app(client)
    assert client.get("/admin/").status_code == 200
    assert Event.objects.filter(object_id=user.pk, detail="+second factor: totp").count() == 1

    again, answer = log_in(user, to="/admin/help/")
    assert answer["Location"] == SHOW
    assert again.get("/admin/")["Location"].startswith("/admin/login/")
    assert "security key" not in again.get(SHOW).content.decode(), "they have none"
    assert "Incorrect code" in again.post(SHOW, {"code": "000000"}).content.decode()

    assert again.post(SHOW, {"code": code(secret)})["Location"] == "/admin/help/"
    assert again.get("/admin/").status_code == 200


def test_a_session_without_proof_of_a_factor_asks_for_it() -> None:
    user = person(SUPERUSER)
    secret = set_up_an_app(log_in(user)[0])
    client = Client()
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()

    asked = client.get("/admin/")["Location"]

    assert asked == f"{FACTORS}prove/?next=%2Fadmin%2F"
    assert client.post(asked, {"code": code(secret), "next": "/admin/"})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_recovery_code_works_once() -> None:
    user = person(SUPERUSER)
    first, _answer = log_in(user)
    set_up_an_app(first)
    assert first.get(CODES).status_code == 200
    recovery = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()[0]

    for works in (True, False):
        client, _answer = log_in(user)
        client.post(SHOW, {"code": recovery})
        assert (client.get("/admin/").status_code == 200) is works


def test_codes_are_guessed_five_times() -> None:
    user = person(SUPERUSER)
    secret = set_up_an_app(log_in(user)[0])
    client, _answer = log_in(user)

    right = code(secret)  # forgets what was counted
    pages = [client.post(SHOW, {"code": "000000"}).content.decode() for _ in range(6)]

    assert "one of your recovery codes" in pages[0]
    assert "Wait for five minutes" in pages[-1]
    # As in another process, which knows of the database alone.
    for kept in (*locmem._caches.values(), *locmem._expire_info.values()):  # type: ignore[attr-defined]  # noqa: SLF001
        kept.clear()
    client.post(SHOW, {"code": right})
    assert client.get("/admin/").status_code == 302
    noted = Event.objects.filter(name="security.login_failed", object_id=user.pk)
    assert set(noted.values_list("detail", flat=True)) == {"second factor: totp"}


def test_secrets_are_encrypted_and_lost_with_the_key(settings: Settings) -> None:
    user = person(SUPERUSER)
    secret = set_up_an_app(log_in(user)[0])
    kept = [str(each.data) for each in Authenticator.objects.filter(user=user)]
    assert len(kept) == 2
    assert not any(secret in each for each in kept)

    settings.SECRET_KEY = "another-0123456789-0123456789-0123456789-0123456789"
    client, _answer = log_in(user)

    assert "Incorrect code" in client.post(SHOW, {"code": code(secret)}).content.decode()


def test_a_lost_factor_is_removed_by_a_superuser(admin_client: Client) -> None:
    user = person(INTEGRATORS)
    set_up_an_app(log_in(user)[0])

    chosen = {"action": "forget_factors", "_selected_action": user.pk}
    admin_client.post("/admin/auth/user/", chosen)

    assert factors_of(user) == set()
    noted = Event.objects.filter(name="security.permission_changed", object_id=user.pk)
    assert noted.latest("id").detail == "-second factors: all"
    client, _answer = log_in(user)
    assert client.get("/admin/")["Location"] == FACTORS


def test_all_pages_about_factors_are_in_the_sites_look() -> None:
    client, _answer = log_in(person(SUPERUSER))

    for page in (FACTORS, f"{FACTORS}app/", f"{FACTORS}keys/", f"{FACTORS}keys/add/", "/admin/account/"):
        answer = client.get(page)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert "unfold/css/styles.css" in text
        assert "style=" not in text, page
        assert "no-store" in answer["Cache-Control"]
