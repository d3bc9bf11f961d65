"""`python -m sandbox.aws --port 8001`: serve until SIGTERM or Ctrl-C."""

import argparse
import os
import signal
import sys

from sandbox.aws.app import DEFAULT_ALERT_URL
from sandbox.aws.server import AwsServer

ENDS = (signal.SIGTERM, signal.SIGINT)


def main() -> int:
    """Run the stand-in. Returns the exit status: 0 after a signal to stop, 1 if the port is not free."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.aws", description="A local stand-in for AWS.")
    parser.add_argument("--port", type=int, default=8001, help="port on 127.0.0.1 (8001); 0 takes a free one")
    parser.add_argument("--alert-url", default=DEFAULT_ALERT_URL, help="URL for alerts that the page shows")
    options = parser.parse_args()
    # Block the signals before any thread starts, and wait for them: a handler that sets an Event could deadlock on it.
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
