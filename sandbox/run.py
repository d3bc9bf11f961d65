"""`make run`: Bleep on this machine, with all that it needs.

Starts PostgreSQL, Redis and the stand-in for AWS (each unless its variable names another), migrates, loads
the demo (into its own PostgreSQL and no other), then starts web server, relay and workers by the same entry
point as the container image. Everything listens on loopback or a unix socket. It ends when it is told to, or
when one of its processes does; nothing stays behind but the data in `.local/`.
"""

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from clients import demo, sample
from sandbox.processes import Child, Crew, Terminal, kill
from sandbox.services import EmbeddedPostgres, EmbeddedRedis, ServiceError, exclusive

ROOT = Path(__file__).resolve().parent.parent
ENTRYPOINT = ROOT / "deploy" / "entrypoint"
HOST = "127.0.0.1"
READY_SECONDS = 120.0
GRACE_SECONDS = 4.5
POLL_SECONDS = 0.1
WARNINGS_OFF = (
    "ignore:No directory at",  # static files are served from where they lie, not collected
    "ignore:You're running the worker with superuser privileges",
)
RULE = "─" * 100
DEMO_TOKEN = demo.TOKEN

READY = """
{rule}
  Bleep is ready.

  Admin       http://{host}:{port}/admin/   {login}
  API docs    http://{host}:{port}/docs
  {aws}

{demo}

  Ctrl-C stops everything. The data stays in {data}; `make reset` clears it.
{rule}
"""


WITH_DEMO = """\
  Send an alert (paste it into another terminal):

{command}

  WARNING: local mode. Everybody knows the token and the login above, so it listens on {host} alone: never
  open it to a network, and never put real people or patients in it.\
"""
WITHOUT_DEMO = """\
  The database is your own (DATABASE_URL), so no demo was loaded into it: everybody knows its token and its login.
  Make yours in another terminal that has the same DATABASE_URL:

export SECRET_KEY=for-these-two-commands-only REDIS_URL=redis://unused
.venv/bin/python manage.py createsuperuser
.venv/bin/python manage.py create_token "Lab system"

  WARNING: local mode, which listens on {host} alone and speaks http: never open it to a network.\
"""


class RunError(Exception):
    """The run cannot start or cannot go on; the text says why and what to do."""


class StopRequest:
    """Whether somebody asked the run to end: Ctrl-C, SIGTERM, or a terminal that was closed."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if (
                number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
            ):  # ignored: `nohup make run`
                # A flag and no more: whatever is being started is finished and known, and then stopped.
                signal.signal(number, lambda *_: self._ask())

    def __bool__(self) -> bool:
        return self._asked or self._terminal.gone.is_set()

    def _ask(self) -> None:
        self._asked = True


class Stopped(Exception):  # noqa: N818 - it was asked for
    """Raised where the run notices a StopRequest."""


@dataclass(frozen=True)
class Ports:
    """The two loopback ports of a run."""

    web: int

    @property
    def aws(self) -> int:
        """The stand-in's: the one after the web server's."""
        return self.web + 1


@dataclass(frozen=True)
class Plan:
    """What to start, and where its data is."""

    data: Path
    ports: Ports
    given: Mapping[str, str]

    @property
    def has_demo(self) -> bool:
        """Whether the demo is loaded: what everybody knows goes into a database of this run's own alone."""
        return self.embeds("DATABASE_URL")

    def embeds(self, variable: str) -> bool:
        """Whether the part that `variable` would name is ours to start."""
        return not (self.given.get(variable) or self.given.get(f"{variable}_FILE"))


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped (0), or until something fails (1, after one line that says what)."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.run", description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / ".local", help="directory of the data (.local)")
    parser.add_argument("--reset", action="store_true", help="delete the data instead")
    options = parser.parse_args(arguments)
    terminal = Terminal(encoding=sys.stdout.encoding)
    try:
        if options.reset:
            reset(options.data, terminal)
        else:
            run(Plan(options.data, _ports(os.environ.get("PORT") or "8000"), os.environ), terminal)
    except (RunError, ServiceError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.strerror}: {error.filename}", file=sys.stderr)
        return 1
    return 0


def reset(data: Path, terminal: Terminal) -> None:
    """Delete the data of earlier runs. Raises RunError while a run is on."""
    with _alone(data):
        _end_leftovers(data, terminal)
        for entry in data.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()
    terminal.say(f"{_shown(data)} is empty: the next `make run` starts afresh.")


