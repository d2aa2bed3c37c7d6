"""The command line: every expected error is one sentence and exit code 2, and Ctrl-C is 130."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from zoograph.data.errors import AmbiguousName, StoreError, UnknownName, ZoographError
from zoograph.scripts import main as module
from zoograph.scripts.main import main, predict_main


def _raising(error: BaseException) -> Callable[[], None]:
    def application() -> None:
        raise error

    return application


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StoreError("The store is gone."), "Error: The store is gone.\n"),
        (UnknownName("model", "x", ["a", "b"]), "Error: Unknown model 'x'. Nearest names: a, b.\n"),
        (
            AmbiguousName("model", "x", ["a", "b"]),
            "Error: The model name 'x' is ambiguous. Say which: a, b.\n",
        ),
    ],
)
@pytest.mark.parametrize("name", ["app", "_predict_app"])
def test_expected_errors_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    run_predict: Callable[..., Any],
    name: str,
    error: ZoographError,
    line: str,
) -> None:
    monkeypatch.setattr(module, name, _raising(error))
    ran = run_predict(entry={"app": main, "_predict_app": predict_main}[name])
    assert ran == (2, "", line)


def test_ctrl_c_says_nothing(monkeypatch: pytest.MonkeyPatch, run_predict: Callable[..., Any]) -> None:
    monkeypatch.setattr(module, "_predict_app", _raising(KeyboardInterrupt()))
    assert run_predict() == (130, "", "")


def test_unexpected_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "app", _raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main()


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["predict", "--help"], ["predict", "-h"]])
def test_help(run_predict: Callable[..., Any], arguments: list[str]) -> None:
    ran = run_predict(*arguments, entry=main)
    assert (ran.code, ran.err) == (0, "")
    assert "Predict" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--model", "resnet50"],
        ["--model", "resnet50", "--dataset", "beans", "--protocol", "linear"],
        ["--model", "resnet50", "--dataset", "beans", "--unknown"],
        ["--model", "resnet50", "--dataset", "beans", "more"],
    ],
)
def test_wrong_usage_is_exit_code_2(run_predict: Callable[..., Any], arguments: list[str]) -> None:
    ran = run_predict(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage:" in ran.err
    assert "Traceback" not in ran.err


def test_starting_up_imports_nothing_heavy(run_python: Callable[..., Any]) -> None:
    code = "import zoograph.scripts.main, sys; print(*sys.modules)"
    loaded = set(run_python(code).out.split())
    assert "zoograph.scripts.main" in loaded
    heavy = {"torch", "lightning", "transformers", "torch_geometric", "timm", "pandas", "sklearn", "scipy"}
    assert not heavy & loaded


def test_both_entry_points_know_predict(toy_store: object, run_predict: Callable[..., Any]) -> None:
    question = ["--model", "net", "--dataset", "birds"]
    assert run_predict(*question) == run_predict("predict", *question, entry=main)
    assert sys.argv == ["zoograph", "predict", *question]
