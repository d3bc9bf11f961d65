"""Contact IDs that people could confuse: finds the person whose ID looks like a new one."""

from collections.abc import Iterable

from contacts.models import Clinician
from spelling.likeness import likeness


def of(contact_ids: Iterable[str]) -> dict[str, Clinician]:
    """By ID: the stored person who has another ID that looks like it. One query."""
    wanted = {contact_id: likeness(contact_id) for contact_id in contact_ids}
    stored: dict[str, list[Clinician]] = {}
    for each in Clinician.objects.filter(likeness__in=set(wanted.values())).order_by("pk"):
        stored.setdefault(each.likeness, []).append(each)
    return {
        contact_id: others[0]
        for contact_id, key in wanted.items()
        if (others := [each for each in stored.get(key, ()) if each.contact_id != contact_id])
    }


def sentence(contact_id: str, other: Clinician) -> str:
    """`c-1 looks like C-1, which is Ann Example (Cardiology).`"""
    place = f" ({other.department})" if other.department else ""
    return f"{contact_id} looks like {other.contact_id}, which is {other.name}{place}."
