"""The parameters of a deployment: where it goes, and how it speaks. Change `PARAMETERS`, and nothing else."""

import ipaddress
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
"""Neural voices of Amazon Polly for each language: https://docs.aws.amazon.com/polly/latest/dg/neural-voices.html. For
any other language, translate the sentences of `contact-flow.json` first."""

_INSTANCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}")
_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,61}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_REGION = r"[a-z]{2}(-[a-z]+)+-[0-9]"
_DOMAIN = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_CERTIFICATE = re.compile(rf"arn:aws[a-z-]*:acm:{_REGION}:[0-9]{{12}}:certificate/[0-9a-f-]{{36}}")
_ZONE = re.compile(r"Z[A-Z0-9]{1,31}")
# What ends like an ARN is taken for one, and not found: docs.aws.amazon.com, "ARN_secretnamehyphen".
_SECRET = re.compile(r"(?!.*-[A-Za-z0-9]{6}\Z)[A-Za-z0-9/_+=.@-]{1,512}")
_DATABASE = re.compile(r"[a-z0-9]+\.[a-z0-9]+")
_CACHE = re.compile(r"cache\.[a-z0-9]+\.[a-z0-9]+")

LOG_DAYS = (30, 90, 180, 365)
ANSWER_LINKS = ("none", "hospital", "anywhere")
WIDEST = 8
"""The largest network that may be allowed has this many leading bits. Even two halves of the internet are too much."""


