from __future__ import annotations

import sys

import numpy as np
import pytest

from zoograph.data.collections.glyphs.drawing import (
    DOMAINS,
    FONTS,
    SIDE,
    character_name,
    draw_glyph,
    font_folder,
    seeded,
)
from zoograph.data.errors import ZoographError


@pytest.mark.parametrize("domain", DOMAINS)
def test_an_image_is_small_grey_and_the_same_for_the_same_seed(domain: str) -> None:
    first = draw_glyph("R", domain, seeded("R", 1))
    assert first.shape == (SIDE, SIDE)
    assert first.dtype == np.uint8
    assert np.array_equal(first, draw_glyph("R", domain, seeded("R", 1)))
    assert not np.array_equal(first, draw_glyph("R", domain, seeded("R", 2)))


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_character_shows(domain: str) -> None:
    """Two characters differ by more than two images of one character with other noise, on the average."""
    means = [
        np.mean([draw_glyph(character, domain, seeded(character, part, i)) / 255.0 for i in range(60)], axis=0)
        for character in "LO"
        for part in "xy"
    ]
    same = max(np.std(means[0] - means[1]), np.std(means[2] - means[3]))
    assert np.std(means[0] - means[2]) > 1.2 * same


def test_only_the_inverted_domain_is_dark() -> None:
    levels = {domain: np.mean([draw_glyph("R", domain, seeded(i)) for i in range(40)]) for domain in DOMAINS}
    assert [domain for domain, level in levels.items() if level < 110] == ["inverted"]


def test_rotated_print_turns_further_than_plain_print() -> None:
    """The bar of a hyphen stays level in print; under scribbles it reaches rows far above and below."""

    def spread(domain: str) -> float:
        heights = []
        for number in range(60):
            dark = 255.0 - draw_glyph("—", domain, seeded(number), fonts=("DejaVuSans.ttf",))
            profile = np.clip(dark - np.median(dark) - 60, 0, None).sum(axis=1)
            heights.append(np.count_nonzero(profile))
        return float(np.mean(heights))

    assert spread("clutter") > spread("print") + 5


def test_seeds_depend_on_words_and_their_order_alone() -> None:
    assert seeded("a", 1).integers(1 << 30) == seeded("a", 1).integers(1 << 30)
    assert seeded("a", "b").integers(1 << 30) != seeded("b", "a").integers(1 << 30)
    assert seeded("ab", "c").integers(1 << 30) != seeded("a", "bc").integers(1 << 30)


def test_names_of_characters_are_words() -> None:
    assert character_name("β") == "greek small letter beta"


def test_the_fonts_are_there() -> None:
    assert [name for name in FONTS if not (font_folder() / name).exists()] == []


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ZoographError, match=r'pip install "matplotlib>=3.9"'):
        font_folder()
