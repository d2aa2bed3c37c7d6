"""The programs: every verb is there, and none imports anything heavy before it has to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoograph.scripts.programs import app, predict_app
from zoograph.scripts.terminal.program import build_program

Run = Callable[..., Any]


def test_starting_up_imports_nothing_heavy(run_python: Run) -> None:
    code = "import zoograph.scripts.programs, sys; print(*sys.modules)"
    loaded = set(run_python(code).out.split())
    assert "zoograph.scripts.programs" in loaded
    heavy = {"torch", "lightning", "transformers", "torch_geometric", "timm", "pandas", "sklearn", "scipy"}
    assert not (heavy | {"sqlalchemy"}) & loaded


def test_predict_is_the_same_command_in_both_programs() -> None:
    alone, among = build_program(predict_app), build_program(app).commands["predict"]
    assert {parameter.name for parameter in among.params} <= {parameter.name for parameter in alone.params}
