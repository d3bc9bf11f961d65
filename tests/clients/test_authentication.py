"""Which client a request comes from, as HTTP answers it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from alerts.models import Alert
from clients import sample, tokens
from clients.models import Access, ApiClient, ApiToken
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db


def get(authorization: str | None) -> Any:
    headers = {} if authorization is None else {"Authorization": authorization}
    return Client().get("/notification", headers=headers)


def assert_problem(answer: Any, status: int, detail: str) -> None:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"] == detail


@pytest.mark.parametrize(
    "form",
    ["{}", "Token {}", "Bearer {}", "token {}", "TOKEN {}", "bearer {}", "BEARER {}", "  Bearer \t {}  "],
)
def test_a_token_is_accepted_in_every_form(lab_token: str, form: str) -> None:
    assert get(form.format(lab_token)).status_code == 200


@pytest.mark.parametrize("header", [None, "", "   ", "Bearer", "token", "Bearer "])
def test_no_token_is_a_401_that_says_how_to_send_one(lab_token: str, header: str | None) -> None:
    assert_problem(get(header), 401, "No token was sent. Send it as `Authorization: Bearer <token>`.")


@pytest.mark.parametrize(
    "header", ["Basic {}", "Bearer {} {}", "Bearer token {}", "{}, {}", "Authorization: Bearer {}"]
)
def test_a_header_that_is_not_understood_is_a_401_that_says_so(lab_token: str, header: str) -> None:
    assert_problem(
        get(header.format(lab_token, lab_token)),
        401,
        "The Authorization header is not understood. Send it as `Authorization: Bearer <token>`.",
    )


@pytest.mark.parametrize(
    "header", ["x", "Bearer x", "Bearer pâté", "☎", "Bearer \udcff", "a\x00b", "Bearer " + "x" * 100_000]
)
def test_an_unknown_token_is_a_401_whatever_it_is_made_of(lab_token: str, header: str) -> None:
    assert_problem(get(header), 401, "Unknown token. Check that it was copied whole.")


def test_tokens_are_case_sensitive(lab_token: str) -> None:
    assert get(lab_token.swapcase()).status_code == 401


@pytest.mark.parametrize("end", [{"expires_at": Now() - timedelta(seconds=1)}, {"revoked_at": Now()}])
def test_a_token_that_has_ended_is_a_401(lab_token: str, end: dict[str, Any]) -> None:
    ApiToken.objects.update(**end)

    assert_problem(
        get(lab_token), 401, "This token has expired or was revoked. Ask Bleep's staff for a new one."
    )


@pytest.mark.parametrize("header", [None, "Bearer x"])
def test_a_401_names_the_scheme_to_use(lab_token: str, header: str | None) -> None:
    assert get(header)["WWW-Authenticate"] == 'Bearer realm="Bleep"'


def test_a_client_that_was_switched_off_is_a_403(lab: ApiClient, lab_token: str) -> None:
    ApiClient.objects.update(active=False)

    assert_problem(
        get(lab_token), 403, "This client has been switched off. Ask Bleep's staff to switch it on."
    )


@pytest.mark.parametrize(("local", "status"), [(True, 200), (False, 401)])
def test_the_sample_token_works_in_local_mode_only(
    lab: ApiClient, settings: Settings, local: bool, status: int
) -> None:
    tokens.issue(client=lab, secret=sample.TOKEN)
    settings.LOCAL_MODE = local

    assert get(sample.TOKEN).status_code == status


@pytest.mark.parametrize(("local", "status"), [(True, 302), (False, 200)])
def test_the_demos_login_works_in_local_mode_only(settings: Settings, local: bool, status: int) -> None:
    User.objects.create_superuser(sample.LOGIN, password=sample.PASSWORD)
    settings.LOCAL_MODE = local

    page = Client().post("/admin/login/", {"username": sample.LOGIN, "password": sample.PASSWORD})

    assert page.status_code == status


def test_the_demo_is_not_loaded_outside_local_mode(settings: Settings) -> None:
    settings.LOCAL_MODE = False

    with pytest.raises(CommandError, match="Set LOCAL_MODE=true"):
        call_command("load_demo")

    assert not ApiToken.objects.exists()
    assert not User.objects.exists()


def test_a_token_that_may_only_read_may_read(lab: ApiClient) -> None:
    assert get(tokens.issue(client=lab, access=Access.READ)[1]).status_code == 200


def test_a_token_that_may_only_read_sends_nothing(lab: ApiClient, clinician: Clinician) -> None:
    reader = Sender(tokens.issue(client=lab, access=Access.READ)[1])

    assert_problem(reader.post(an_alert()), 403, "This token may only read. Use one that may send.")
    assert not Alert.objects.exists()


def test_authentication_comes_before_reading_the_body(lab_token: str) -> None:
    assert Sender("x").post(b"{not json").status_code == 401


def test_a_login_to_the_admin_does_not_authenticate(admin_client: Client) -> None:
    assert admin_client.get("/notification").status_code == 401


def test_a_use_is_noted(lab_token: str) -> None:
    get(lab_token)

    assert ApiToken.objects.get().last_used_at is not None


def test_a_refused_use_is_not_noted(lab_token: str) -> None:
    tokens.revoke(ApiToken.objects.all())

    get(lab_token)

    assert ApiToken.objects.get().last_used_at is None


@pytest.mark.parametrize("known", [True, False])
def test_authentication_takes_one_query(
    lab: ApiClient,
    known: bool,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    secret = tokens.issue(client=lab, access=Access.READ)[1]
    get(secret)  # its use is noted by now

    # Refused, so nothing is counted but the decision, and the register's row for a client that is known.
    with django_assert_num_queries(2 if known else 1):
        assert Sender(secret if known else "x").post(an_alert()).status_code == (403 if known else 401)
