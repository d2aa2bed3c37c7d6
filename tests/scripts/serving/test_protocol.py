"""The protocol below the application: heads of requests that come in pieces."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from zoograph.scripts.serving.settings import LOOPBACK, Limits, Settings


def test_a_client_that_is_slow_and_finishes_is_answered_twice(toy_zoo: object, serve: Callable[..., Any]) -> None:
    settings = Settings(LOOPBACK, limits=Limits(seconds_to_send=5.0))
    with serve(settings) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for _ in range(2):
            for part in (b"GET /nothing HTTP/1.1\r\n", b"Host: localhost\r\n", b"\r\n"):
                connection.sendall(part)
                time.sleep(0.1)
            answer = b""
            while not answer.endswith(b"}"):  # its head and its body may come apart
                answer += connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 404")
