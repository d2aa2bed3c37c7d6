"""``zoograph serve``: starts, says where, and ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from zoograph.scripts.commands.serve import serve


@pytest.mark.slow
def test_it_says_where_it_answers_and_ends_with_ctrl_c(shipped_home: Path) -> None:
    command = [sys.executable, "-m", "zoograph", "serve", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ.copy()) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            assert said["writable"] is False
            with urllib.request.urlopen(f"{said['url']}health") as answer:
                assert json.load(answer)["status"] == "ok"
            process.send_signal(signal.SIGINT)
            assert process.wait(60) in (0, 130)
        finally:
            process.kill()


def test_a_server_for_everybody_must_know_its_name(run_command: Any) -> None:
    done = run_command(serve, "--host", "0.0.0.0")
    assert done.code == 2
    assert "Give them with --allow-host" in done.err


def test_an_address_that_is_taken_or_none_is_told(run_command: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run_command(serve, "--port", port, "--json")
    assert (done.code, json.loads(done.out)["error"]["exit_code"]) == (2, 2)
    assert f"cannot listen at '127.0.0.1', port {port}" in done.err
    done = run_command(serve, "--host", "192.0.2.7", "--port", "0")  # an address for documents, of no machine
    assert (done.code, "an address of this machine with --host" in done.err) == (2, True)


def test_without_its_packages_it_says_what_to_install(run_command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    done = run_command(serve)
    assert done.code == 2
    assert "pip install 'zoograph[serve]'" in done.err


def test_a_short_token_is_refused(run_command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOGRAPH_TOKEN", "short")
    done = run_command(serve)
    assert (done.code, "must have 16 characters or more" in done.err) == (2, True)
