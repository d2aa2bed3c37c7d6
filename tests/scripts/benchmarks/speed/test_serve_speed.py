"""`benchmark serve`: a server is asked, and timed."""

from __future__ import annotations

import itertools
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
        seconds = itertools.count(0.0, 0.6)
        yield f"http://127.0.0.1:{server.server_port}/", 1.5, lambda: serve_speed.Used(100.0, next(seconds))

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
    assert [figure["processor"] for figure in said["figures"]] == pytest.approx([600.0, 100.0, 300.0, 100.0])
    cards = {line for line in answering if line.startswith("/recommend")}
    assert len(cards) == 2  # the same ones again
    table = run_command(serve_speed.serve, "--requests", "1", "--cards", "1")
    assert "Ready after 1.5 s, the first ranking included; 100 MB of memory at most." in " ".join(table.out.split())


def test_an_error_is_told(answering: list[str]) -> None:
    refused = pytest.raises(ZoographError, match=r"\(got 404: {}\)")
    with serve_speed.started() as (url, _, _), serve_speed._Asker(url) as ask, refused:
        ask("GET", "/missing", None)


def test_memory_and_seconds_are_those_of_the_process() -> None:
    import os
    import time

    used = serve_speed._used(os.getpid())
    assert (used.memory is not None) == Path("/proc/self/status").exists()
    if used.seconds is not None:
        assert used.seconds == pytest.approx(time.process_time(), abs=0.5)
    assert serve_speed._used(2**30) == (None, None)


def test_what_the_system_does_not_say_is_left_open(answering: list[str]) -> None:
    with serve_speed.started() as (url, _, _), serve_speed._Asker(url) as ask:
        figures = serve_speed._time("lists", ask, lambda: serve_speed.Used(None, None), [("GET", "/", None)], 1)
    assert figures.processor is None
    assert serve_speed._in_short(figures.processor) == "–"
