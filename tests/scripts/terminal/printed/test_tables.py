"""Tables: they fit 60 and 80 columns, no name is squeezed, and nothing is lost."""

from __future__ import annotations

import pytest

from zoograph.scripts.terminal.printed.tables import LEAST_NAME, print_notes, print_table

HEADINGS = ("#", "model", "90 % interval", "measured there", "linear regression", "regret", "params", "GMACs", "best")
NAMES = ["resnet18", "vit_base_patch16_224.augreg_in21k", "[bold]x[", "卷积神经网络卷积神经网络"]
ROWS = [
    (str(place), name, "0.624 – 0.712", "0.680", "0.690", f"{place}.25", "50.2M", "8.68", ">99 %")
    for place, name in enumerate(NAMES)
]


def _printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table("A title that is longer than any narrow table would be", HEADINGS, ROWS, names={"model"})
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_it_fits_and_says_everything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    from rich.cells import cell_len

    lines = _printed(monkeypatch, capsys, columns)
    assert max(map(cell_len, lines)) <= columns
    text = "\n".join(lines)
    for name in NAMES[:3]:
        assert name[:LEAST_NAME] in text
    for cell in {cell for row in ROWS for cell in row[2:]}:
        assert cell in text
    words = {word for heading in HEADINGS for word in heading.split()}
    assert words <= set(text.replace("┃", " ").split())


def test_wide_tables_have_lines_and_narrow_ones_have_parts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert any("┃" in line for line in _printed(monkeypatch, capsys, 160))
    narrow = _printed(monkeypatch, capsys, 60)
    assert not any("┃" in line for line in narrow)
    parts = "\n".join(narrow).split("\n\n")
    assert len(parts) == 2
    assert all("resnet18" in part for part in parts)  # each part begins with the names


def test_what_is_copied_never_folds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    version = "20240103T030405Z-0123abcd"
    print_table("t", ("version", "fate", "note"), [(version, "kept aside " * 5, "x" * 20)], copied={"version"})
    assert version in capsys.readouterr().out


def test_without_rows_there_is_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Nothing", ("a",), [])
    assert capsys.readouterr().out == ""


def test_sections_and_bold_rows_keep_their_cells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table("t", ("name", "n"), [("a", "1"), ("mean", "2")], names={"name"}, bold={1}, sections={1})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[lines.index(["├──────┼───┤"]) + 1] == ["│", "mean", "│", "2", "│"]


def test_notes_are_plain_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    print_notes(["[red]one[/]", "two"])
    assert capsys.readouterr().out == "[red]one[/]\ntwo\n"
