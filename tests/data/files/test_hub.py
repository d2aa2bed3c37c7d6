"""The hub is asked once whether it answers; without it, libraries read their caches at once and open no socket."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from huggingface_hub import constants

from zoograph.data.files import hub
from zoograph.data.files.hub import hub_or_cache, why_not_asked


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    hub._answers.cache_clear()


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "is_offline", lambda: False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def test_offline_opens_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    assert why_not_asked() == "HF_HUB_OFFLINE forbids to ask the hub"
    with hub_or_cache() as why_not:
        assert why_not is not None


def test_a_network_that_swallows_everything_costs_seconds_once(online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def hang() -> bool:
        asked.append(1)
        time.sleep(60)
        return True

    monkeypatch.setattr(hub, "_probe", hang)
    monkeypatch.setattr(hub, "PROBE_SECONDS", 0.05)
    monkeypatch.setattr(hub, "_LOOK_UP_SECONDS", 0.05)
    begun = time.monotonic()
    for _ in range(3):
        with hub_or_cache() as why_not:
            assert why_not == "the hub does not answer"
            assert constants.HF_HUB_OFFLINE is True
        assert constants.HF_HUB_OFFLINE is False
    assert time.monotonic() - begun < 5
    assert asked == [1]


def test_a_hub_that_answers_is_asked(online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_probe", lambda: True)
    with hub_or_cache() as why_not:
        assert (why_not, constants.HF_HUB_OFFLINE) == (None, False)


@pytest.mark.parametrize(("status", "answers"), [(404, True), (401, True), (429, True), (503, False), (None, False)])
def test_a_refusal_is_an_answer(monkeypatch: pytest.MonkeyPatch, status: int | None, answers: bool) -> None:
    from huggingface_hub.errors import HfHubHTTPError

    def refuse(*_: object, **__: object) -> None:
        if status is None:
            raise OSError("no network")
        error = HfHubHTTPError.__new__(HfHubHTTPError)
        reply: Any = type("Reply", (), {"status_code": status})()
        error.response = reply
        raise error

    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", refuse)
    assert hub._probe() is answers


_COUNTS_SOCKETS = """
import sys
opened = []
sys.addaudithook(lambda event, _: opened.append(event) if event.startswith("socket.") else None)
import zoograph
zoograph.retrain
import urllib3.util.connection
import torch_geometric
print(opened, urllib3.util.connection.HAS_IPV6 == __import__("socket").has_ipv6)
"""


@pytest.mark.parametrize(("offline", "opened"), [("1", False), ("", True)])
def test_imports_open_no_socket_offline_and_are_as_ever_online(
    run_python: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, offline: str, opened: bool
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", offline)
    ran = run_python(_COUNTS_SOCKETS)
    sockets, _, can_ipv6 = ran.out.strip().rpartition(" ")
    assert (sockets != "[]") is (opened and socket.has_ipv6), ran.err
    if offline:
        assert can_ipv6 == "True"
