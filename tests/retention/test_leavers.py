"""Clinicians who left: their names and addresses go, from the history, too; the ledger stays whole."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType

from alerts.models import Alert, Refusal
from alerts.states import DeliveryState
from clients.models import ApiClient
from contacts.choices import ObstacleKind
from contacts.models import Clinician, EmailSubscription, Obstacle
from oncall.models import Cover, PlanStep, Target
from oncall.plans import FrozenStep, write
from retention import leavers, run
from retention.models import Leaver
from tests.factories import make_clinician
from tests.oncall.factories import make_plan
from tests.retention import old
from tests.retention.old import standing, tables_with
from tests.sender import Sender

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("Grace Leaver", "C-1", "+447700900001", "+447700900002", "+447700900003", "Registrar of one")


@pytest.fixture
def leaver(clinician: Clinician, lab: ApiClient, staff: User, alert: Alert) -> Clinician:
    """Named wherever a clinician may be named, inactive for 400 days. Their e-mail's topic is gone already."""
    clinician.name, clinician.role, clinician.department = "Grace Leaver", "Registrar of one", "Cardiology"
    clinician.sms_number = "+447700900003"
    clinician.save()
    plan = make_plan(clinician)
    write(plan, [FrozenStep(Target.NAMED, clinician.pk, PlanStep.objects.get().wait)], [])
    kind = ContentType.objects.get_for_model(Clinician)
    LogEntry.objects.create(
        user=staff,
        content_type=kind,
        object_id=str(clinician.pk),
        object_repr=str(clinician),
        action_flag=CHANGE,
    )
    kind = ContentType.objects.get_for_model(Cover)
    LogEntry.objects.create(
        user=staff, content_type=kind, object_id="1", object_repr=f"{clinician} is away", action_flag=CHANGE
    )
    Refusal.objects.create(client=lab, contact_id="C-1", reason="inactive", seen_at=old.ago(9), seen_by=staff)
    Obstacle.objects.create(
        clinician=clinician, channel="sms", address="+447700900003", kind=ObstacleKind.OPTED_OUT
    )
    old.leave(clinician, days=400)
    EmailSubscription.objects.all().delete()
    return clinician


def test_name_and_addresses_go_and_the_department_stays(leaver: Clinician) -> None:
    assert all(tables_with(name) for name in NAMES)
    entries = leaver.history.count()

    run.run()

    assert standing(*NAMES) == {}
    leaver.refresh_from_db()
    assert (leaver.name, leaver.department, leaver.email) == (leavers.NAME, "Cardiology", "")
    assert leaver.contact_id == leavers.pseudonym(leaver.pk, "C-1")
    assert Alert.objects.get().contact_id == leaver.contact_id
    assert leaver.history.count() == entries, "nothing says what it was before"
    assert run.steps()[2].waiting(old.ago(365)) == 0
    assert Leaver.objects.count() == 1


@pytest.mark.parametrize("why", ["active", "recent", "under way"])
def test_others_keep_theirs(why: str, leaver: Clinician) -> None:
    match why:
        case "active":
            leaver.active = True
            leaver.save()
        case "recent":
            leaver.history.filter(active=False).update(history_date=old.ago(364))
        case _:
            leaver.deliveries.update(state=DeliveryState.PENDING, finished_at=None)

    run.run()

    leaver.refresh_from_db()
    assert leaver.contact_id == "C-1"


def test_a_repeat_of_their_alert_is_still_known(leaver: Clinician, sender: Sender, alert: Alert) -> None:
    run.run()

    repeated = sender.post(old.body(message_id=alert.message_id))

    assert repeated.status_code == 200
    assert repeated.json()["deliveries"][0]["address"] == "(expired)"


def test_killed_at_any_step_it_ends_the_same(leaver: Clinician) -> None:
    for steps in range(1, 5):
        for _batch, _number in zip(leavers.of_one(leaver), range(steps), strict=False):
            pass  # and no further

    run.run()

    assert standing(*NAMES) == {}


def test_deleted_clinicians_disappear_from_the_history(db: None) -> None:
    gone = make_clinician("C-7", {}, name="Grace Leaver", sms_number="+447700900003")
    gone.delete()
    entries = Clinician.history.model.objects
    assert entries.count() == 2
    run.run()
    assert tables_with("Grace Leaver") == ["contacts_historicalclinician"]

    entries.update(history_date=old.ago(366))
    EmailSubscription.objects.all().delete()
    run.run()

    assert standing("Grace Leaver", "C-7", "+447700900003") == {}


def test_two_may_have_had_the_same_contact_id(leaver: Clinician) -> None:
    run.run()
    other = make_clinician("C-1", {}, name="Grace Leaver")
    old.leave(other, days=400)

    run.run()

    assert Clinician.objects.filter(name=leavers.NAME).count() == 2
