"""What is deployed, where, and how it speaks. Change `PARAMETERS`, and nothing else."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

VOICES: Mapping[str, frozenset[str]] = {
    "en-AU": frozenset({"Olivia"}),
    "en-GB": frozenset({"Amy", "Arthur", "Brian", "Emma"}),
    "en-IE": frozenset({"Niamh"}),
    "en-IN": frozenset({"Kajal"}),
    "en-NZ": frozenset({"Aria"}),
    "en-US": frozenset({"Danielle", "Gregory", "Joanna", "Matthew", "Ruth", "Stephen"}),
    "en-ZA": frozenset({"Ayanda"}),
}
"""Neural voices of Amazon Polly for each language: https://docs.aws.amazon.com/polly/latest/dg/neural-voices.html

For any other language the sentences of `contact-flow.json` have to be translated first."""

_INSTANCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}")
_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,61}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The names are those of the published sample, where it has them."""

    region: str = "eu-west-2"
    """AWS Region of everything that is made."""
    country_code: str = "GB"
    """Country, as two letters: of the claimed number, and of numbers without a country code."""
    connect_instance_id: str = ""
    """The Connect instance that places the calls, if there is one."""
    create_connect_instance: bool = False
    """Make the instance. Then `connect_instance_id` stays empty."""
    connect_instance_alias: str = ""
    """Name of the instance that is made, unique in all of AWS."""
    source_phone_number: str = ""
    """Number that calls come from, in E.164 format. Empty: a number is claimed, which costs money from then on."""
    language: str = "en-GB"
    """Language of the voice."""
    voice: str = "Amy"
    """Voice of Amazon Polly that speaks on calls."""
    operators_email: str = ""
    """Address that alarms go to. It has to confirm. Empty: nobody is told."""
    email_topic_prefix: str = "bleep"
    """Start of the names of the SNS topics, one for each e-mail address."""
    sms_sender_id: str = ""
    """Sender shown on an SMS, once it is registered where the country wants that."""
    calls_per_second: int = 2
    """Calls that AWS lets the account start per second."""
    sms_per_second: int = 20
    """SMS that AWS lets the account send per second."""

    def __post_init__(self) -> None:
        """Raises ValueError with a sentence for each thing that is wrong."""
        wrong = list(self._wrong())
        if wrong:
            raise ValueError("deploy/aws/parameters.py: " + " ".join(wrong))

    def _wrong(self) -> Iterator[str]:
        yield from self._wrong_instance()
        for name, pattern, must in _FORMS:
            value = getattr(self, name)
            if value and not pattern.fullmatch(value):
                yield f"{name} must be {must}."
        if not re.fullmatch(r"[A-Z]{2}", self.country_code):
            yield "country_code must be two capital letters, for example GB."
        if not self.email_topic_prefix:
            yield "email_topic_prefix must not be empty."
        if self.language not in VOICES:
            yield f"language must be one of {', '.join(VOICES)}: translate contact-flow.json for another."
        elif self.voice not in VOICES[self.language]:
            yield f"voice must be one of {', '.join(sorted(VOICES[self.language]))} for {self.language}."
        if min(self.calls_per_second, self.sms_per_second) < 1:
            yield "calls_per_second and sms_per_second must be 1 or more."

    def _wrong_instance(self) -> Iterator[str]:
        if self.create_connect_instance == bool(self.connect_instance_id):
            yield "Give connect_instance_id, or set create_connect_instance, and not both."
        if self.create_connect_instance and not self.connect_instance_alias:
            yield "A new instance needs connect_instance_alias, its name."


_FORMS = (
    ("region", re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]"), "a Region, for example eu-west-2"),
    (
        "connect_instance_id",
        _INSTANCE,
        "the last part of the instance's ARN, 32 hexadecimal digits in five groups",
    ),
    ("connect_instance_alias", _ALIAS, "letters, digits and hyphens, 62 at most"),
    ("source_phone_number", _NUMBER, "in E.164 format, for example +442079460000"),
    ("operators_email", _EMAIL, "an e-mail address"),
    ("email_topic_prefix", _PREFIX, "letters, digits, hyphens and underscores, 100 at most"),
    ("sms_sender_id", _SENDER, "1 to 11 letters and digits, with at least one letter"),
)
"""For each text: its form, and how to say it."""

PLACEHOLDER = "11111111-1111-1111-1111-111111111111"
"""Stands for an instance where nothing is deployed: in checks, and in a template to look at."""

PARAMETERS = Parameters(
    region="eu-west-2",
    country_code="GB",
    connect_instance_id=PLACEHOLDER,  # put yours here
    operators_email="",
)
