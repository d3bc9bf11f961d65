"""Which account, caller and Region Bleep uses at AWS, and whether the clocks agree."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

from django.utils import timezone

from alerts.aws_check.asking import Check, Result, client, ok, warning, wrong

CLOCK_IS_OFF = timedelta(seconds=30)
CLOCK_IS_REFUSED = timedelta(minutes=5)
"""AWS refuses requests that are signed with a clock further off than this:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html."""


def _credentials() -> Iterator[Result]:
    sts = client("sts")
    identity = sts.get_caller_identity()
    yield ok(
        "Credentials",
        f"Account {identity['Account']}, as {identity['Arn']}, in {sts.meta.region_name}.",
    )
    sent = identity["ResponseMetadata"]["HTTPHeaders"].get("date")
    if sent:
        yield _clock(abs(timezone.now() - parsedate_to_datetime(sent)))


def _clock(off: timedelta) -> Result:
    said = f"This host's clock and AWS's differ by {off.total_seconds():.0f} s."
    if off >= CLOCK_IS_REFUSED:
        return wrong("Clock", said, "AWS refuses what is signed at such a time: set the host's clock by NTP.")
    if off >= CLOCK_IS_OFF:
        return warning(
            "Clock", said, "Set the host's clock by NTP: from five minutes on, AWS refuses everything."
        )
    return ok("Clock", said)


CREDENTIALS = Check("Credentials", "sts:GetCallerIdentity", _credentials)
CHECKS = (CREDENTIALS,)
