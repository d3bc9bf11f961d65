"""`make run`: runs Bleep on this machine, with everything it needs.

It starts PostgreSQL, Redis and the stand-in for AWS (each unless its variable names another), migrates, loads the demo
(only into its own PostgreSQL), then starts front door, web services, relay and workers with the entry point of the
container image. Their output goes to a log file, so that the banner stays in sight.

Everything listens on loopback or a unix socket. The run ends on a signal, or when one of its processes ends. Only the
data in `.local/` stays.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import psutil

from sandbox import endings
from sandbox.banner import banner
from sandbox.guardian import end_leftovers
from sandbox.output import RunLog, Terminal
from sandbox.processes import Child, ProcessGroup
from sandbox.readiness import answers, wait_until_ready
from sandbox.run_settings import (
    DOOR,
    ENTRYPOINT,
    HOST,
    PORTS_OF_A_RUN,
    ROOT,
    WEB_PARTS,
    Ports,
    RunSettings,
    environment,
    log_of,
    shown,
    traces_of,
)
from sandbox.services import EmbeddedPostgres, EmbeddedRedis, ServiceError, exclusive

READY_SECONDS = 120.0
GRACE_SECONDS = 4.5
POLL_SECONDS = 0.1
LAST_PORT = 65535 - PORTS_OF_A_RUN + 1


class RunError(Exception):
    """The run cannot start or go on. The text says why and what to do."""


class StopRequest:
    """True once the run should end: after Ctrl-C or SIGTERM, or when the terminal or its parent is gone."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._asked = False
        self._watched = _parents()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if (
                number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
            ):  # ignored: `nohup make run`
                # Only set a flag: a process that is being started is then known, and can be stopped.
                signal.signal(number, lambda *_: self._ask())

    def __bool__(self) -> bool:
        return self._asked or self._terminal.gone or _parents() != self._watched

    def _ask(self) -> None:
        self._asked = True


def _parents() -> tuple[int, ...]:
    """The parent, which is `make`, and the process that started `make`: it may be killed too, but not under `nohup`."""
    parent = os.getppid()
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        return (parent,)
    try:
        return parent, psutil.Process(parent).ppid()
    except psutil.Error:
        return (parent,)


class Stopped(Exception):
    """Ends the run after a StopRequest."""


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped (returns 0) or until something fails (prints one line, returns 1)."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.run", description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / ".local", help="directory of the data (.local)")
    parser.add_argument("--reset", action="store_true", help="delete the data instead")
    parser.add_argument("--traces", action="store_true", help="keep traces, which `make trace` draws")
    parser.add_argument("--logs", action="store_true", help="follow the log of a run instead")
    options = parser.parse_args(arguments)
    terminal = Terminal(encoding=sys.stdout.encoding)
    try:
        if options.reset:
            reset(options.data, terminal)
        elif options.logs:
            follow(log_of(options.data))
        else:
            ports = _ports(os.environ.get("PORT") or "8000")
            run(RunSettings(options.data, ports, os.environ, traces=options.traces), terminal)
    except (RunError, ServiceError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.strerror}: {error.filename}", file=sys.stderr)
        return 1
    return 0


def reset(data: Path, terminal: Terminal) -> None:
    """Delete the data of earlier runs. Raises RunError while a run uses it."""
    with _alone(data):
        end_leftovers(data)
        for entry in data.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()
    terminal.say(f"{shown(data)} is empty: the next `make run` starts from scratch.")


def follow(log: Path) -> None:
    """Become a process that shows the end of the log, and follows it. Raises RunError if there is no log."""
    if not log.exists():
        raise RunError(f"There is no log at {shown(log)}: start Bleep with `make run` first.")
    os.execvp("tail", ["tail", "-n", "100", "-F", str(log)])  # noqa: S606, S607 - any tail will do


def run(settings: RunSettings, terminal: Terminal) -> None:
    """Start everything, report when it is ready, and stop everything on request or when a process ends.

    Raises RunError or ServiceError if it cannot start or a process ends by itself. Nothing runs afterwards.
    """
    stop = StopRequest(terminal)
    with _alone(settings.data), contextlib.suppress(Stopped):
        end_leftovers(settings.data)
        _check_ports(settings)
        with _guarded(settings.data), contextlib.ExitStack() as stack:
            LocalRun(settings, terminal, stop).go(stack)
    terminal.say(f"Everything is stopped. The data stays in {shown(settings.data)}.")


