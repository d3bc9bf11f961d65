"""What a broken connection means, on real sockets: whether the request may have left hangs on when it broke."""

import ipaddress
import re
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from alerts.channels import ChannelError, Fault, Message, SendResult, aws, connect_call, sns_sms
from alerts.channels.memory import remembered
from alerts.states import Reason

NAME = "sns.ward.example"
UNSENT = (Fault.UNSENT, Reason.UNREACHABLE)
THROTTLED = (Fault.THROTTLED, Reason.THROTTLED)
MISCONFIGURED = (Fault.REJECTED, Reason.MISCONFIGURED)
ANSWER_LOST = (Fault.UNKNOWN, Reason.ANSWER_LOST)

Talk = Callable[[socket.socket], None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1 and NAME, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName(NAME)]
    )
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


@pytest.fixture
def message(message: Message) -> Message:
    """The message, to a number that SNS was asked about before: the SMS is the only request."""
    remembered.set(sns_sms._key(message.address), value=True)  # noqa: SLF001
    return message


@contextmanager
def listening(talk: Talk) -> Iterator[str]:
    """A peer on loopback that talks so to the first who connects; its host and port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def serve() -> None:
            with suppress(OSError), server.accept()[0] as connection:
                connection.settimeout(5)
                talk(connection)

        thread = Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def read(connection: socket.socket) -> bytes:
    """Read a request to its end: who closes before that resets the connection, and the answer is lost with it."""
    with connection.makefile("rb") as stream:
        head = b"".join(takewhile(lambda line: line != b"\r\n", stream))
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        return head + stream.read(int(length[1]) if length else 0)


class Encrypted:
    """A peer's side of TLS, and the requests that arrived there."""

    def __init__(self, certificate: Path) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.arrived: list[bytes] = []

    def take(self, connection: socket.socket) -> ssl.SSLSocket:
        """Shake hands and read a request."""
        encrypted = self.context.wrap_socket(connection, server_side=True)
        self.arrived.append(read(encrypted))
        return encrypted

    def answer(self, connection: socket.socket) -> None:
        """Answer as SNS does."""
        body = b"<r><PublishResult><MessageId>m-1</MessageId></PublishResult></r>"
        with self.take(connection) as encrypted:
            encrypted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def close_after(self, connection: socket.socket) -> None:
        """Close instead of answering."""
        self.take(connection).close()

    def babble_after(self, connection: socket.socket) -> None:
        """Answer with a record that no key fits."""
        with socket.socket(fileno=self.take(connection).detach()) as bare:
            bare.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
            bare.shutdown(socket.SHUT_WR)
            bare.recv(1000)

    def pass_on_and_close(self, connection: socket.socket) -> None:
        """As a proxy: open the tunnel, take the request through it, and lose the answer."""
        read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        self.take(connection).close()


@pytest.fixture
def encrypted(certificate: Path) -> Encrypted:
    """A peer that speaks TLS."""
    return Encrypted(certificate)


@pytest.fixture
def trusting(fresh: pytest.MonkeyPatch, certificate: Path) -> pytest.MonkeyPatch:
    """An environment that trusts the certificate."""
    fresh.setenv("AWS_CA_BUNDLE", str(certificate))
    return fresh


def outcome(send: Callable[[], object]) -> tuple[Fault, Reason]:
    """What a send that fails comes to."""
    with pytest.raises(ChannelError) as caught:
        send()
    return caught.value.fault, caught.value.reason


def sms_to(peer: AbstractContextManager[str], environment: pytest.MonkeyPatch, message: Message) -> Any:
    """What an SMS comes to with this peer in the place of SNS."""
    with peer as address:
        environment.setenv("AWS_ENDPOINT_URL", f"https://{address}")
        return outcome(lambda: sns_sms.send(message))


def test_a_trusted_peer_that_answers_is_believed(
    trusting: pytest.MonkeyPatch, encrypted: Encrypted, message: Message
) -> None:
    with listening(encrypted.answer) as address:
        trusting.setenv("AWS_ENDPOINT_URL", f"https://{address}")

        assert sns_sms.send(message).provider_id == "m-1"


def test_a_certificate_that_does_not_hold_is_for_the_operators(
    fresh: pytest.MonkeyPatch, encrypted: Encrypted, message: Message
) -> None:
    assert sms_to(listening(encrypted.answer), fresh, message) == MISCONFIGURED
    assert not encrypted.arrived


def test_a_file_of_authorities_that_is_not_there_is_for_the_operators(
    fresh: pytest.MonkeyPatch, encrypted: Encrypted, message: Message, tmp_path: Path
) -> None:
    fresh.setenv("AWS_CA_BUNDLE", str(tmp_path / "none.pem"))

    assert sms_to(listening(encrypted.answer), fresh, message) == MISCONFIGURED


def close(connection: socket.socket) -> None:
    """Say nothing to a greeting."""
    connection.recv(10_000)


def reset(connection: socket.socket) -> None:
    """Slam the door on a greeting."""
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def speak_plainly(connection: socket.socket) -> None:
    """Answer a greeting without TLS, as a load balancer's error page."""
    connection.recv(10_000)
    connection.sendall(b"HTTP/1.1 503 Unavailable\r\n\r\n")