def run(plan: Plan, terminal: Terminal) -> None:
    """Start everything, say when it is ready, and stop everything when asked or when a process ends.

    Raises RunError or ServiceError if it could not start or a process ended by itself; nothing runs then.
    """
    stop = StopRequest(terminal)
    with _alone(plan.data), contextlib.suppress(Stopped):
        _end_leftovers(plan.data, terminal)
        _check_ports(plan)
        with contextlib.ExitStack() as stack:
            Run(plan, terminal, stop).go(stack)
    terminal.say(f"Everything is stopped. The data is kept in {_shown(plan.data)}.")


class Run:
    """One run: its processes, its servers, and the environment they share."""

    def __init__(self, plan: Plan, terminal: Terminal, stop: StopRequest) -> None:
        self.plan = plan
        self.terminal = terminal
        self.stop = stop
        self.crew = Crew(mark=plan.data, cwd=ROOT, terminal=terminal)
        self.servers: list[EmbeddedPostgres | EmbeddedRedis] = []
        self.env = environment(plan)
        self.waiting: dict[str, Callable[[], bool]] = {}

    def go(self, stack: contextlib.ExitStack) -> None:
        """Start in order, wait until ready, announce, watch. `stack` stops what was started, last first."""
        self._start_servers(stack)
        stack.callback(self.crew.stop, GRACE_SECONDS)
        self._start_aws()
        self._do("migrate", [str(ENTRYPOINT), "migrate"])
        if self.plan.has_demo:
            self._do("demo", [sys.executable, "manage.py", "load_demo"])
        self._start_bleep()
        self._wait_until_ready()
        self.terminal.say(banner(self.plan))
        while True:
            self._look()
            time.sleep(POLL_SECONDS)

    def _start_servers(self, stack: contextlib.ExitStack) -> None:
        for variable, server_class in (("DATABASE_URL", EmbeddedPostgres), ("REDIS_URL", EmbeddedRedis)):
            if self.plan.embeds(variable):
                self.terminal.say(f"Starting {server_class.title} ...")
                server: EmbeddedPostgres | EmbeddedRedis = server_class(self.plan.data)
                stack.callback(server.stop)
                server.start()
                self.servers.append(server)
                self.env[variable] = server.url
            self._look()

    def _start_aws(self) -> None:
        if not self.plan.embeds("AWS_ENDPOINT_URL"):
            return
        self.terminal.say("Starting the stand-in for AWS ...")
        ports = self.plan.ports
        options = ["--port", str(ports.aws), "--alert-url", f"http://{HOST}:{ports.web}/notification"]
        self.crew.start("aws", [sys.executable, "-m", "sandbox.aws", *options], self.env)
        self.waiting["aws"] = lambda: _answers(ports.aws, "/healthz")

    def _do(self, name: str, command: Sequence[str]) -> None:
        """Run a step of the preparation to its end."""
        child = self.crew.start(name, command, self.env)
        while child.result is None:
            self._look(meant_to_end=child)
            time.sleep(POLL_SECONDS)
        if child.result:
            raise RunError(_ended(child))
        self.crew.forget(child)

    def _start_bleep(self) -> None:
        self.terminal.say("Starting web server, relay and workers ...")
        self.crew.start("web", [str(ENTRYPOINT), "web"], self.env)
        self.crew.start("relay", [str(ENTRYPOINT), "relay"], self.env)
        self.waiting["web and relay"] = lambda: _answers(self.plan.ports.web, "/readyz")
        for name in ("worker-urgent", "worker"):
            alive = self.plan.data.resolve() / f"{name}.alive"
            alive.unlink(missing_ok=True)
            self.crew.start(name, [str(ENTRYPOINT), name], {**self.env, "ALIVE_FILE": str(alive)})
            self.waiting[name] = alive.exists

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while self.waiting:
            self._look()
            for name in [name for name, ready in self.waiting.items() if ready()]:
                del self.waiting[name]
            if time.monotonic() > deadline:
                names = ", ".join(self.waiting)
                raise RunError(f"Not ready after {READY_SECONDS:.0f} s: {names}. The lines above say why.")
            time.sleep(POLL_SECONDS)

    def _look(self, meant_to_end: Child | None = None) -> None:
        """Raise if it is time to end: Stopped if somebody asked, RunError if a process ended by itself."""
        if self.stop:
            self.terminal.say("Stopping ...")
            raise Stopped
        for child in self.crew.ended():
            if child is not meant_to_end:
                raise RunError(_ended(child))
        for server in self.servers:
            if server.pid is None:
                raise RunError(f"{server.title} ended by itself, so all was stopped. Its log: {server.log}")


