"""Runs the stand-in on a loopback port, in its own thread."""

import socket
from threading import Thread
from typing import TYPE_CHECKING, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.aws.app import DEFAULT_ALERT_URL, App

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HOST = "127.0.0.1"
_BACKLOG = 512
_POLL_SECONDS = 0.05


class AwsServer:
    """Listens from construction on; `port` 0 takes a free one. Raises OSError if the port is taken.

    Each request has its own thread, so a held connection blocks no other.
    """

    def __init__(self, port: int = 0, alert_url: str = DEFAULT_ALERT_URL) -> None:
        self._app = App(alert_url)
        # Opened here, since werkzeug exits the process if a port is taken. It keeps a copy of the descriptor.
        with socket.create_server((HOST, port), backlog=_BACKLOG) as listening:
            self._server = make_server(
                HOST, port, self._app, threaded=True, request_handler=_Handler, fd=listening.fileno()
            )
        self._thread = Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True)

    @property
    def url(self) -> str:
        """The value for AWS_ENDPOINT_URL."""
        return f"http://{HOST}:{self._server.port}"

    def start(self) -> Self:
        """Start to answer requests."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Release held connections, stop, and free the port."""
        self._app.stop()
        self._server.shutdown()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()


class _Handler(WSGIRequestHandler):
    """Closes the connection when the application drops a request. Logs errors only."""

    def connection_dropped(self, error: BaseException, environ: "WSGIEnvironment | None" = None) -> None:
        """Close the connection, where werkzeug would wait for the next request."""
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""
