"""`manage.py create_token`."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from clients import tokens
from clients.models import Access, ApiClient, ApiToken

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[str, str]:
    """What the command prints on standard output and on standard error."""
    out, err = StringIO(), StringIO()
    call_command("create_token", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_prints_nothing_but_the_secret_on_standard_output() -> None:
    out, _err = run("Lab system", "--label", "Analyser 2", "--access", "read")

    record = tokens.find(out.removesuffix("\n"))

    assert record is not None
    assert (record.token.client.name, record.token.label, record.token.access) == (
        "Lab system",
        "Analyser 2",
        Access.READ,
    )


def test_standard_error_names_the_new_token_without_its_secret() -> None:
    out, err = run(" Lab system ")

    assert err == (
        f"New client “Lab system”: this token begins with {out[:8]}, is shown only once, and does not expire. "
        "Send it as `Authorization: Bearer <token>`.\n"
    )


def test_a_client_that_is_there_gets_another_token(lab: ApiClient, lab_token: str) -> None:
    _out, err = run("Lab system")

    assert err.startswith("Client “Lab system”")
    assert lab.tokens.count() == 2


def test_days_set_the_expiry() -> None:
    _out, err = run("Lab system", "--days", "30")

    expires_at = ApiToken.objects.get().expires_at
    assert expires_at is not None
    assert abs(expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert "expires in 30 days" in err


def test_it_says_that_a_client_is_switched_off(lab: ApiClient) -> None:
    ApiClient.objects.update(active=False)

    assert "This client is switched off" in run("Lab system")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Lab system", "--days", "0"], "--days must be from 1 to 3650."),
        (["Lab system", "--days", "-1"], "--days must be from 1 to 3650."),
        (["Lab system", "--days", "99999999999"], "--days must be from 1 to 3650."),
        (["Lab system", "--days", "soon"], "invalid int value: 'soon'"),
        (["Lab system", "--access", "all"], "invalid choice: 'all'"),
        (["Lab system", "--label", "x" * 101], "label: Ensure this value has at most 100 characters"),
        (["x" * 101], "name: Ensure this value has at most 100 characters"),
        (["   "], "name: This field cannot be blank."),
    ],
)
def test_invalid_arguments_are_refused_and_change_nothing(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*arguments)

    assert not ApiClient.objects.exists()
    assert not ApiToken.objects.exists()
