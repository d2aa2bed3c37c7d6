"""The style of pictures: sizes, words and files."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from zoograph.data.errors import ZoographError
from zoograph.data.store.store import RecordStore
from zoograph.scripts.benchmarks.accuracy import domainnet
from zoograph.scripts.benchmarks.relatedness import relatedness
from zoograph.scripts.benchmarks.reliability import reliability
from zoograph.scripts.benchmarks.replay import replay
from zoograph.scripts.commands.distance import distance
from zoograph.scripts.commands.picture import picture
from zoograph.scripts.commands.recommend import recommend
from zoograph.scripts.commands.status import status
from zoograph.scripts.pictures.style import DPI, WIDTH, label_axes, look, new_figure, say_starts, short_count, to_png


def test_a_file_has_the_width_of_a_page_and_few_colours() -> None:
    figure = new_figure(2.0)
    figure.subplots().plot([0, 1], [1, 0])
    with Image.open(io.BytesIO(to_png(figure))) as image:
        assert image.size == (int(WIDTH * DPI), int(2.0 * DPI))
        assert image.mode == "P"


def test_words_are_not_too_small() -> None:
    axes = new_figure(2.0).subplots()
    label_axes(axes, "title", "x", "y")
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("title", "x", "y")
    assert all(label.get_fontsize() >= 8 for label in (*axes.get_xticklabels(), axes.title, axes.xaxis.label))


def test_a_dollar_sign_in_a_name_is_no_formula() -> None:
    figure = new_figure(1.0)
    label_axes(figure.subplots(), r"a$\nothing$", r"b$\nothing$", r"c$\nothing$")
    assert to_png(figure)


def test_an_axis_that_does_not_show_zero_says_where_it_starts() -> None:
    axes = new_figure(2.0).subplots()
    axes.set(xlim=(-1, 1), ylim=(0.25, 1))
    label_axes(axes, x="x", y="y")
    say_starts(axes)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y (starts at 0.25)")
    axes.set_yscale("log")
    axes.set_ylabel("y")
    say_starts(axes)
    assert axes.get_ylabel() == "y"


def test_a_hundred_series_look_different() -> None:
    assert len({tuple(look(number).values()) for number in range(100)}) == 100


def test_without_matplotlib_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ZoographError, match=r"pip install 'matplotlib>=3\.9'"):
        new_figure(1.0)


@pytest.mark.parametrize(
    "command",
    [
        lambda: distance("resnet18", ["nowhere"], picture=Path("t.png")),
        lambda: status(picture=Path("t.png")),
        lambda: picture(Path("t.png")),
        lambda: recommend("pets", picture=Path("t.png")),
        lambda: domainnet(out=Path("out")),
        lambda: reliability(out=Path("out")),
        lambda: relatedness(out=Path("out")),
        lambda: replay(out=Path("out")),
    ],
    ids=[
        "distance",
        "status",
        "picture",
        "recommend",
        "benchmark domainnet",
        "benchmark reliability",
        "benchmark relatedness",
        "benchmark replay",
    ],
)
def test_who_cannot_draw_learns_so_before_the_work(
    command: Callable[[], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setattr(RecordStore, "open", lambda *_: pytest.fail("the work began"))
    with pytest.raises(ZoographError, match=r"pip install 'matplotlib>=3\.9'"):
        command()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1_000, "1 k"),
        (2e6, "2 M"),
        (250, "0.25 k"),
        (300, "0.3 k"),
        (2700, "2.7 k"),
        (270_000, "270 k"),
        (2.7e6, "2.7 M"),
    ],
)
def test_counts_are_short(value: float, text: str) -> None:
    assert short_count(value) == text
