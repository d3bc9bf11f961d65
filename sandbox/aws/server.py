"""Runs the stand-in on a loopback port, in its own thread."""

import contextlib
import socket
from http import HTTPStatus
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Response

from sandbox.aws.app import DEFAULT_ALERT_URL, App

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HOST = "127.0.0.1"
_BACKLOG = 512
_POLL_SECONDS = 0.05
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class AwsServer:
    """Listens from construction on; `port` 0 takes a free one. Raises OSError if the port is taken.

    Each connection has its own thread, so a held one blocks no other.
    """

    def __init__(self, port: int = 0, alert_url: str = DEFAULT_ALERT_URL) -> None:
        self._app = App(alert_url)
        # Opened here, since werkzeug exits the process if a port is taken. It keeps a copy of the descriptor.
        with socket.create_server((HOST, port), backlog=_BACKLOG) as listening:
            self._server = _Server(HOST, port, self._app, _Handler, fd=listening.fileno())
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
        """Release held connections, stop, free the port, and end the connections that clients keep."""
        self._app.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.end_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()


class _Server(ThreadedWSGIServer):
    """Remembers its open connections."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*arguments, **options)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """End all that are open."""
        for connection in self._open.copy():
            with contextlib.suppress(OSError):  # the client was first
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(WSGIRequestHandler):
    """Keeps connections, as AWS does, and closes one when the application drops a request. Logs errors only."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    """Buffered, so that an answer is sent in one piece, and not its head first."""

    def run_wsgi(self) -> None:
        """Answer one request.

        werkzeug would close each connection, after waiting for more to read. The application reads the whole body, so
        that the next request follows.
        """
        answer = Response.from_app(self.server.app, self.make_environ(), buffered=True)
        body = answer.get_data()
        if answer.status_code not in _WITHOUT_BODY:
            answer.content_length = len(body)
        self.send_response(answer.status_code)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def connection_dropped(self, error: BaseException, environ: "WSGIEnvironment | None" = None) -> None:
        """Close the connection. werkzeug would wait for the next request."""
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""
