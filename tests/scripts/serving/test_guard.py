"""The guard: names of the server, pages of other sites, large and slow requests."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from zoograph.scripts.serving.guard import HEADERS
from zoograph.scripts.serving.settings import LOOPBACK, Limits, Settings

QUESTION = {"dataset": "pets"}


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.2", "[::2]:80"])
def test_a_name_that_somebody_made_point_here_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/health", headers={"host": host})
    assert (answer.status_code, answer.headers["content-type"]) == (421, "application/problem+json")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8642", "127.0.0.1:1", "[::1]:80"])
def test_a_server_on_loopback_is_called_so(client: TestClient, host: str) -> None:
    assert client.get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://localhost:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_page_of_another_site_posts_nothing(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/recommend", json=QUESTION, headers=headers)
    assert (answer.status_code, answer.json()["kind"]) == (403, "Request")
    assert "another site" in answer.json()["detail"]


def test_our_own_page_posts(client: TestClient) -> None:
    headers = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert client.post("/recommend", json=QUESTION, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/health", "/nothing", "/openapi.json"])
def test_every_answer_has_the_headers_that_a_browser_obeys(client: TestClient, path: str) -> None:
    found = client.get(path).headers
    assert {name: found[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in found["content-security-policy"]


def test_large_requests_are_refused(toy_zoo: object, make_client: Callable[..., TestClient]) -> None:
    client = make_client(limits=Limits(body_bytes=100))
    body = b'{"dataset": "' + b"x" * 200 + b'"}'
    said = {"content-type": "application/json"}
    for content in (body, iter([body])):  # with its length, and in pieces without it
        answer = client.post("/recommend", content=content, headers=said)
        assert answer.status_code == 413
        assert answer.json()["detail"] == "A request must be of 100 bytes at most. Send less."


def test_deep_json_is_refused(client: TestClient) -> None:
    deep = b'{"card":' * 100_000
    answer = client.post("/recommend", content=deep, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /health HT", b""),  # a head that does not end
        (b"", b""),  # nothing at all
        (b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{", b"HTTP/1.1 408"),
    ],
)
def test_a_slow_client_is_let_go(toy_zoo: object, serve: Callable[..., Any], sent: bytes, status: bytes) -> None:
    settings = Settings(LOOPBACK, limits=Limits(seconds_to_send=0.5))
    with serve(settings) as port, socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        began, received = time.monotonic(), b""
        while part := connection.recv(4096):
            received += part
        assert received[: len(status)] == status
        assert bool(received) == bool(status)
        assert time.monotonic() - began < 15
