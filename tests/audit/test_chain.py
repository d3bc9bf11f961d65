"""The chain of seals, and what shows that somebody who owns the tables changed them."""

from collections.abc import Callable

import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from alerts.models import AlertAction
from alerts.monitoring import report
from alerts.states import StaffAction
from audit import verification
from audit.models import Event, EventName, Inspection, Seal
from audit.sources import SOURCES, Source
from tests.staff.users import make_records, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def action() -> AlertAction:
    """What staff did, sealed, beside other events."""
    alert, user = make_records().alert, make_user("Operators")
    made = AlertAction.objects.create(alert=alert, action=StaffAction.TAKE, by=user, note="I go there")
    Event.objects.create(name=EventName.LOGIN, user=user, address="192.0.2.7")
    verification.run()
    return made


def as_owner(*statements: str) -> None:
    """What whoever owns the tables can do."""
    with transaction.atomic(), connection.cursor() as cursor:
        for source in SOURCES:
            cursor.execute(f"ALTER TABLE {source.table} DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE audit_seal DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
        for table in (*(source.table for source in SOURCES), "audit_seal"):
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_is_append_only")
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_is_not_truncated")


def problems() -> list[str]:
    return verification.everything().problems


def test_a_trail_that_nobody_changed_is_whole(action: AlertAction) -> None:
    verdict = verification.everything()

    assert verdict.problems == []
    assert verdict.seals == 2
    assert verdict.rows == Event.objects.count() + 1
    kept = Seal.objects.latest("id")
    call_command("verify_audit", seal=[f"{kept.pk}={kept.digest}"])
    with pytest.raises(CommandError, match="1 problems"):
        call_command("verify_audit", seal=[f"{kept.pk}={'0' * 64}"])


def test_each_change_is_found(action: AlertAction) -> None:
    changes: dict[str, Callable[[], str]] = {
        "UPDATE alerts_alertaction SET action = 'hand_back'": lambda: (
            f"alerts_alertaction {action.pk} was changed."
        ),
        "UPDATE alerts_alertaction SET note = 'Never'": lambda: (
            f"The text of alerts_alertaction {action.pk} was changed."
        ),
        "DELETE FROM alerts_alertaction": lambda: f"alerts_alertaction {action.pk} is gone.",
        "INSERT INTO audit_event (id, at, name, kind, object_id, detail) "
        "VALUES (-7, now() - interval '1 day', 'security.login', '', '', '')": lambda: (
            "audit_event -7 is in no seal."
        ),
        "DELETE FROM audit_seal WHERE id = (SELECT min(id) FROM audit_seal)": lambda: "does not follow",
        "UPDATE audit_seal SET row_ids = array_append(row_ids, 9)": lambda: "was changed.",
    }
    for change, said in changes.items():
        with transaction.atomic():
            as_owner(change)
            found = " ".join(problems())
            transaction.set_rollback(True)
        assert said() in found, change
    assert problems() == []


def test_a_row_that_is_committed_late_is_sealed_late(action: AlertAction) -> None:
    connection.ensure_connection()
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute(
            "INSERT INTO audit_event (name, kind, object_id, detail) VALUES ('security.login', '', '', '')"
        )
        after = Event.objects.create(name=EventName.LOGOUT)
        verification.run()
        assert Seal.objects.latest("id").row_ids == [after.pk]
        other.commit()

    verification.run()

    assert Seal.objects.latest("id").row_ids == [after.pk - 1]
    assert problems() == []


def test_texts_may_expire_and_nothing_else(action: AlertAction) -> None:
    for field, value in (("note", "Something else"), ("outcome", "x"), ("note", None)):
        with pytest.raises(DatabaseError), transaction.atomic():
            AlertAction.objects.update(**{field: value})

    AlertAction.objects.update(note="(expired)")

    verdict = verification.everything()
    assert (verdict.problems, verdict.expired) == ([], 1)


def test_the_health_checks_tell(action: AlertAction) -> None:
    def wrong() -> set[str]:
        return {each.name for each in report.findings() if not each.ok and each.name.startswith("trail")}

    assert wrong() == set()
    as_owner("DELETE FROM alerts_alertaction")
    verification.run()
    assert wrong() == {"trail_broken"}

    Inspection.objects.update(sealed_at="2020-01-01T00:00:00Z")
    assert wrong() == {"trail_broken", "trail_unsealed_seconds"}


def test_a_relay_notices_that_the_newest_seals_are_gone(action: AlertAction) -> None:
    relay = verification.Watch()
    relay.run()
    as_owner("UPDATE alerts_alertaction SET action = 'hand_back'", "DELETE FROM audit_seal")

    for _ in range(3):
        relay.run()
        assert problems() == [], "what was changed has been sealed anew"
        assert not next(each for each in report.findings() if each.name == "trail_broken").ok


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.table)
def test_every_column_is_sealed(source: Source) -> None:
    (model,) = (each for each in apps.get_models() if each._meta.db_table == source.table)  # noqa: SLF001 - public
    columns = {field.column for field in model._meta.concrete_fields}  # noqa: SLF001
    assert columns == {"id", *source.columns, *source.texts}


def test_a_changed_key_is_reported(action: AlertAction, settings: Settings) -> None:
    settings.AUDIT_KEY = "another"
    assert "was made with another AUDIT_KEY" in " ".join(problems())
