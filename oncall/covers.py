"""Who is asked in somebody's place while they are away."""

from dataclasses import dataclass

from contacts.models import Clinician
from oncall.models import Cover

MAX_HOPS = 3
"""A covering colleague may be covered as well, so often at most."""


@dataclass(frozen=True)
class Covered:
    """Whom to ask in somebody's place."""

    clinician: Clinician | None
    """None: nobody, as those who cover are away themselves, in a circle or one after another."""
    is_cover: bool
    """Whether it is somebody else than was meant."""


def now_asked(clinician: Clinician) -> Covered:
    """Whom to ask now in place of this clinician. One query for each cover, and one more."""
    asked, seen = clinician, {clinician.pk}
    for _ in range(MAX_HOPS + 1):
        cover = Cover.objects.on_now().filter(clinician=asked).select_related("by").first()
        if cover is None:
            return Covered(asked, is_cover=asked.pk != clinician.pk)
        if cover.by is None or cover.by.pk in seen:
            return Covered(None, is_cover=True)
        asked = cover.by
        seen.add(asked.pk)
    return Covered(None, is_cover=True)
