"""Demo data for the screenshots, in the database of a running Bleep: clinicians, a day of alerts, failures, a plan.

`make screenshots` runs it. It prints, as JSON, the paths of the pages to take pictures of.
"""

import json
import os
import random
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection  # noqa: E402 - Django has to be set up first
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402
from psycopg.types.range import Range  # noqa: E402

from alerts import intake  # noqa: E402
from alerts.models import Alert, Delivery, Engagement  # noqa: E402
from alerts.states import UNFINISHED, EngagementState  # noqa: E402
from clients import sample, tokens, usage  # noqa: E402
from clients.models import ApiClient  # noqa: E402
from contacts import preferences, problems  # noqa: E402
from contacts.choices import Channel, Priority  # noqa: E402
from contacts.models import Clinician  # noqa: E402
from oncall import plans  # noqa: E402
from oncall.models import Cover, Plan, Target  # noqa: E402
from oncall.plans import FrozenStep, Use  # noqa: E402

ALERTS = 160
SETTLED_SECONDS = 90
H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW
CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL
USUAL = {H: [CALL, SMS], M: [SMS], L: [EMAIL]}
WARDS = ("Cardiology", "Haematology", "Intensive care", "Renal", "Paediatrics", "Maternity")
ROLES = ("Registrar", "Consultant", "Night nurse")
REFUSES, LOSES = "+447700900911", "+447700900912"
"""The stand-in for AWS refuses the first, and loses its answer for the second."""
KINDS = (
    ("blood_test_alert", sample.ALERT["description"]),
    ("imaging_alert", "Scan reported: please review for patient"),
    ("pharmacy_alert", "Prescription needs your signature for patient"),
)

SHIFT = (
    """UPDATE alerts_alert SET created_at = created_at - %(back)s::interval WHERE id = %(alert)s""",
    """UPDATE alerts_delivery SET created_at = created_at - %(back)s::interval,
       finished_at = finished_at - %(back)s::interval, outcome_due_at = NULL WHERE alert_id = %(alert)s""",
    """UPDATE alerts_attempt SET started_at = started_at - %(back)s::interval,
       finished_at = finished_at - %(back)s::interval
       WHERE delivery_id IN (SELECT id FROM alerts_delivery WHERE alert_id = %(alert)s)""",
)
"""Moves an alert, its deliveries and their attempts back in time."""


def main() -> None:
    """Fill the database, wait until everything has been sent, and spread it over a day."""
    dice = random.Random(7)  # noqa: S311 - the same pictures each time
    people = make_people()
    wait_until_confirmed()
    client = ApiClient.objects.create(name="Laboratory system")
    token, _secret = tokens.issue(client=client, label="Analyser 2")
    tokens.rotate(token)
    tokens.issue(client=client, label="Stand-by", expires_at=timezone.now() + timedelta(days=9))
    for number in range(ALERTS):
        send(client, dice, dice.choice(people), dice.choices((H, M, L), (2, 5, 6))[0], number)
    by_name = {clinician.name: clinician for clinician in people}
    for number, (name, priority) in enumerate(
        (("Renal registrar", M), ("Renal consultant", M), ("Renal night nurse", L))
    ):
        misbehave(by_name[name])
        send(client, dice, by_name[name], priority, ALERTS + number)
    wait_until_settled()
    spread(dice)
    for day in usage.last_days(client):
        usage.counts.add(client.pk, day.day, dice.randrange(140, 260), dice.randrange(9))
    usage.counts.flush()
    Clinician.objects.filter(name="Maternity consultant").update(sms_number="")
    make_plan()
    answered = ask(client, dice, by_name["Cardiology registrar"])
    sys.stdout.write(json.dumps(pages(client, answered)))


def make_plan() -> None:
    """High wants an answer everywhere, and somebody is away soon."""
    manager = Clinician.objects.create(
        contact_id="C-90",
        name="Site manager",
        role="Site manager",
        department="Site",
        call_number="+447700900190",
        sms_number="+447700900190",
    )
    preferences.replace(manager, {H: [CALL, SMS], M: [SMS], L: [SMS]})
    plan = Plan.objects.create(name="High on wards")
    steps = [
        FrozenStep(Target.ADDRESSED, None, timedelta(minutes=3)),
        FrozenStep(Target.NAMED, manager.pk, timedelta(minutes=5)),
    ]
    plans.write(plan, steps, [Use(H)])
    consultant, registrar = (
        Clinician.objects.get(name=name) for name in ("Renal consultant", "Renal registrar")
    )
    morning = timezone.localtime().replace(hour=8, minute=0, second=0, microsecond=0)
    away = Range(morning + timedelta(days=2), morning + timedelta(days=5))
    Cover.objects.create(clinician=consultant, by=registrar, period=away, reason="Leave")


def ask(client: ApiClient, dice: random.Random, first: Clinician) -> Alert:
    """One alert that nobody takes on, one that the second person does, one that rings. Returns the second alert."""
    declined, accepted = (EngagementState.DECLINED, "12"), (EngagementState.ACCEPTED, "11")
    made = []
    for second in (declined, accepted):
        alert = send_new(client, dice, first)
        for number, (state, keys) in enumerate((declined, second), start=1):
            pick_up(alert, keys)
            said = Engagement.objects.filter(alert=alert, number=number, state=state)
            wait_until(said.exists, "no answer was taken")
        made.append(alert)
    ringing = send_new(client, dice, first)
    wait_until(ringing.deliveries.filter(state="sent").exists, "no telephone rings")
    return made[-1]