class LocalRun:
    """One run: its processes, its servers, and their environment."""

    def __init__(self, settings: RunSettings, terminal: Terminal, stop: StopRequest) -> None:
        self.settings = settings
        self.terminal = terminal
        self.stop = stop
        self.log = RunLog(log_of(settings.data))
        self.processes = ProcessGroup(mark=settings.data, cwd=ROOT, log=self.log)
        traces_of(settings.data).unlink(missing_ok=True)  # those of another run
        self.servers: list[EmbeddedPostgres | EmbeddedRedis] = []
        self.env = environment(settings)
        self.owner: dict[str, str] = {}  # for `migrate` alone
        self.waiting: dict[str, Callable[[], bool]] = {}

    def go(self, stack: contextlib.ExitStack) -> None:
        """Start all parts in order, wait until they are ready, and watch them. `stack` stops them in reverse order."""
        stack.callback(self.log.close)
        self._start_servers(stack)
        stack.callback(self.processes.stop, GRACE_SECONDS)
        self._start_aws()
        self.terminal.say("Preparing the database ...")
        self._do("migrate", [str(ENTRYPOINT), "migrate"], self.owner)
        if self.settings.has_demo:
            subscribe = ["--subscribe"] if self.settings.embeds("AWS_ENDPOINT_URL") else []
            self._do("demo", [sys.executable, "manage.py", "load_demo", *subscribe])
        self._start_bleep()
        self._wait_until_ready()
        self.terminal.say(banner(self.settings))
        while True:
            self._look()
            time.sleep(POLL_SECONDS)

    def _start_servers(self, stack: contextlib.ExitStack) -> None:
        for variable, server_class in (("DATABASE_URL", EmbeddedPostgres), ("REDIS_URL", EmbeddedRedis)):
            if self.settings.embeds(variable):
                self.terminal.say(f"Starting {server_class.title} ...")
                server: EmbeddedPostgres | EmbeddedRedis = server_class(self.settings.data)
                stack.callback(server.stop)
                server.start()
                self.servers.append(server)
                self.env[variable] = server.url
                if isinstance(server, EmbeddedPostgres):
                    self.owner = {"MIGRATE_DATABASE_URL": server.url}
                    self.env[variable] = server.url_without_ownership
            self._look()

    def _start_aws(self) -> None:
        if not self.settings.embeds("AWS_ENDPOINT_URL"):
            return
        self.terminal.say("Starting the stand-in for AWS ...")
        ports = self.settings.ports
        options = ["--port", str(ports.aws), "--alert-url", f"{ports.url(DOOR)}/notification"]
        self.processes.start("aws", [sys.executable, "-m", "sandbox.aws", *options], self.env)
        self.waiting["aws"] = lambda: answers(f"http://{HOST}:{ports.aws}/healthz")

    def _do(self, name: str, command: Sequence[str], more: Mapping[str, str] | None = None) -> None:
        """Run a preparing command to its end."""
        child = self.processes.start(name, command, {**self.env, **(more or {})})
        while child.result is None:
            self._look(meant_to_end=child)
            time.sleep(POLL_SECONDS)
        if child.result:
            raise RunError(endings.of_preparation(child, self.settings))
        self.processes.forget(child)

    def _start_bleep(self) -> None:
        self.terminal.say("Starting front door, web services, relay and workers ...")
        ports = self.settings.ports
        for part in WEB_PARTS:
            self.processes.start(part, [str(ENTRYPOINT), part], {**self.env, **ports.env(part)})
            self.waiting[part] = partial(answers, f"{ports.url(part)}/healthz")
        self.processes.start("relay", [str(ENTRYPOINT), "relay"], self.env)
        self.waiting["relay"] = partial(answers, f"{ports.url(DOOR)}/readyz")
        for name in ("worker-urgent", "worker"):
            alive = self.settings.data.resolve() / f"{name}.alive"
            alive.unlink(missing_ok=True)
            self.processes.start(name, [str(ENTRYPOINT), name], {**self.env, "ALIVE_FILE": str(alive)})
            self.waiting[name] = alive.exists

    def _wait_until_ready(self) -> None:
        late = wait_until_ready(self.waiting, seconds=READY_SECONDS, look=self._look)
        if late:
            raise RunError(endings.of_late(late, READY_SECONDS, self.settings))

    def _look(self, meant_to_end: Child | None = None) -> None:
        """Raise Stopped after a request to stop, and RunError if a process ended by itself."""
        if self.stop:
            self.terminal.say("Stopping ...")
            raise Stopped
        for child in self.processes.ended():
            if child is not meant_to_end:
                raise RunError(endings.of_part(child, self.settings))
        for server in self.servers:
            if server.pid is None:
                raise RunError(endings.of_server(server.title, server.log))


def _ports(text: str) -> Ports:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LAST_PORT:
        raise RunError(
            f"PORT is {text!r}: it must be a number from 1 to {LAST_PORT}, as in `PORT=9000 make run`."
        )
    return Ports(int(text))


def _check_ports(settings: RunSettings) -> None:
    for part in WEB_PARTS:
        _check_port(settings.ports.of(part), f"`{part}`")
    if settings.embeds("AWS_ENDPOINT_URL"):
        _check_port(settings.ports.aws, "the stand-in for AWS")


def _check_port(port: int, user: str) -> None:
    with socket.socket() as probe:
        # As servers do: a connection that was just closed does not occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise RunError(
                f"Port {port} on {HOST}, for {user}, is not available ({error.strerror}): "
                "stop what uses it, or choose another, as in `PORT=9000 make run`."
            ) from error


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(exclusive(data))
        except ServiceError:
            raise RunError(f"`make run` already runs with {shown(data)}: stop it first (Ctrl-C).") from None
        yield


@contextlib.contextmanager
def _guarded(data: Path) -> Iterator[None]:
    """A process that ends everything if this one is killed. If it is killed itself, the next run clears up."""
    command = [sys.executable, "-m", "sandbox.guardian", str(data.resolve())]
    # In its own session: a Ctrl-C in the terminal is for the run.
    guardian = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
    try:
        yield
    finally:
        # Everything has ended: it has nothing to do.
        guardian.kill()
        guardian.wait()


if __name__ == "__main__":
    sys.exit(main())
