"""Tables that fit: a name is never squeezed, and what is too wide for the terminal is set in parts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from zoograph.data.text.printable import show
from zoograph.scripts.terminal.messages import current_messages

if TYPE_CHECKING:
    from rich.table import Table

LEAST_NAME = 16
"""Characters of a name that stand on one line, in the narrowest column that a name gets."""

_GAPS = (2, 1)
_BORDER = 3

Row = Sequence[str]


class _Column(NamedTuple):
    """A column that is about to be set: ``least`` is the width below which it is not legible, ``whole`` its own."""

    heading: str
    cells: list[str]
    is_name: bool
    least: int
    whole: int


def print_table(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Row],
    *,
    names: Collection[str] = (),
    copied: Collection[str] = (),
    bold: Collection[int] = (),
    sections: Collection[int] = (),
) -> None:
    """Print a table; nothing if it has no rows.

    If it fits with lines around it, it has lines; else it has none, headings fold between words and names fold. If
    even that is too wide, it is set in several parts, each of which begins with the columns up to the first name.

    Args:
        title: above it; plain text, as everything here.
        headings: of the columns.
        rows: of as many cells.
        names: headings of the columns that hold names or words, which are set to the left and may fold.
        copied: headings of those names that never fold, because people copy them.
        bold: places of rows that are set in bold.
        sections: places of rows that a line is drawn above.
    """
    if not rows:
        return
    from rich.console import Console

    console = Console()
    console.print(show(title), style="italic", highlight=False, markup=False)
    columns = [
        _measure(heading, [show(row[place]) for row in rows], heading in (*names, *copied), heading not in copied)
        for place, heading in enumerate(headings)
    ]
    for number, table in enumerate(set_tables(columns, console.width, bold, sections)):
        if number:
            console.print()
        console.print(table)


def print_notes(notes: Sequence[str]) -> None:
    """Print sentences below a table, one a line; what was warned of above it is not said again."""
    from rich.console import Console

    console = Console()
    warned = current_messages().warnings
    for note in (note for note in notes if show(note) not in warned):
        console.print(show(note), highlight=False, markup=False)


def _measure(heading: str, cells: list[str], is_name: bool, may_fold: bool) -> _Column:
    from rich.cells import cell_len

    longest = max(map(cell_len, cells))
    word = max((min(cell_len(word), LEAST_NAME) for word in heading.split()), default=0)
    least = max(min(longest, LEAST_NAME) if is_name and may_fold else longest, word)
    return _Column(heading, cells, is_name, least, max(longest, cell_len(heading)))


def set_tables(columns: list[_Column], width: int, bold: Collection[int], sections: Collection[int]) -> Iterator[Table]:
    """Yield the table, or its parts, for a terminal of so many characters."""
    whole = [column.whole for column in columns]
    if sum(whole) + _BORDER * len(whole) < width:
        yield _make_table(columns, whole, None, bold, sections)
        return
    gap = next((gap for gap in _GAPS if _least_width(columns, gap) <= width), _GAPS[0])
    for part in _parts(columns, width, gap):
        yield _make_table(part, _share(part, width - _least_width(part, gap)), gap, bold, sections)


def _parts(columns: list[_Column], width: int, gap: int) -> list[list[_Column]]:
    """Return the columns in as many tables as are needed, the names at the front of each."""
    first_name = next((place for place, column in enumerate(columns) if column.is_name), 0)
    key, rest = columns[: first_name + 1], columns[first_name + 1 :]
    parts = [list(key)]
    for column in rest:
        if len(parts[-1]) > len(key) and _least_width([*parts[-1], column], gap) > width:
            parts.append(list(key))
        parts[-1].append(column)
    return parts


def _least_width(columns: Sequence[_Column], gap: int) -> int:
    return sum(column.least for column in columns) + gap * (len(columns) - 1)


def _share(columns: Sequence[_Column], spare: int) -> list[int]:
    """Return the width of each column, when so many characters are left over: names come first."""
    widths = [column.least for column in columns]
    for place in sorted(range(len(columns)), key=lambda place: not columns[place].is_name):
        more = max(min(columns[place].whole - widths[place], spare), 0)
        widths[place], spare = widths[place] + more, spare - more
    return widths


def _make_table(
    columns: Sequence[_Column],
    widths: Sequence[int],
    gap: int | None,
    bold: Collection[int],
    sections: Collection[int],
) -> Table:
    """Return a table with lines; or, where there is a gap between columns, without."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    if gap is not None:  # one character of it is the column that a line would stand in
        table.box, table.show_edge, table.pad_edge, table.padding = box.SIMPLE_HEAD, False, False, (0, gap - 1, 0, 0)
    for column, width in zip(columns, widths, strict=True):
        justify: Literal["left", "right"] = "left" if column.is_name else "right"
        table.add_column(escape(column.heading), justify=justify, overflow="fold", width=width)
    for place, cells in enumerate(zip(*(column.cells for column in columns), strict=True)):
        if place in sections:
            table.add_section()
        table.add_row(*(escape(cell) for cell in cells), style="bold" if place in bold else None)
    return table
