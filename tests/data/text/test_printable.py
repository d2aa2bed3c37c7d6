"""Names cannot speak to the terminal."""

from __future__ import annotations

import pytest

from zoograph.data.text.printable import as_seen, is_plain, show

_ACTED_UPON = (0x00, 0x07, 0x08, 0x0D, 0x1B, 0x7F, 0x9B, 0x61C, 0x200F, 0x2028, 0x202E, 0x2066, 0xDC80)
_UNSEEN = (0xAD, 0x200B, 0x2060, 0xFEFF, 0xE0041)


@pytest.mark.parametrize("code", [*_ACTED_UPON, *_UNSEEN])
def test_what_a_terminal_acts_upon_or_does_not_show_is_escaped(code: int) -> None:
    name = f"a{chr(code)}b"
    assert not is_plain(name)
    assert is_plain(show(name))
    assert show(name) == f"a{ascii(chr(code))[1:-1]}b"


@pytest.mark.parametrize("name", ["cat", "Größte Katze", "猫　犬", "می‌خواهم", "👩‍🔬", "a b", "emoji ☃️"])
def test_names_of_all_languages_are_plain(name: str) -> None:
    assert is_plain(name)
    assert show(name) == name


def test_lines_are_kept_in_texts_and_refused_in_names() -> None:
    assert show("a\n\tb") == "a\n\tb"
    assert not is_plain("a\nb")
    assert not is_plain("a\tb")


def test_names_that_nobody_can_tell_apart_are_the_same() -> None:
    assert as_seen("cat\u200c") == as_seen("c\u200dat") == "cat"
    assert as_seen("u\u0308ber") == "\xfcber"
    assert as_seen("Cat") != as_seen("cat")
