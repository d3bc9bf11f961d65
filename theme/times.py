"""Times and durations as staff read them, in the hospital's time zone."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

UNITS = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
"""Seconds and name of each unit, and of the next smaller one."""
TENTHS_BELOW = 10
LEAST = 0.1


def moment(at: datetime) -> str:
    """Date and time to the second; without the year if it is this year. For lists."""
    local = timezone.localtime(at)
    this_year = local.year == timezone.localtime().year
    return date_format(local, "j M, H:i:s" if this_year else "j M Y, H:i:s")


def full(at: datetime) -> str:
    """`28 Nov 2026, 20:31:24 GMT`: with year and zone, for texts that are read later or elsewhere."""
    local = timezone.localtime(at)
    return f"{date_format(local, 'j M Y, H:i:s')} {zone(local)}"


def zone(at: datetime) -> str:
    """`GMT`, `BST`; `UTC+03` where the zone has no abbreviation."""
    name = timezone.localtime(at).strftime("%Z")
    return f"UTC{name}" if name[:1] in "+-" else name


def clock(at: datetime, *, day_of: datetime) -> str:
    """The time alone, `20:31:24`; with the date unless that is the day of `day_of`."""
    local = timezone.localtime(at)
    return date_format(local, "H:i:s" if local.date() == timezone.localtime(day_of).date() else "j M, H:i:s")


def elapsed(since: datetime, at: datetime) -> str:
    """`+11 s`. Empty if `at` was earlier, as after a clock was set back: then nobody knows."""
    if at < since:
        return ""
    return "+0.0 s" if at - since < timedelta(seconds=LEAST) else f"+{duration(at - since)}"


def since(at: datetime) -> str:
    """`since 28 Nov 2026, 20:31:24 GMT (4 min 10 s)`."""
    return f"since {full(at)} ({duration(timezone.now() - at)})"


def ago(at: datetime) -> str:
    """`just now`, `3 min ago`, `2 h 5 min ago`."""
    minutes = int((timezone.now() - at).total_seconds()) // 60
    return f"{duration(timedelta(minutes=minutes))} ago" if minutes > 0 else "just now"


def duration(time: timedelta) -> str:
    """`less than 0.1 s`, `0.3 s`, `12 s`, `4 min 10 s`, `3 h 10 min`, `2 d 3 h`."""
    seconds = time.total_seconds()
    if seconds < LEAST:
        return f"less than {LEAST} s"
    if seconds < TENTHS_BELOW:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, smaller_unit in UNITS:
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {smaller_unit}" if rest else "")
    return f"{whole} s"
