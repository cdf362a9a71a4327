"""What every test stands on: no screen, no network, no chance."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("ci")

# Sockets of this machine stay open: a test may serve a file to itself, and Windows
# builds its socket pairs from AF_INET.
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_attempts: list[str] = []


class NetworkBlockedError(OSError):
    """A test tried to reach a network."""


def _refuse(address: object) -> None:
    _attempts.append(str(address))
    raise NetworkBlockedError(f"tests reach no network; this one tried {address}")


def _block_network() -> None:
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    lookup = socket.getaddrinfo

    def is_outside(sock: socket.socket, address: object) -> bool:
        inet = sock.family in (socket.AF_INET, socket.AF_INET6)
        return inet and isinstance(address, tuple) and address[0] not in LOOPBACK

    def guarded_connect(sock, address):
        if is_outside(sock, address):
            _refuse(address)
        return connect(sock, address)

    def guarded_connect_ex(sock, address):
        if is_outside(sock, address):
            _refuse(address)
        return connect_ex(sock, address)

    def guarded_lookup(host, *args, **kwargs):
        if host is not None and str(host) not in LOOPBACK:
            _refuse(host)
        return lookup(host, *args, **kwargs)

    socket.socket.connect = guarded_connect
    socket.socket.connect_ex = guarded_connect_ex
    socket.getaddrinfo = guarded_lookup


def pytest_configure() -> None:
    """Block the network for the whole session, doctests of the package included.

    A run in the background of a shell ignores interrupts, and so would what it starts;
    tests of interrupts need them.
    """
    _block_network()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def network_attempts() -> Iterator[list[str]]:
    """Addresses that a test tried to reach; none may remain at its end.

    A test of what happens offline asks for this fixture and clears the list.
    """
    _attempts.clear()
    yield _attempts
    assert not _attempts, f"the test tried to reach a network: {_attempts}"


@pytest.fixture(scope="session")
def reference_data() -> Callable[[str], Path]:
    """Path of a file or folder of the reference data, e.g. ``"us_monthly"``.

    The reference data do not ship with the library; the environment variable
    FORECAST_DATA names their folder. Without it the test is skipped.
    """

    def find(name: str) -> Path:
        root = os.environ.get("FORECAST_DATA")
        if not root:
            pytest.skip("FORECAST_DATA does not name a folder of reference data")
        path = Path(root) / name
        if not path.exists():
            pytest.skip(f"the reference data hold no {name!r}")
        return path

    return find
