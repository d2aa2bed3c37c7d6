"""A verdict is kept with its version: it comes back as it was, and takes nothing that it does not know."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from zoograph.training.versions.verdict import Verdict


def test_it_comes_back_as_it_was() -> None:
    verdict = Verdict(start="warm", parent="v0", num_cells=30, error=0.04, promoted=False, suspects=("b1",))
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


def test_the_first_version_met_nobody() -> None:
    first = Verdict()
    assert (first.promoted, first.parent, first.error, first.reason) == (True, None, None, "The first one.")


@pytest.mark.parametrize("fields", [{"start": "cold"}, {"verdict": "good"}, {"error": "small"}])
def test_what_it_does_not_know_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Verdict.model_validate(fields)
