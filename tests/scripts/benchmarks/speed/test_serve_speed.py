"""`benchmark serve`: a server is asked, and timed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import ZoographError
from zoograph.scripts.benchmarks.speed import serve_speed

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was asked of a server that answers everything but `/missing`."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            asked.append(f"{self.path} {self.rfile.read(length).decode()}".strip())
            self.send_response(404 if self.path == "/missing" else 200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    @contextmanager
    def started() -> Iterator[Any]:
        yield f"http://127.0.0.1:{server.server_port}/", 1.5, lambda: 100.0

    monkeypatch.setattr(serve_speed, "started", started)
    yield asked
    server.shutdown()
    server.server_close()


def test_every_kind_of_request_is_timed(answering: list[str], run_command: Callable[..., Any]) -> None:
    ran = run_command(serve_speed.serve, "--requests", "6", "--clients", "2", "--cards", "2", "--json")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert (said["ready_seconds"], said["peak_rss_mib"]) == (1.5, 100.0)
    assert [(figure["clients"], figure["requests"]) for figure in said["figures"]] == [(1, 1), (2, 6), (1, 2), (2, 6)]
    assert all(0 < figure["median"] <= figure["slowest_percent"] for figure in said["figures"])
    cards = {line for line in answering if line.startswith("/recommend")}
    assert len(cards) == 2  # the same ones again
    table = run_command(serve_speed.serve, "--requests", "1", "--cards", "1")
    assert "Ready after 1.5 s, the first ranking included; 100 MB of memory at most." in table.out


def test_an_error_is_told(answering: list[str]) -> None:
    refused = pytest.raises(ZoographError, match=r"\(got 404: {}\)")
    with serve_speed.started() as (url, _, _), serve_speed._Asker(url) as ask, refused:
        ask("GET", "/missing", None)


def test_memory_is_that_of_the_process() -> None:
    import os

    known = Path("/proc/self/status").exists()
    assert (serve_speed._memory(os.getpid()) is not None) == known
    assert serve_speed._memory(2**30) is None
