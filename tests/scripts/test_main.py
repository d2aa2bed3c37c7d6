"""The command line: what starting it costs, its two entry points and ``python -m zoograph``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.scripts.main import main

Run = Callable[..., Any]


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["predict", "--help"], ["predict", "-h"]])
def test_help(run_predict: Run, arguments: list[str]) -> None:
    ran = run_predict(*arguments, entry=main)
    assert (ran.code, ran.err) == (0, "")
    assert "Predict" in ran.out


def test_both_entry_points_know_predict(toy_store: object, run_predict: Run) -> None:
    question = ["--model", "net", "--dataset", "birds"]
    assert run_predict(*question) == run_predict("predict", *question, entry=main)
    assert sys.argv == ["zoograph", "predict", *question]


_INTERRUPTED = """
import os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background begins deaf to it

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "zoograph.scripts.programs":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
from zoograph.scripts.main import main
main()
"""


def test_ctrl_c_while_the_program_is_imported_ends_it_without_a_word(run_python: Callable[..., Any]) -> None:
    assert run_python(_INTERRUPTED) == (130, "", "")


def test_afterwards_ctrl_c_is_heard_as_ever(run_predict: Callable[..., Any]) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert run_predict("--version").code == 0
    assert signal.getsignal(signal.SIGINT) is before


def test_python_dash_m_is_the_program_and_completes_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zoograph"]
    said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout
    assert said == "zoograph 0.1.0\n"
    # Asked in the words of the completion script, since the option wants to know in which shell it runs.
    asked = {**os.environ, "_ZOOGRAPH_COMPLETE": "source_bash"}
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=asked)
    assert "-F _zoograph_completion zoograph" in shown.stdout
    usage = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
    assert "Usage: zoograph [OPTIONS]" in usage


_WRONG = """
import sys, time
from zoograph.scripts.main import main
sys.argv = ["zoograph", *sys.argv[1:]]
try:
    main()
finally:
    print("seconds", time.process_time(), file=sys.stderr)
    print(*sys.modules, file=sys.stderr)
"""
_SMALL = ("--models", "resnet18")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("score", *_SMALL, "--dataset", "./nowhere"), "(got nothing there). Check the path."),
        (
            ("score", *_SMALL, "--dataset", ".", "--weights", "none.pth"),
            "The weights 'none.pth' must be a file, a folder or 'random'",
        ),
        (("score", *_SMALL, "--dataset", ".", "--device", "abacus"), "The device 'abacus' cannot be used"),
        (("score", *_SMALL, "--dataset", "FOLDER", "--scores", "logmee"), "Unknown score 'logmee'."),
        (("measure", *_SMALL, "--dataset", "./nowhere"), "(got nothing there). Check the path."),
        (("relatedness", *_SMALL, "--reference", "latin", "--target", "./nowhere"), "(got nothing there)"),
        (("relatedness", *_SMALL, "--reference", "./nowhere", "--target", "FOLDER"), "(got nothing there)"),
        (("analyze", "distance", "--model", "resnet18", "--dataset", "./nowhere"), "(got nothing there)"),
        (
            ("analyze", "distance", "--model", "r", "--random", "a", "--pretrained", "b", "--finetuned", "c"),
            "The weights 'a' must be a file or a folder",
        ),
        (("analyze", "influence", "--source", "latin", "--target", "./nowhere"), "(got nothing there)"),
        (("predict", "--model", "resnet18", "--dataset", "./nowhere"), "(got nothing there)"),
        (("recommend", "--dataset", "./nowhere"), "(got nothing there)"),
        (("ingest", "none.csv"), "'none.csv' cannot be read"),
        (("picture", "--out", "/nowhere/at/all.png"), "cannot be written (No such file or directory)"),
        (("status", "--picture", "/nowhere/at/all.png"), "cannot be written (No such file or directory)"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_a_cheap_mistake_costs_nothing(
    shipped_home: Path, animals: Path, run_python: Run, arguments: tuple[str, ...], message: str
) -> None:
    ran = run_python(_WRONG, *(word.replace("FOLDER", str(animals)) for word in arguments))
    sentence, seconds, loaded = ran.err.splitlines()[-3:]
    assert (ran.code, ran.out) == (2, "")
    assert message in sentence
    assert not {"torch", "timm", "lightning", "torch_geometric"} & set(loaded.split())
    assert float(seconds.split()[1]) < 2  # 0.3 to 0.5 on a machine with nothing else to do
