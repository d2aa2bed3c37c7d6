"""``zoograph benchmark serve``: how long a server takes to start and to answer, and how much memory it holds."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self
from urllib.parse import urlsplit

import typer

from zoograph.data.errors import ZoographError
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

_WORDS = ("oak", "elm", "ash", "fir", "yew", "car", "bus", "cat", "dog", "cow", "bee", "ant")


class Figures(NamedTuple):
    """Milliseconds that requests took.

    Attributes:
        what: was asked.
        clients: at a time.
        requests: altogether.
        median, slowest_percent: of the requests; 99 of 100 took less than the second.
        processor: that the server was busy for each of them, on however many cores; None where the system does not say.
            It says what a request costs on a machine that does other work besides.
    """

    what: str
    clients: int
    requests: int
    median: float
    slowest_percent: float
    processor: float | None


class Used(NamedTuple):
    """What a process took until now; None where the system does not say.

    Attributes:
        memory: the most that it held, in MB.
        seconds: of a processor.
    """

    memory: float | None
    seconds: float | None


def serve(
    clients: Annotated[int, typer.Option(min=1, help="Clients that ask at a time.")] = 20,
    requests: Annotated[int, typer.Option(min=1, help="Requests of all clients together, for each kind.")] = 200,
    cards: Annotated[int, typer.Option(min=1, help="Described datasets that nobody asked about before.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Time a server of its own process: its start, lists, rankings that are known, and rankings for new datasets.

    Example: `zoograph benchmark serve --clients 20`
    """
    with started() as (url, seconds, used), _Asker(url) as ask:
        filtered = ("GET", "/models?family=resnet&max_params=30000000", None)
        figures = [
            _time("first table", ask, used, [("GET", "/models?limit=50", None)], 1),
            _time("filtered list", ask, used, [filtered] * requests, clients),
        ]
        new = [("POST", "/recommend", {"card": _card(number), "protocol": "head"}) for number in range(cards)]
        figures.append(_time("new card", ask, used, new, 1))
        figures.append(_time("card asked again", ask, used, (new * requests)[:requests], clients))
        held = used().memory
    content = {"ready_seconds": seconds, "peak_rss_mib": held, "figures": [figure._asdict() for figure in figures]}
    if as_json:
        print_json("benchmark serve", content)
        return
    print_table(
        "Milliseconds",
        ("what", "clients", "requests", "median", "99 %", "cpu"),
        [
            (f.what, str(f.clients), str(f.requests), *map(_in_short, (f.median, f.slowest_percent, f.processor)))
            for f in figures
        ],
        names={"what"},
    )
    memory_held = "" if held is None else f"; {held:,.0f} MB of memory at most"
    ready = f"Ready after {seconds:.1f} s, the first ranking included{memory_held}."
    print_notes([ready, "cpu: that the server was busy for each."])


@contextmanager
def started() -> Iterator[tuple[str, float, Callable[[], Used]]]:
    """Yield the address of a server in a process of its own, the seconds until it answered, and what it uses.

    Raises:
        ZoographError: if it does not start.
    """
    command = [sys.executable, "-m", "zoograph", "serve", "--port", "0", "--json"]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise ZoographError("The server must start (got none). Run 'zoograph serve' to see why.")
            seconds = time.perf_counter() - began
            yield json.loads(line)["url"], seconds, lambda: _used(process.pid)
        finally:
            process.terminate()


class _Asker:
    """Asks a server; each thread keeps its connection until all are closed."""

    def __init__(self, url: str) -> None:
        self._host, self._local = urlsplit(url).netloc, threading.local()
        self._connections: list[HTTPConnection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.close()

    def __call__(self, method: str, path: str, content: Any) -> float:
        """Return the milliseconds until the whole answer was there.

        Raises:
            ZoographError: if it is an error.
        """
        if not hasattr(self._local, "connection"):
            self._local.connection = HTTPConnection(self._host, timeout=600)
            self._connections.append(self._local.connection)
        body = None if content is None else json.dumps(content)
        began = time.perf_counter()
        self._local.connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = self._local.connection.getresponse()
        text = answer.read()
        took = 1000 * (time.perf_counter() - began)
        if answer.status != 200:
            raise ZoographError(f"'{path}' must be answered (got {answer.status}: {text[:300].decode()}).")
        return took


def _time(
    what: str, ask: _Asker, used: Callable[[], Used], asked: Sequence[tuple[str, str, Any]], clients: int
) -> Figures:
    before = used().seconds
    with ThreadPoolExecutor(clients) as pool:
        took = sorted(pool.map(lambda one: ask(*one), asked))
    after = used().seconds
    busy = None if before is None or after is None else 1000 * (after - before) / len(took)
    slowest = took[min(len(took) - 1, int(0.99 * len(took)))]
    return Figures(what, clients, len(took), statistics.median(took), slowest, busy)


def _in_short(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else f"{milliseconds:,.1f}"


def _card(number: int) -> dict[str, Any]:
    """Return a described dataset that no other number has."""
    labels = [_WORDS[(number + place) % len(_WORDS)] for place in range(3 + number % 5)]
    return {"id": f"benchmark {number}", "labels": labels, "num_samples": 100 * (number + 3), "domain": "photo"}


def _used(process: int) -> Used:
    folder = Path(f"/proc/{process}")
    try:
        lines, times = (folder / "status").read_text().splitlines(), (folder / "stat").read_text()
    except OSError:
        return Used(None, None)
    user, system = times.rpartition(")")[2].split()[11:13]
    seconds = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return Used(next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None), seconds)