def send_new(client: ApiClient, dice: random.Random, to: Clinician) -> Alert:
    """Another High alert."""
    send(client, dice, to, H, Alert.objects.count())
    return Alert.objects.latest("pk")


def pick_up(alert: Alert, keys: str) -> None:
    """Whoever is asked now answers their telephone, and presses these keys."""
    calls = Delivery.objects.filter(alert=alert, channel=CALL, engagement__state=EngagementState.ASKED)
    wait_until(calls.filter(state="sent").exists, "no telephone rings")
    post("handset/answer", {"number": calls.get().address, "keys": keys})


def make_people() -> list[Clinician]:
    """Make a clinician of each role on each ward, named after both."""
    made = []
    for number, (ward, role) in enumerate((ward, role) for ward in WARDS for role in ROLES):
        name = f"{ward} {role.lower()}"
        mobile = {"Renal registrar": REFUSES, "Renal consultant": LOSES}.get(
            name, f"+447700900{100 + number}"
        )
        email = f"{ward.split()[0].lower()}.{role.split()[-1].lower()}@ward.example"
        clinician = Clinician.objects.create(
            contact_id=f"C-{number + 3}",
            name=name,
            role=role,
            department=ward,
            call_number=mobile,
            sms_number=mobile,
            email=email,
        )
        preferences.replace(clinician, USUAL if number % 4 else {**USUAL, M: [SMS, EMAIL], L: [EMAIL, SMS]})
        made.append(clinician)
    return made


def send(client: ApiClient, dice: random.Random, to: Clinician, priority: Priority, number: int) -> None:
    """Accept an alert, as from the laboratory."""
    kind, text = dice.choice(KINDS)
    intake.accept(
        client=client,
        new=intake.NewAlert(
            message_id=f"lab-{48_210 + number}",
            type=kind,
            patient_id=str(dice.randrange(10**8, 10**9)),
            contact_id=to.contact_id,
            description=text,
            priority=priority,
        ),
    )


def misbehave(clinician: Clinician) -> None:
    """Make the stand-in for AWS fail this clinician, once the rest has been sent."""
    wait_until_settled()
    operation, kind, code, to = {
        REFUSES: ("sns:Publish", "reject", "InvalidParameter", REFUSES),
        LOSES: ("sns:Publish", "reset_after", None, LOSES),
    }.get(clinician.sms_number, ("sns:Publish", "reject", "NotFound", clinician.email))
    fault = {"operation": operation, "kind": kind, "to": to} | ({"code": code} if code else {})
    post("faults", fault)


def post(path: str, body: dict[str, str]) -> None:
    """Tell the stand-in for AWS something."""
    request = urllib.request.Request(  # noqa: S310
        f"{os.environ['AWS_ENDPOINT_URL']}/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310


def wait_until_confirmed() -> None:
    """Return when the relay has had the stand-in for AWS confirm all e-mail addresses."""
    wait_until(lambda: not problems.unconfirmed().count, "e-mail addresses are still not confirmed")


def wait_until_settled() -> None:
    """Return when nothing waits to be sent any more."""
    waiting = Delivery.objects.filter(state__in=UNFINISHED)
    wait_until(lambda: not waiting.exists(), "alerts are still waiting to be sent")


def wait_until(holds: Callable[[], bool], otherwise: str) -> None:
    """Return when it holds; exit with what is wrong if that takes too long."""
    end = time.monotonic() + SETTLED_SECONDS
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"demo_data: {otherwise}; `make run` says why.")
        time.sleep(0.2)


def spread(dice: random.Random) -> None:
    """Spread the alerts over the last day, with the failures last. All times of one alert move by the same length."""
    newest = Alert.objects.order_by("-pk").first()
    with connection.cursor() as cursor:
        for alert in Alert.objects.all():
            lately = newest and newest.pk - alert.pk < len(ROLES)
            back = timedelta(minutes=4 if lately else dice.randrange(15, 23 * 60))
            for statement in SHIFT:
                cursor.execute(statement, {"back": f"{back.total_seconds()} seconds", "alert": alert.pk})


def pages(client: ApiClient, answered: Alert) -> dict[str, str]:
    """The paths of the pages by the names of their pictures."""
    failing = Clinician.objects.get(name="Renal consultant")
    newest = Alert.objects.filter(clinician=failing).latest("pk")  # the one in doubt
    return {
        "home": reverse("admin:index"),
        "clinicians": reverse("admin:contacts_clinician_changelist"),
        "clinician": reverse("admin:contacts_clinician_change", args=[failing.pk]),
        "alerts": reverse("admin:alerts_alert_changelist"),
        "alert": reverse("admin:alerts_alert_change", args=[newest.pk]),
        "asked": reverse("admin:alerts_alert_change", args=[answered.pk]),
        "plan": reverse("admin:oncall_plan_change", args=[Plan.objects.get(name="High on wards").pk]),
        "client": reverse("admin:clients_apiclient_change", args=[client.pk]),
    }


if __name__ == "__main__":
    main()
