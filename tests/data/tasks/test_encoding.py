"""Bytes become text."""

from __future__ import annotations

import pytest

from zoograph.data.tasks.encoding import WINDOWS, decode


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_says_its_encoding_is_read_as_that(name: str) -> None:
    assert decode("naïve\n漢".encode(name)) == ("naïve\n漢", None)


def test_other_letters_are_guessed_and_said() -> None:
    assert decode("naïve café".encode("latin-1")) == ("naïve café", WINDOWS)


def test_no_text_is_no_text() -> None:
    with pytest.raises(UnicodeDecodeError):
        decode(b"PK\x03\x04\x00\xff")
