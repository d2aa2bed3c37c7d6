"""A program: every expected error is one sentence and exit code 2, a bug is 70, Ctrl-C is 130; and JSON of errors."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from zoograph.data.errors import AmbiguousName, StoreError, UnknownName, ZoographError
from zoograph.scripts.main import predict_main
from zoograph.scripts.programs import make_app
from zoograph.scripts.terminal.messages import current_messages
from zoograph.scripts.terminal.program import build_program, new_app, run

Run = Callable[..., Any]


@pytest.fixture
def ends_with(run_predict: Run) -> Run:
    """A callable that runs a command which raises an error."""

    def call(error: BaseException, *arguments: str) -> Any:
        def command(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
            logging.getLogger("zoograph.somewhere").debug("nearly there")
            raise error

        application = new_app()
        application.command()(command)
        return run_predict(*arguments, entry=partial(run, application))

    return call


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StoreError("The store is gone."), "Error: The store is gone.\n"),
        (UnknownName("model", "x", ["a", "b"]), "Error: Unknown model 'x'. Nearest names: a, b.\n"),
        (AmbiguousName("model", "x", ["a", "b"]), "Error: The model name 'x' is ambiguous. Say which: a, b.\n"),
    ],
)
def test_expected_errors_are_one_sentence(ends_with: Run, error: ZoographError, line: str) -> None:
    assert ends_with(error) == (2, "", line)


@pytest.mark.parametrize(
    ("name", "said"),
    [("a" * 300, "is too long for the name of a file"), ("~nobody-knows-whom/x", "Give the full path")],
)
def test_a_path_that_no_system_has_is_no_bug(ends_with: Run, name: str, said: str) -> None:
    with pytest.raises((OSError, RuntimeError)) as raised:
        Path(name).expanduser().exists()
    done = ends_with(raised.value)
    assert (done.code, said in done.err, "bug" in done.err) == (2, True, False)


def test_expected_errors_are_json_too(ends_with: Run) -> None:
    ran = ends_with(UnknownName("model", "x", ["a"]), "--json")
    error = {"kind": "UnknownName", "message": "Unknown model 'x'. Nearest names: a.", "exit_code": 2}
    assert json.loads(ran.out) == {"schema": 1, "error": error}
    assert (ran.code, ran.err) == (2, "Error: Unknown model 'x'. Nearest names: a.\n")


def test_verbose_says_where_an_error_came_from(ends_with: Run) -> None:
    ran = ends_with(StoreError("The store is gone."), "-v")
    assert "Traceback" in ran.err
    assert "zoograph.somewhere: nearly there" in ran.err
    assert ran.err.endswith("Error: The store is gone.\n")


def test_ctrl_c_says_nothing(ends_with: Run) -> None:
    assert ends_with(KeyboardInterrupt(), "--json") == (130, "", "")


def test_a_bug_is_told_as_one(ends_with: Run) -> None:
    ran = ends_with(ZeroDivisionError("by nought"))
    assert (ran.code, ran.out) == (70, "")
    assert ran.err == (
        "Error: This is a bug of zoograph 0.1.0 (ZeroDivisionError: by nought). Run it again with -v, and report what "
        "that says.\n"
    )
    ran = ends_with(ZeroDivisionError("by nought"), "--verbose", "--json")
    assert "Traceback" in ran.err
    assert "raise error" in ran.err
    assert json.loads(ran.out)["error"] == {"kind": "ZeroDivisionError", "message": "by nought", "exit_code": 70}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "resnet50"], "Missing option '--dataset'."),
        (["--model", "resnet50", "--dataset", "beans", "--protocol", "linear"], "'linear' is not one of"),
        (["--model", "resnet50", "--dataset", "beans", "--unknown"], "No such option: --unknown"),
        (["--model", "resnet50", "--dataset", "beans", "more"], "Got unexpected extra argument"),
    ],
)
def test_wrong_usage_is_exit_code_2(run_predict: Run, arguments: list[str], message: str) -> None:
    ran = run_predict(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage:" in ran.err
    assert "Traceback" not in ran.err
    ran = run_predict(*arguments, "--json")
    error = json.loads(ran.out)["error"]
    assert (error["kind"], error["exit_code"], ran.code) == ("UsageError", 2, 2)
    assert message in error["message"]
    assert "Usage:" in ran.err


@pytest.mark.parametrize("verb", ["list", "ls", "models"])
def test_who_wants_a_list_is_told_what_lists_things(run_zoograph: Run, verb: str) -> None:
    ran = run_zoograph(verb)
    words = " ".join(ran.err.replace("│", " ").split())
    assert ran.code == 2
    assert f"No such command '{verb}'. What lists things: 'zoograph zoo list' models, datasets and collections" in words
    assert "'zoograph undo --list' batches" in words
    assert "Did you mean 'recommend'?" in " ".join(run_zoograph("recomend").err.split())


def test_the_version_is_said_by_both_programs(run_zoograph: Run, run_predict: Run) -> None:
    assert run_zoograph("--version") == (0, "zoograph 0.1.0\n", "")
    assert run_predict("--version", entry=predict_main) == (0, "zoograph 0.1.0\n", "")


def _leaves(command: Any, *names: str) -> list[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        return [(" ".join(names), command)]
    return [leaf for name, inner in command.commands.items() for leaf in _leaves(inner, *names, name)]


LEAVES = _leaves(build_program(make_app()))


@pytest.mark.parametrize(("name", "command"), LEAVES, ids=[name for name, _ in LEAVES])
def test_every_command_is_complete(name: str, command: Any, run_zoograph: Run) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--json", "--quiet", "-q", "--verbose", "-v"} <= options
    ran = run_zoograph(*name.split(), "--help")
    assert (ran.code, ran.err) == (0, "")
    example = " ".join(ran.out.split())
    assert f"Example: {'' if name == 'predict' else 'zoograph '}{name}" in example
    assert example.rindex("Example:") > example.rindex("╯")


def test_each_example_has_a_line_of_its_own(run_zoograph: Run) -> None:
    lines = [line.strip() for line in run_zoograph("score", "--help").out.splitlines()]
    assert sum(line.startswith("Example: ") and line.count("Example") == 1 for line in lines) == 2


def test_maintainers_verbs_are_grouped_apart(run_zoograph: Run) -> None:
    titles = [line.strip("╭─╮ ") for line in run_zoograph("--help").out.splitlines() if line.startswith("╭")]
    assert titles[:2] == ["Options", "Ask"]
    assert titles[-1] == "For maintainers"
    last = run_zoograph("--help").out.rpartition("For maintainers")[2]
    assert {"text", "picture"} <= set(last.split())
    assert "predict" not in last
    inner = run_zoograph("zoo", "--help").out  # what everyone asks, and how the tables are made
    asked, made = inner.partition("For maintainers")[::2]
    assert all(f"│ {verb} " in asked for verb in ("list", "show"))
    assert all(f"│ {verb} " in made for verb in ("build", "measure"))


def test_quiet_and_verbose_do_not_outlive_a_command(run_predict: Run) -> None:
    run_predict("-q", "--model", "resnet50")
    assert current_messages().warnings == []
    assert not any(type(handler).__name__ == "Messages" for handler in logging.getLogger("zoograph").handlers)


def test_a_wrong_choice_is_told_in_words(run_predict: Run) -> None:
    ran = run_predict("--model", "net", "--dataset", "birds", "--protocol", "foo")
    assert ran.code == 2
    assert "'foo' is not one of 'native'" in ran.err
    assert "Value error" not in ran.err
