"""Where the demo's processes listen."""

import socket

import pytest

from webapp.demo.services import HOST, choose_ports
from webapp.embedded.supervisor import ServerError


def free_ports() -> int:
    """The first of three neighbours that nobody listens on."""
    for first in range(21_000, 30_000, 3):
        try:
            return choose_ports(first).shop
        except ServerError:
            continue
    pytest.fail("no three neighbouring ports are free")


def test_shop_web_and_rpc_are_neighbours() -> None:
    first = free_ports()
    ports = choose_ports(first)
    assert (ports.shop, ports.web, ports.rpc) == (first, first + 1, first + 2)
    assert ports.grpc_address == f"{HOST}:{first + 2}"
    assert not {first, first + 1, first + 2} & set(ports.standins.values())


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_taken_port_is_named_with_the_remedy(taken: int) -> None:
    first = free_ports()
    with socket.socket() as other:
        other.bind((HOST, first + taken))
        other.listen()
        with pytest.raises(ServerError, match=f"Port {first + taken} .* --port"):
            choose_ports(first)


def test_ports_end_somewhere() -> None:
    with pytest.raises(ServerError, match="--port"):
        choose_ports(65_534)