def environment(plan: Plan) -> dict[str, str]:
    """The environment of every process: the caller's, with what local life needs on top."""
    ours = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{plan.given.get('PATH', os.defpath)}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOCAL_MODE": "true",
        "DEBUG": "false",
        "HTTPS": "false",
        "SECRET_KEY": _secret_key(plan.data),
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "CONNECT_INSTANCE_ID": "11111111-1111-1111-1111-111111111111",
        "CONNECT_CONTACT_FLOW_ID": "22222222-2222-2222-2222-222222222222",
        "CONNECT_SOURCE_PHONE_NUMBER": "+442079460000",
        "GRANIAN_HOST": HOST,
        "GRANIAN_PORT": str(plan.ports.web),
        "GRANIAN_WORKERS": "1",
        # Here a web server that cannot start is to be seen, not tried again.
        "GRANIAN_RESPAWN_FAILED_WORKERS": "false",
        "PYTHONWARNINGS": ",".join(filter(None, (plan.given.get("PYTHONWARNINGS"), *WARNINGS_OFF))),
        "NO_PROXY": ",".join(filter(None, (HOST, "localhost", plan.given.get("NO_PROXY")))),
    }
    shadowed = {f"{name}_FILE" for name in ours} | {"no_proxy"}
    kept = {name: value for name, value in plan.given.items() if name not in shadowed}
    if plan.embeds("AWS_ENDPOINT_URL"):
        # Nothing of a real AWS account may be left in reach: not a profile, not an endpoint for one service.
        kept = {name: value for name, value in kept.items() if not name.startswith("AWS_")}
        ours |= {
            "AWS_ENDPOINT_URL": f"http://{HOST}:{plan.ports.aws}",
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_DEFAULT_REGION": "eu-west-2",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    return {"LOG_FORMAT": "console", **kept, **ours}


def banner(plan: Plan) -> str:
    """What is said when everything is ready."""
    aws = f"Handsets    http://{HOST}:{plan.ports.aws}/   what the clinicians' telephones would show"
    if not plan.embeds("AWS_ENDPOINT_URL"):
        aws = f"AWS         {plan.given.get('AWS_ENDPOINT_URL')} (AWS_ENDPOINT_URL)"
    command = sample.command(f"http://{HOST}:{plan.ports.web}/notification")
    return READY.format(
        rule=RULE,
        host=HOST,
        port=plan.ports.web,
        login="login admin, password admin" if plan.has_demo else "see below",
        aws=aws,
        demo=(WITH_DEMO if plan.has_demo else WITHOUT_DEMO).format(command=command, host=HOST),
        data=_shown(plan.data),
    )


def _ports(text: str) -> Ports:
    # The stand-in's port is one higher, and 65535 is the last.
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65534:  # noqa: PLR2004
        raise RunError(f"PORT is {text!r}: it must be a number from 1 to 65534, as in `PORT=9000 make run`.")
    return Ports(int(text))


def _check_ports(plan: Plan) -> None:
    _check_port(plan.ports.web, "the web server")
    if plan.embeds("AWS_ENDPOINT_URL"):
        _check_port(plan.ports.aws, "the stand-in for AWS")


def _check_port(port: int, user: str) -> None:
    with socket.socket() as probe:
        # As servers do it: a connection that was closed a moment ago does not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise RunError(
                f"Port {port} on {HOST}, for {user}, cannot be had ({error.strerror}): "
                "stop what uses it, or take others, as in `PORT=9000 make run`."
            ) from error


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(exclusive(data))
        except ServiceError:
            raise RunError(
                f"`make run` is on already with {_shown(data)}: stop that one first (Ctrl-C)."
            ) from None
        yield


def _end_leftovers(data: Path, terminal: Terminal) -> None:
    """End what a run that was killed (SIGKILL, power loss of a terminal) left running on this data."""
    kill(Crew(mark=data, cwd=ROOT, terminal=terminal).found())
    EmbeddedPostgres(data).kill()
    EmbeddedRedis(data).kill()


def _secret_key(data: Path) -> str:
    path = data / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


def _answers(port: int, path: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://{HOST}:{port}{path}", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, urllib.error.URLError):
        return False


def _ended(child: Child) -> str:
    result = child.result or 0
    how = f"signal {-result}" if result < 0 else f"exit status {result}"
    return f"{child.name} ended by itself ({how}), so all was stopped. Its last lines are above."


def _shown(path: Path) -> str:
    path = path.resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