def keep_waiting(connection: socket.socket) -> None:
    """Answer nothing until the other side leaves."""
    while connection.recv(10_000):
        pass


@pytest.mark.parametrize("talk", [close, reset, speak_plainly, keep_waiting])
def test_a_handshake_that_breaks_off_means_that_nothing_was_sent(
    trusting: pytest.MonkeyPatch, message: Message, talk: Talk
) -> None:
    trusting.setattr(aws, "CONNECT_SECONDS", 0.3)

    assert sms_to(listening(talk), trusting, message) == UNSENT


@pytest.mark.parametrize("talk", [Encrypted.close_after, Encrypted.babble_after])
def test_a_connection_that_breaks_after_the_request_leaves_it_in_doubt(
    trusting: pytest.MonkeyPatch,
    encrypted: Encrypted,
    message: Message,
    talk: Callable[[Encrypted, socket.socket], None],
) -> None:
    peer = listening(lambda connection: talk(encrypted, connection))

    assert sms_to(peer, trusting, message) == ANSWER_LOST
    assert encrypted.arrived[0].startswith(b"POST / ")


def test_an_earlier_connection_that_broke_off_does_not_explain_a_later_one(
    trusting: pytest.MonkeyPatch, encrypted: Encrypted, message: Message
) -> None:
    trusting.setattr(aws, "CONNECT_SECONDS", 0.3)
    with listening(close) as address:
        trusting.setenv("AWS_ENDPOINT_URL", f"https://{address}")
        try:
            aws.client("sns").publish(PhoneNumber=message.address, Message="x")
        except Exception:  # noqa: BLE001 - whatever it is: it is the context of what follows
            aws._make.cache_clear()
            assert sms_to(listening(encrypted.close_after), trusting, message) == ANSWER_LOST

    assert len(encrypted.arrived) == 1


def test_a_name_that_is_not_found_means_that_nothing_was_sent(
    fresh: pytest.MonkeyPatch, message: Message
) -> None:
    def not_found(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    fresh.setenv("AWS_ENDPOINT_URL", f"https://{NAME}")
    fresh.setattr(socket, "getaddrinfo", not_found)

    assert outcome(lambda: sns_sms.send(message)) == UNSENT


@pytest.fixture
def behind_proxy(trusting: pytest.MonkeyPatch) -> Callable[[str], pytest.MonkeyPatch]:
    """An environment in which NAME is AWS, behind a proxy."""

    def at(address: str) -> pytest.MonkeyPatch:
        for name in ("NO_PROXY", "no_proxy"):
            trusting.delenv(name, raising=False)
        for name in ("http_proxy", "https_proxy"):
            trusting.setenv(name, f"http://{address}")
        trusting.setenv("AWS_ENDPOINT_URL", f"https://{NAME}")
        return trusting

    return at


def test_a_proxy_that_is_away_means_that_nothing_was_sent(
    behind_proxy: Callable[[str], pytest.MonkeyPatch], message: Message
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        closed = probe.getsockname()[1]
    behind_proxy(f"127.0.0.1:{closed}")

    assert outcome(lambda: sns_sms.send(message)) == UNSENT


def refuse(connection: socket.socket) -> None:
    """As a proxy, open no tunnel."""
    read(connection)
    connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")


@pytest.mark.parametrize("talk", [close, reset, refuse])
def test_a_proxy_that_opens_no_tunnel_means_that_nothing_was_sent(
    behind_proxy: Callable[[str], pytest.MonkeyPatch], message: Message, talk: Talk
) -> None:
    with listening(talk) as address:
        behind_proxy(address)

        assert outcome(lambda: sns_sms.send(message)) == UNSENT


def test_a_proxy_that_loses_the_answer_leaves_the_request_in_doubt(
    behind_proxy: Callable[[str], pytest.MonkeyPatch], encrypted: Encrypted, message: Message
) -> None:
    with listening(encrypted.pass_on_and_close) as address:
        behind_proxy(address)

        assert outcome(lambda: sns_sms.send(message)) == ANSWER_LOST

    assert encrypted.arrived[0].startswith(b"POST / ")


def test_a_proxy_of_plain_http_that_loses_the_answer_leaves_the_request_in_doubt(
    behind_proxy: Callable[[str], pytest.MonkeyPatch], message: Message
) -> None:
    with listening(close) as address:
        behind_proxy(address).setenv("AWS_ENDPOINT_URL", f"http://{NAME}")

        assert outcome(lambda: sns_sms.send(message)) == ANSWER_LOST


@pytest.mark.parametrize("send", [sns_sms.send, connect_call.send])
@pytest.mark.parametrize("body", ["", "slow down", "{}", "<html>slow down</html>"])
@pytest.mark.parametrize(("status", "expected"), [(429, THROTTLED), (408, UNSENT)])
def test_a_status_is_enough_where_no_code_comes_with_it(
    fresh: pytest.MonkeyPatch,
    message: Message,
    send: Callable[[Message], SendResult],
    body: str,
    status: int,
    expected: tuple[Fault, Reason],
) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(100_000)
        connection.sendall(f"HTTP/1.1 {status} No\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    with listening(talk) as address:
        fresh.setenv("AWS_ENDPOINT_URL", f"http://{address}")

        assert outcome(lambda: send(message)) == expected
