"""Names of scores without the scores: the same ones, and an unknown one is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from zoograph.data.errors import UnknownName
from zoograph.graphs.scores.names import SCORE_NAMES, require_known
from zoograph.graphs.scores.registry import SCORES


def test_names_are_those_of_the_registry() -> None:
    assert list(SCORES) == list(SCORE_NAMES)


def test_an_unknown_name_is_told() -> None:
    require_known(["logme", "knn"])
    with pytest.raises(UnknownName, match=r"Unknown score 'logmee'\. Nearest names: logme, "):
        require_known(["logme", "logmee"])


def test_names_need_no_torch(run_python: Callable[..., Any]) -> None:
    ran = run_python("import zoograph.graphs.scores.names, sys; print('torch' in sys.modules)")
    assert ran.out == "False\n"