@dataclass(frozen=True, kw_only=True)
class PlatformParameters:
    """Parameters of the stack `BleepPlatform`, if Bleep itself runs on AWS."""

    domain: str
    """Host name of Bleep, for example bleep.hospital.example."""
    certificate_arn: str = ""
    """Certificate of ACM for this name, in the same Region. Empty: one is made with the help of `hosted_zone_id`."""
    hosted_zone_id: str = ""
    """Zone of Route 53 that the name is in. Empty: you point the name at the load balancer yourself."""
    hosted_zone_name: str = ""
    """Name of that zone, for example hospital.example."""
    allowed_networks: tuple[str, ...] = ()
    """Networks of the hospital's systems and staff, as CIDR. Nobody else can reach Bleep."""
    answer_links: str = "none"
    """Who can open the links on which people answer. `none`: messages have no links. `hospital`: telephones in these
    networks. `anywhere`: everybody can reach these links, and nothing else."""
    deadman_secret: str = ""
    """Name of the secret with DEADMAN_URL, a dead-man's switch. Empty: only CloudWatch notices silence."""
    database_class: str = "t4g.medium"
    """Size of the two database servers."""
    database_gigabytes: int = 50
    """Disk of each at first. It grows by itself, up to ten times."""
    backup_days: int = 35
    """How far back the database can be restored, to any second."""
    cache_class: str = "cache.t4g.small"
    """Size of the two servers of the queue."""
    log_days: int = 90
    """How long logs are kept."""
    access_log_days: int = 30
    """How long the load balancer's log is kept. It has paths and query strings. 0: there is no log."""
    requests_per_five_minutes: int = 30_000
    """Requests that one address may make in five minutes. All systems of a hospital may share one address."""
    tracing: bool = False
    """Send traces to AWS X-Ray, by a collector beside each part."""

    @property
    def opens_links_to_all(self) -> bool:
        """Whether the load balancer accepts requests from the whole internet, few of which the firewall lets
        through.
        """
        return self.answer_links == "anywhere"

    def wrong(self) -> Iterator[str]:
        """A sentence for each fault."""
        for name, pattern, must in _PLATFORM_FORMS:
            value = getattr(self, name)
            if value and not pattern.fullmatch(value):
                yield f"platform.{name} must be {must}."
        if self.answer_links not in ANSWER_LINKS:
            yield f"platform.answer_links must be one of {', '.join(ANSWER_LINKS)}."
        yield from self._wrong_domain()
        yield from self._wrong_networks()
        for name, numbers in _PLATFORM_NUMBERS.items():
            if getattr(self, name) not in numbers:
                most = f"{numbers[0]} to {numbers[-1]}" if isinstance(numbers, range) else f"one of {numbers}"
                yield f"platform.{name} must be {most}."

    def _wrong_domain(self) -> Iterator[str]:
        if not self.domain:
            yield "platform.domain must not be empty."
        if bool(self.certificate_arn) == bool(self.hosted_zone_id):
            yield "Give platform.certificate_arn, or platform.hosted_zone_id to have one made, and not both."
        if self.hosted_zone_id and not f".{self.domain}".endswith(f".{self.hosted_zone_name or '?'}"):
            yield "platform.hosted_zone_name must be the end of platform.domain."

    def _wrong_networks(self) -> Iterator[str]:
        if not self.allowed_networks:
            yield "platform.allowed_networks must name the hospital's networks."
        for text in self.allowed_networks:
            try:
                network = ipaddress.IPv4Network(text)
            except ValueError:
                yield f"{text!r} in platform.allowed_networks is no IPv4 network, for example 192.0.2.0/24."
                continue
            if network.prefixlen < WIDEST:
                yield f"{text} in platform.allowed_networks lets in too much: name the hospital's networks."


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The parameters. They have the names of the published sample, if it has them."""

    region: str = "eu-west-2"
    """AWS Region for everything."""
    country_code: str = "GB"
    """Country, as two letters: of the claimed number, and for numbers without a country code."""
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
    """Address that alarms go to. Its owner has to confirm. Empty: nobody is told."""
    email_topic_prefix: str = "bleep"
    """Start of the names of the SNS topics, one for each e-mail address."""
    sms_sender_id: str = ""
    """Sender shown on an SMS, registered where the country requires that."""
    sms_origination_number: str = ""
    """Number of your own that people can reply to, in E.164 format. Empty: nobody can reply by SMS."""
    calls_per_second: int = 2
    """Calls that AWS lets the account start per second."""
    sms_per_second: int = 20
    """SMS that AWS lets the account send per second."""
    platform: PlatformParameters | None = None
    """How Bleep itself runs on AWS. None: it runs elsewhere."""

    def __post_init__(self) -> None:
        """Raises ValueError with a sentence for each fault."""
        wrong = [*self._wrong(), *(self.platform.wrong() if self.platform else ())]
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
    ("region", re.compile(_REGION), "a Region, for example eu-west-2"),
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
    ("sms_origination_number", _NUMBER, "in E.164 format, for example +447700900800"),
)
"""For each text: its pattern, and the pattern in words."""
_PLATFORM_FORMS = (
    ("domain", _DOMAIN, "a host name in small letters, for example bleep.hospital.example"),
    ("certificate_arn", _CERTIFICATE, "the ARN of a certificate of ACM"),
    ("hosted_zone_id", _ZONE, "the id of a zone of Route 53, which starts with Z"),
    ("hosted_zone_name", _DOMAIN, "a domain in small letters, for example hospital.example"),
    (
        "deadman_secret",
        _SECRET,
        "the name of a secret, and not its ARN or its content, and not end in a hyphen with six characters after it",
    ),
    ("database_class", _DATABASE, "a size of RDS without its db., for example t4g.medium"),
    ("cache_class", _CACHE, "a size of ElastiCache, for example cache.t4g.small"),
)
_PLATFORM_NUMBERS: Mapping[str, range | tuple[int, ...]] = {
    "access_log_days": range(3651),
    "backup_days": range(7, 36),
    "database_gigabytes": range(20, 1001),
    "log_days": LOG_DAYS,
    "requests_per_five_minutes": range(1000, 1_000_001),
}

PLACEHOLDER = "11111111-1111-1111-1111-111111111111"
"""An instance for checks and for templates that are only looked at; nothing is deployed there."""

PARAMETERS = Parameters(
    region="eu-west-2",
    country_code="GB",
    connect_instance_id=PLACEHOLDER,  # put yours here
    operators_email="",
)
