"""Shared fixtures: where the recorded answers and the catalogue lie, and a guard against any real network."""

import os
import socket
from pathlib import Path

import pytest

from tests.postgres_server import postgres

__all__ = ["postgres"]

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SHARED_MATERIAL", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of the platforms' recorded answers; it is not part of the repository."""
    folder = SHARED / "recordings"
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder} (set SHARED_MATERIAL)")
    return folder


@pytest.fixture(scope="session")
def catalogue_folder() -> Path:
    """Folder of the real-shaped catalogue; it is not part of the repository."""
    folder = SHARED / "catalogue"
    if not folder.is_dir():
        pytest.skip(f"no catalogue at {folder} (set SHARED_MATERIAL)")
    return folder


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail any test that opens a connection beyond this machine."""
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(sock: socket.socket, address: object) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])  # type: ignore[index]
            if not (host.startswith("127.") or host in ("::1", "localhost")):
                raise AssertionError(f"a test tried to reach {address!r}")

    def connect(sock: socket.socket, address: object) -> None:
        check(sock, address)
        real_connect(sock, address)

    def connect_ex(sock: socket.socket, address: object) -> int:
        check(sock, address)
        return real_connect_ex(sock, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
