"""Times and durations as staff read them."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format


def moment(at: datetime) -> str:
    """Date and time to the second, in the hospital's time zone; without the year if it is this year."""
    local = timezone.localtime(at)
    this_year = local.year == timezone.localtime().year
    return date_format(local, "j M, H:i:s" if this_year else "j M Y, H:i:s")


def duration(time: timedelta) -> str:
    """`0.3 s`, `12 s`, `4 min 10 s`."""
    seconds = time.total_seconds()
    if seconds < 0.1:  # noqa: PLR2004
        return "less than 0.1 s"
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
