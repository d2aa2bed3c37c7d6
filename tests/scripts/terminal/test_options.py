"""Options of several commands: lists of names, failures, and that one name means one thing."""

from __future__ import annotations

import inspect
from typing import Any, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from zoograph.data.records.records import Protocol
from zoograph.data.tasks.columns import named_columns
from zoograph.scripts.programs import make_app
from zoograph.scripts.terminal.options import LabelColumn, TextColumn, end_with_failures, split_names
from zoograph.scripts.terminal.program import build_program
from zoograph.training.measuring.subject import Failure


def test_names_are_told_apart_once() -> None:
    assert split_names(" resnet18, vit ,resnet18,,") == ["resnet18", "vit"]
    with pytest.raises(typer.BadParameter, match=r"must be names with commas between them \(got ' , '\)"):
        split_names(" , ")


def test_failures_end_with_1_and_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    end_with_failures([], [])
    with pytest.raises(typer.Exit) as ended:
        end_with_failures([Failure("vit", "No weights."), Failure("net", "Too large.")], ["resnet"])
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err == "Failed: vit: No weights.\nFailed: net: Too large.\n"


def test_nothing_done_ends_with_2() -> None:
    with pytest.raises(typer.Exit) as ended:
        end_with_failures([Failure("vit", "No weights.")], [])
    assert ended.value.exit_code == 2


def _options(command: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for inner in getattr(command, "commands", {}).values():
        for name, options in _options(inner).items():
            found.setdefault(name, []).extend(options)
    for parameter in command.params:
        found.setdefault(parameter.opts[0], []).append(parameter)
    return found


def _leaves(command: Any) -> list[Any]:
    inner = getattr(command, "commands", None)
    return [command] if inner is None else [leaf for one in inner.values() for leaf in _leaves(one)]


def test_protocol_means_head_or_fine_tuning_everywhere() -> None:
    asked = [get_type_hints(inspect.unwrap(leaf.callback)) for leaf in _leaves(build_program(make_app()))]
    kinds = [hints["protocol"] for hints in asked if "protocol" in hints]
    assert len(kinds) >= 8
    assert all(kind in (Protocol, Protocol | None) for kind in kinds)
    assert not any("transfer" in hints for hints in asked)
    assert sum("folds" in hints for hints in asked) == 1


@pytest.mark.parametrize("name", ["--json", "--fresh", "--device", "--weights", "--domain", "--models", "--quiet"])
def test_one_name_is_said_in_one_way(name: str) -> None:
    words = {option.help for option in _options(build_program(make_app()))[name]}
    excused = {"Models of each source that influences rest on.", "Source models, each trained on a random half."}
    own_tables = {help for help in words if help.startswith(("Your models", "Only these: names"))}
    assert len(words - excused - own_tables - _SPECIAL.get(name, set())) == 1


_SPECIAL = {
    "--json": {"Print a line of JSON for each predictor on stdout, and nothing else there."},
    "--fresh": {"Begin anew instead of going on."},
    "--device": {
        "Where to learn: `cpu`, `cuda` or `auto`. On the CPU the same records make the same predictor everywhere."
    },
    "--weights": {"A folder with a file of weights for each model, or `random`. Default: those of the hub."},
    "--models": {"Weights of timm: names, or patterns such as `timm:*` and `timm:resnet*`, with commas between."},
}


def test_columns_are_named_as_long_as_the_command_runs() -> None:
    seen = []
    program = typer.Typer()

    @program.command()
    def look(text_column: TextColumn = None, label_column: LabelColumn = None) -> None:
        seen.append(named_columns()[:2])

    for words, expected in (
        (["--text-column", "body"], ("body", None)),
        (["--label-column", "stars"], (None, "stars")),
        (["--label-column", "stars", "--text-column", "body"], ("body", "stars")),
        ([], (None, None)),
    ):
        assert CliRunner().invoke(program, words).exit_code == 0
        assert seen.pop() == expected
    assert named_columns()[:2] == (None, None)
