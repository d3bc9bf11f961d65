"""Health check of a container: `python deploy/healthcheck.py PART` exits with 0 if the part works.

It runs every few seconds, so it imports neither Django nor Celery.
"""

import os
import socket
import ssl
import sys
import time
import urllib.request
from http import HTTPStatus
from pathlib import Path

WORKER_SILENCE_SECONDS = 30
"""A worker's loop touches its file every 2 s (deploy.liveness)."""

RELAY_SILENCE = "30 seconds"
"""A relay writes its heartbeat to the database every few seconds (alerts.relay.loop)."""


def web() -> bool:
    """Whether the door or a web service answers. Their probes accept any host name, and plain http."""
    scheme = "https" if os.environ.get("GRANIAN_SSL_CERTIFICATE") else "http"
    address = f"{scheme}://127.0.0.1:{os.environ.get('GRANIAN_PORT', '8000')}/healthz"
    # The certificate has the door's public name; whether senders may trust it, the test alerts of the relays find out.
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    direct = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=anybody)
    )
    with direct.open(address, timeout=4) as answer:
        return bool(answer.status == HTTPStatus.OK)


def relay() -> bool:
    """Whether a relay in this container has a recent heartbeat."""
    import psycopg  # noqa: PLC0415 - importing it takes as long as a whole other check

    query = """
        SELECT 1 FROM alerts_relayheartbeat
        WHERE starts_with(relay, %s) AND beat_at > clock_timestamp() - %s::interval
    """
    with psycopg.connect(_setting("DATABASE_URL"), connect_timeout=4) as connection:
        found = connection.execute(query, [f"{socket.gethostname()}:", RELAY_SILENCE]).fetchone()
        return found is not None


def worker() -> bool:
    """Whether the worker's loop runs and is connected to Redis."""
    return time.time() - Path(os.environ["ALIVE_FILE"]).stat().st_mtime < WORKER_SILENCE_SECONDS


CHECKS = {
    "door": web,
    "web-api": web,
    "web-admin": web,
    "web-probes": web,
    "relay": relay,
    "worker": worker,
    "worker-urgent": worker,
}


def _setting(name: str) -> str:
    """The variable, or the content of the file that `NAME_FILE` names, as config.env reads it."""
    file = os.environ.get(f"{name}_FILE")
    return Path(file).read_text().strip() if file else os.environ[name]


def main(arguments: list[str]) -> int:
    """Return 0 if the part works, 1 with a line that says why not, 64 if the part is unknown."""
    if len(arguments) != 1 or arguments[0] not in CHECKS:
        print(f"deploy/healthcheck.py: say which part: {', '.join(CHECKS)}.", file=sys.stderr)  # noqa: T201
        return 64
    try:
        works = CHECKS[arguments[0]]()
    except Exception as error:  # noqa: BLE001 - any error means that the part does not work
        print(f"{arguments[0]}: {type(error).__name__}", file=sys.stderr)  # noqa: T201
        return 1
    if not works:
        print(f"{arguments[0]}: no sign of life", file=sys.stderr)  # noqa: T201
    return 0 if works else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
