"""The programs: every verb is there, and none imports anything heavy before it has to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from zoograph.scripts.programs import make_app, make_predict_app
from zoograph.scripts.terminal.program import build_program

Run = Callable[..., Any]


def test_starting_up_imports_nothing_heavy(run_python: Run) -> None:
    code = "from zoograph.scripts.programs import make_app; make_app(); import sys; print(*sys.modules)"
    loaded = set(run_python(code).out.split())
    assert "zoograph.scripts.commands.measure" in loaded
    heavy = {"torch", "lightning", "transformers", "torch_geometric", "timm", "pandas", "sklearn", "scipy"}
    assert not (heavy | {"sqlalchemy"}) & loaded


@pytest.mark.parametrize(("call", "own"), [("recommend", "commands.recommend"), ("zoo", "zoo.show")])
def test_a_call_imports_no_other_command(run_python: Run, call: str, own: str) -> None:
    code = f"from zoograph.scripts.programs import make_app; make_app({call!r}); import sys; print(*sys.modules)"
    loaded = set(run_python(code).out.split())
    assert f"zoograph.scripts.{own}" in loaded
    assert not {"zoograph.scripts.commands.measure", "zoograph.scripts.benchmarks.accuracy"} & loaded


def test_what_is_no_verb_is_told_of_all_of_them(run_zoograph: Run) -> None:
    every = build_program(make_app()).commands
    assert len(every) > 20
    said = run_zoograph("--help").out
    assert all(name in said for name in every)
    assert "No such command 'recomend'" in run_zoograph("recomend").err
    for name, command in every.items():
        (alone,) = build_program(make_app(name)).commands.items()
        assert (alone[0], alone[1].help, alone[1].rich_help_panel) == (name, command.help, command.rich_help_panel)


def test_predict_is_the_same_command_in_both_programs() -> None:
    alone, among = build_program(make_predict_app()), build_program(make_app()).commands["predict"]
    assert {parameter.name for parameter in among.params} <= {parameter.name for parameter in alone.params}
