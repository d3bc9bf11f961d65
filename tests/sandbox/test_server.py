"""The page's files, the health check, and the command."""

import html
import http.client
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from clients import sample
from sandbox.aws.app import DEFAULT_ALERT_URL
from sandbox.aws.server import HOST, AwsServer
from tests.sandbox.conftest import AwsClients

COMMAND = [sys.executable, "-m", "sandbox.aws", "--port"]


def test_the_stand_in_is_healthy(aws: AwsClients) -> None:
    assert aws.get("/healthz").json() == {"status": "ok"}


def test_the_page_and_all_it_asks_for_come_from_here(aws: AwsClients) -> None:
    page = aws.get("/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name, kind in [
        ("handset.css", "text/css"),
        ("handset.js", "text/javascript"),
        ("colours.css", "text/css"),
        ("favicon.svg", "image/svg+xml"),
    ]:
        assert f"/static/{name}" in page.text
        answered = aws.get(f"/static/{name}")
        assert answered.headers["Content-Type"] == f"{kind}; charset=utf-8"
        assert answered.text


def test_the_page_has_the_name_the_mark_and_the_colours_of_the_admin(aws: AwsClients) -> None:
    theme = Path("theme/static/theme")

    for name in ("colours.css", "favicon.svg"):
        assert aws.get(f"/static/{name}").text == (theme / name).read_text()
    assert "<h1>Bleep" in aws.get("/").text
    assert "var(--color-primary-600)" in aws.get("/static/handset.css").text


def test_the_page_says_where_to_send_an_alert() -> None:
    with AwsServer(alert_url='http://127.0.0.1:9/"><script>') as server:
        page = requests.get(server.url, timeout=10).text
    assert "http://127.0.0.1:9/&quot;&gt;&lt;script&gt;" in page
    assert '"><script>' not in page


def test_the_page_has_the_request_that_make_run_prints(aws: AwsClients) -> None:
    (shown,) = re.findall(r'<meta name="alert-command" content="([^"]*)">', aws.get("/").text)

    assert html.unescape(shown) == sample.command(DEFAULT_ALERT_URL, message_id="MESSAGE_ID")


@pytest.mark.parametrize("path", ["/static/nothing.css", "/static/..%2fapp.py", "/static/app.py", "/nothing"])
def test_an_unknown_path_is_not_found(aws: AwsClients, path: str) -> None:
    assert aws.get(path).status_code == 404


def test_a_wrong_method_is_refused(aws: AwsClients) -> None:
    assert aws.delete("/healthz").status_code == 405


def test_a_connection_is_kept_as_aws_keeps_it_and_ends_with_the_server() -> None:
    with AwsServer() as server:
        client = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
        for _ in range(2):
            client.request("GET", "/healthz")
            assert client.getresponse().read()
            assert client.sock, "it was not closed"
    assert client.sock.recv(1) == b"", "the server ended it"
    client.close()


def test_a_question_for_the_head_alone_leaves_the_connection_in_order(aws: AwsClients) -> None:
    with requests.Session() as client:
        head = client.head(f"{aws.url}/healthz")
        assert (head.status_code, head.text) == (200, "")
        assert client.get(f"{aws.url}/healthz").json() == {"status": "ok"}


class TestCommand:
    """`python -m sandbox.aws`."""

    @pytest.fixture
    def process(self) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [*COMMAND, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as it:
            yield it
            it.kill()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_it_logs_nothing_and_stops_on_a_signal(
        self, process: subprocess.Popen[str], number: signal.Signals
    ) -> None:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        assert requests.get(f"{url}/healthz", timeout=10).ok
        process.send_signal(number)
        said, complained = process.communicate(timeout=10)
        assert (process.returncode, said, complained) == (0, "", "")

    def test_a_taken_port_is_reported_in_one_line(self) -> None:
        with socket.create_server((HOST, 0)) as taken:
            port = str(taken.getsockname()[1])
            done = subprocess.run([*COMMAND, port], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1
        assert done.stdout == ""
        expected = f"sandbox.aws: cannot listen on 127.0.0.1:{port}: Address already in use"
        assert done.stderr.splitlines() == [expected]


def test_it_listens_on_the_loopback_interface_only() -> None:
    with AwsServer() as server:
        port = int(server.url.rpartition(":")[2])
        sockets = psutil.Process().net_connections("inet")
    listening = {
        found.laddr.ip for found in sockets if found.status == psutil.CONN_LISTEN and found.laddr.port == port
    }
    assert listening == {"127.0.0.1"}
