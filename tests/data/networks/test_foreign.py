from __future__ import annotations

import pytest

from zoograph.data.errors import FoldsError, ZoographError
from zoograph.data.networks.foreign import NetworkError, foreign_code


def test_what_foreign_code_raises_becomes_one_sentence_that_names_it() -> None:
    with pytest.raises(NetworkError) as raised, foreign_code("A network must do this", "Choose another."):
        raise AttributeError("no such attribute.\nand a second line")
    assert str(raised.value) == "A network must do this (got: no such attribute). Choose another."
    assert isinstance(raised.value.__cause__, AttributeError)


def test_the_kind_of_error_can_be_chosen() -> None:
    with pytest.raises(FoldsError, match=r"A \(got: KeyError\)\. B\."), foreign_code("A", "B.", FoldsError):
        raise KeyError


def test_errors_of_ours_and_interrupts_pass_as_they_are() -> None:
    for error in (ZoographError("said already"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as raised, foreign_code("A", "B."):
            raise error
        assert raised.value is error
