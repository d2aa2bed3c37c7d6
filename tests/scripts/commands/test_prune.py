"""``prune`` from the outside: what goes, what stays, and what is said of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_prune_says_what_goes_and_what_is_left(old: Path, run_zoograph: Run) -> None:
    ran = run_zoograph("prune", "--keep", "1", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert [line.replace("│", " ").split() for line in ran.out.splitlines() if "would go" in line] == [
        ["v0", "would", "go"],
        ["v2", "would", "go"],
    ]
    told = " ".join(ran.out.split())
    assert " would be free, 2 versions are left. The one that answers, and the one that 'zoograph rollback'" in told
    assert (old / "v0").is_dir()
    os.utime(old / "v2")
    said = json.loads(run_zoograph("prune", "--keep", "1", "--json").out)["predictors"]["head"]
    assert (said["removed"], said["kept"], said["recent"]) == (["v0"], 3, ["v2"])
    assert sorted(path.name for path in old.iterdir()) == ["current.json", "v1", "v2", "v3"]
    assert run_zoograph("prune").out.rstrip().endswith("3 versions are left.")
    assert run_zoograph("rollback").code == 0


def test_prune_without_a_predictor(toy_store: object, run_zoograph: Run) -> None:
    assert "there is nothing to remove" in run_zoograph("prune").out
