"""Ports that nobody listens on."""

import socket

import pytest

from sandbox.services import ServiceError, free_port


def test_a_port_that_is_taken_is_not_given_and_neither_is_its_neighbour_where_two_are_wanted() -> None:
    with socket.create_server(("127.0.0.1", free_port(adjacent=2))) as taken:
        port = taken.getsockname()[1]

        assert free_port([port, port + 1]) == port + 1
        for among, adjacent in (([port], 1), ([port - 1], 2)):
            with pytest.raises(ServiceError, match=r"free on 127\.0\.0\.1"):
                free_port(among, adjacent=adjacent)
