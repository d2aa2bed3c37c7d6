"""What an operator deploys with: a container from the wheel, and a unit of systemd."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from zoograph.scripts.programs import make_app

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
CONTAINER = (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def _options(command: str) -> set[str]:
    known = typer.main.get_command(make_app()).commands["serve"].params  # type: ignore[attr-defined]
    given = set(re.findall(r"--[a-z-]+", command))
    assert given <= {option for parameter in known for option in parameter.opts}
    return given


def test_the_container_runs_the_wheel_as_nobody_in_particular() -> None:
    lines = [line for line in CONTAINER.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    assert [line.split()[0] for line in lines] == [
        *("FROM", "ARG", "ARG", "ENV", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD")
    ]
    copied = next(line for line in lines if line.startswith("COPY")).split()[1:-1]
    assert copied == ["dist/zoograph-*.whl", "constraints.txt"]  # nothing else of the checkout
    assert "USER 10001" in lines
    assert "latest" not in CONTAINER
    entry = next(line for line in lines if line.startswith("ENTRYPOINT"))
    assert _options(entry) == {"--host", "--port", "--allow-host"}


def test_a_linter_finds_no_fault_with_the_container() -> None:
    linter = shutil.which("hadolint")
    if linter is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([linter, str(DEPLOY / "Containerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_unit_runs_the_command_with_few_rights() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "zoograph.service")
    service = unit["Service"]
    assert _options(service["ExecStart"]) == {"--port", "--token-file"}
    assert "ZOOGRAPH_HOME=/var/lib/zoograph" in service["Environment"]
    for name in ("DynamicUser", "NoNewPrivileges", "PrivateTmp", "ProtectHome"):
        assert service[name] == "yes"
    assert (service["ProtectSystem"], service["StateDirectory"]) == ("strict", "zoograph")


def test_systemd_finds_no_fault_with_the_unit(tmp_path: Path) -> None:
    verifier = shutil.which("systemd-analyze")
    if verifier is None:
        pytest.skip("systemd is not installed")
    unit = (DEPLOY / "zoograph.service").read_text(encoding="utf-8")
    assert "/opt/zoograph/bin/zoograph serve" in unit
    there = tmp_path / "zoograph.service"
    there.write_text(unit.replace("/opt/zoograph/bin/zoograph", sys.executable))  # the command has to exist
    done = subprocess.run([verifier, "verify", str(there)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
