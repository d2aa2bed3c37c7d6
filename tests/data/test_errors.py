"""Errors: one sentence with the name in quotes, what was near it, and what to do."""

from __future__ import annotations

import pytest

from zoograph.data import errors
from zoograph.data.errors import AmbiguousName, FoldsError, UnknownName, ZoographError


@pytest.mark.parametrize(
    ("nearest", "hint", "text"),
    [
        ((), "", "Unknown model 'netz'."),
        (("net", "nets"), "", "Unknown model 'netz'. Nearest names: net, nets."),
        (("net",), "See 'zoograph list'.", "Unknown model 'netz'. Nearest names: net. See 'zoograph list'."),
    ],
)
def test_an_unknown_name_says_what_is_near_and_what_to_do(nearest: tuple[str, ...], hint: str, text: str) -> None:
    error = UnknownName("model", "netz", nearest, hint)
    assert str(error) == text
    assert (error.kind, error.name, error.nearest) == ("model", "netz", nearest)


def test_an_ambiguous_name_lists_what_it_stands_for() -> None:
    error = AmbiguousName("dataset", "birds", ["birds_1", "birds_2"])
    assert str(error) == "The dataset name 'birds' is ambiguous. Say which: birds_1, birds_2."
    assert error.nearest == ("birds_1", "birds_2")


def test_every_error_here_is_one_that_commands_print() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 5
    assert all(issubclass(kind, ZoographError) for kind in kinds)
    assert issubclass(FoldsError, ValueError)  # of a zoo that is too small, for callers in Python
