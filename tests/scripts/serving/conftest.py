"""Servers of a small zoo, asked without a network and over one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")

import uvicorn
from starlette.testclient import TestClient

from zoograph.scripts.commands.serve import make_server
from zoograph.scripts.serving.app import make_app
from zoograph.scripts.serving.settings import LOOPBACK, Limits, Settings

TOKEN = "a token of the operator"
Client = Callable[..., Any]


@pytest.fixture
def make_client() -> Iterator[Callable[..., TestClient]]:
    """A callable that returns a client of a server, with limits and settings that can be chosen."""
    open_clients = []

    def make(*, limits: Limits | None = None, **settings: Any) -> TestClient:
        chosen = Settings(LOOPBACK, limits=limits or Limits(), **{"tokens": (TOKEN,), **settings})
        app = make_app(chosen, warm=False)
        client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
        client.__enter__()
        open_clients.append(client)
        return client

    yield make
    for client in open_clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(toy_zoo: object, make_client: Client) -> TestClient:
    """A client of a server of the toy zoo."""
    return make_client()


@pytest.fixture
def made_client(made_zoo: None, make_client: Client) -> TestClient:
    """A client of a server of a made-up zoo with a predictor."""
    return make_client()


@contextmanager
def listening(settings: Settings) -> Iterator[int]:
    """Run a server on a free port of this machine; yield the port."""
    server = make_server(uvicorn, settings, "127.0.0.1", 0, warm=False)
    socket = server.config.bind_socket()
    ready = threading.Event()
    server.on_start = ready.set
    server.install_signal_handlers = lambda: None
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[socket])), daemon=True)
    thread.start()
    try:
        assert ready.wait(60)
        yield socket.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)
        socket.close()


@pytest.fixture
def serve() -> Callable[..., Any]:
    """A context manager that runs a server on this machine and yields its port."""
    return listening


@pytest.fixture
def folder_of_datasets(tmp_path: Path) -> Path:
    """A folder of datasets, one of them good, and a link that leads out of it."""
    root = tmp_path / "mine"
    for name in ("oak", "elm"):
        (root / "trees" / name).mkdir(parents=True)
        for number in range(3):
            (root / "trees" / name / f"{number}.png").write_bytes(bytes([number]))
    (root / "empty").mkdir()
    (tmp_path / "secret" / "a").mkdir(parents=True)
    (root / "link").symlink_to(tmp_path / "secret")
    return root
