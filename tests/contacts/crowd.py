"""Many clinicians, quickly."""

from contacts import history, preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician, Preference
from tests.factories import confirm

CHOSEN = {
    Priority.HIGH: [Channel.CALL, Channel.SMS],
    Priority.MEDIUM: [Channel.SMS],
    Priority.LOW: [Channel.EMAIL],
}


def make_crowd(number: int, *, department: str = "Crowd", first: int = 0) -> None:
    """`number` clinicians, P-0 (or P-`first`) and on, with all addresses, the fixture's preferences, and a history."""
    made = Clinician.objects.bulk_create(
        Clinician(
            contact_id=f"P-{each}",
            name=f"Person {each:05}",
            department=department,
            call_number=f"+447700900{each % 1000:03}",
            sms_number=f"+447700900{each % 1000:03}",
            email=f"person{each}@ward.example",
        )
        for each in range(first, first + number)
    )
    Preference.objects.bulk_create(
        Preference(clinician=clinician, priority=priority, position=position, channel=channel)
        for clinician in made
        for priority, channels in CHOSEN.items()
        for position, channel in enumerate(channels, start=1)
    )
    confirm(*made)
    stored = list(Clinician.objects.filter(pk__in=[each.pk for each in made]))
    history.record_many(stored, preferences.channels_of_many([each.pk for each in stored]))
