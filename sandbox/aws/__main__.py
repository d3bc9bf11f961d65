"""`python -m sandbox.aws --port 8001`: serve until SIGTERM or Ctrl-C."""

import argparse
import os
import signal
import sys

from sandbox.aws.app import DEFAULT_ALERT_URL
from sandbox.aws.server import AwsServer

ENDS = (signal.SIGTERM, signal.SIGINT)


def main() -> int:
    """Run the stand-in; give the exit status: 0 when told to end, 1 when the port cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.aws", description="A local stand-in for AWS.")
    parser.add_argument("--port", type=int, default=8001, help="on 127.0.0.1 (default 8001), 0: a free one")
    parser.add_argument("--alert-url", default=DEFAULT_ALERT_URL, help="where the page says to send an alert")
    options = parser.parse_args()
    # Blocked before any thread starts, and waited for: a handler that sets an event can meet the event's own lock.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        server = AwsServer(options.port, options.alert_url)
    except (OSError, OverflowError) as problem:
        reason = os.strerror(problem.errno) if isinstance(problem, OSError) and problem.errno else problem
        print(f"sandbox.aws: cannot listen on 127.0.0.1:{options.port}: {reason}", file=sys.stderr)
        return 1
    with server:
        print(f"sandbox.aws: {server.url}", flush=True)
        signal.sigwait(ENDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
