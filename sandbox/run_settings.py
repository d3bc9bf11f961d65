"""Settings of a local run (`make run`, the benchmarks): data, ports, and the environment of its processes."""

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.queues import ORIGINATION_NUMBER, event_queue_url, reply_queue_url

ROOT = Path(__file__).resolve().parent.parent
ENTRYPOINT = ROOT / "deploy" / "entrypoint"
HOST = "127.0.0.1"
DOOR = "door"
SERVICES = ("web-api", "web-admin", "web-probes")
"""The services behind the front door."""
WEB_PARTS = (DOOR, *SERVICES)
PORTS_OF_A_RUN = 2 + len(SERVICES)
WARNINGS_OFF = (
    "ignore:No directory at",  # static files are served in place, not collected
    "ignore:You're running the worker with superuser privileges",
)


@dataclass(frozen=True)
class Ports:
    """The loopback ports of a run, one after another: front door, stand-in for AWS, and services."""

    door: int

    @property
    def aws(self) -> int:
        """The port of the stand-in for AWS."""
        return self.door + 1

    def of(self, part: str) -> int:
        """The port of one of the `WEB_PARTS`."""
        return self.door if part == DOOR else self.door + 2 + SERVICES.index(part)

    def url(self, part: str) -> str:
        """The URL of one of the `WEB_PARTS`."""
        return f"http://{HOST}:{self.of(part)}"

    def env(self, part: str) -> dict[str, str]:
        """The variables of this part alone."""
        return {"GRANIAN_PORT": str(self.of(part))} if part in WEB_PARTS else {}


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run: its data, its ports, and the environment that it was started in."""

    data: Path
    ports: Ports
    caller_env: Mapping[str, str]
    traces: bool = False
    """Whether to keep traces, in the file `traces_of` its data."""

    @property
    def has_demo(self) -> bool:
        """Whether to load the demo, with its published token and login: only into the run's own database."""
        return self.embeds("DATABASE_URL")

    def embeds(self, variable: str) -> bool:
        """Whether the run starts the service itself, because `variable` does not name another."""
        return not (self.caller_env.get(variable) or self.caller_env.get(f"{variable}_FILE"))


def log_of(data: Path) -> Path:
    """The file with the output of the processes of a run on this data."""
    return data / "run.log"


def traces_of(data: Path) -> Path:
    """The file with the traces of a run on this data."""
    return data / "traces.jsonl"


def shown(path: Path) -> str:
    """The path relative to the repository's root, if it is inside it."""
    path = path.resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def url_variable(service: str) -> str:
    """The variable with which the door finds a service: `WEB_API_URL` for `web-api`."""
    return f"{service.upper().replace('-', '_')}_URL"


def environment(settings: RunSettings) -> dict[str, str]:
    """The environment of every process: the caller's, with the settings of a local run on top."""
    ours = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{settings.caller_env.get('PATH', os.defpath)}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOCAL_MODE": "true",
        "DEBUG": "false",
        "HTTPS": "false",
        "PUBLIC_DOCS": "true",
        "SECRET_KEY": _secret_key(settings.data),
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "CONNECT_INSTANCE_ID": "11111111-1111-1111-1111-111111111111",
        "CONNECT_CONTACT_FLOW_ID": "22222222-2222-2222-2222-222222222222",
        "CONNECT_SOURCE_PHONE_NUMBER": "+442079460000",
        "GRANIAN_HOST": HOST,
        "GRANIAN_WORKERS": "1",
        "API_THREADS": "8",
        "FRONT_DOOR_URL": settings.ports.url(DOOR),
        "PUBLIC_URL": settings.ports.url(DOOR),
        **{url_variable(part): settings.ports.url(part) for part in SERVICES},
        # Show that a web server cannot start instead of trying again.
        "GRANIAN_RESPAWN_FAILED_WORKERS": "false",
        "PYTHONWARNINGS": ",".join(filter(None, (settings.caller_env.get("PYTHONWARNINGS"), *WARNINGS_OFF))),
        "NO_PROXY": ",".join(filter(None, (HOST, "localhost", settings.caller_env.get("NO_PROXY")))),
    }
    if settings.traces:
        ours |= {"TRACES": str(traces_of(settings.data).resolve()), "OTEL_BSP_SCHEDULE_DELAY": "500"}
    shadowed = {f"{name}_FILE" for name in ours} | {"no_proxy"}
    kept = {name: value for name, value in settings.caller_env.items() if name not in shadowed}
    if settings.embeds("AWS_ENDPOINT_URL"):
        # No real AWS account may be reachable: no profile, no endpoint of a single service.
        kept = {name: value for name, value in kept.items() if not name.startswith("AWS_")}
        stand_in = f"http://{HOST}:{settings.ports.aws}"
        ours |= {
            "AWS_ENDPOINT_URL": stand_in,
            "SMS_ORIGINATION_NUMBER": ORIGINATION_NUMBER,
            "SMS_REPLY_QUEUE_URL": reply_queue_url(stand_in),
            "CONNECT_EVENT_QUEUE_URL": event_queue_url(stand_in),
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_DEFAULT_REGION": "eu-west-2",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    # Everybody knows the demo's login, so a second factor would not help.
    return {"LOG_FORMAT": "console", "REQUIRE_MFA": "false", **kept, **ours}


def _secret_key(data: Path) -> str:
    path = data / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()
