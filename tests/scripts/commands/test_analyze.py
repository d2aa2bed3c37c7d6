"""`zoograph analyze` is a group of commands."""

from __future__ import annotations

from zoograph.scripts.commands.analyze import app
from zoograph.scripts.terminal.program import build_program


def test_it_has_a_command_for_each_way_to_ask_why() -> None:
    assert set(build_program(app).commands) == {"distance", "influence"}
