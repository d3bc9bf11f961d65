"""How many requests the stand-in for AWS can answer by itself: it must not be what a benchmark measures."""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

from bench.stack import Stack

CONNECTIONS = 8
REQUESTS = 200
"""Requests over each connection."""
SMS = urlencode(
    {
        "Action": "Publish",
        "Version": "2010-03-31",
        "PhoneNumber": "+447700900999",
        "Message": "How fast are you?",
    }
)
HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    # The stand-in reads nothing of a signature but the service.
    "Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/eu-west-2/sns/aws4_request",
}


def capacity(stack: Stack) -> float:
    """SMS that it takes in a second from a few connections, which share the processors with it."""
    address = urlsplit(stack.aws_url).netloc
    began = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        for sent in [threads.submit(_publish, address) for _ in range(CONNECTIONS)]:
            sent.result()
    return CONNECTIONS * REQUESTS / (time.monotonic() - began)


def _publish(address: str) -> None:
    connection = http.client.HTTPConnection(address, timeout=10)
    for _ in range(REQUESTS):
        connection.request("POST", "/", SMS, HEADERS)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise http.client.HTTPException(f"The stand-in for AWS answered with {answer.status}.")
    connection.close()
