"""A study's results as files of a folder: one JSON and pictures; and rows that are measured one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from zoograph.data.errors import ZoographError
from zoograph.data.files.facts import load_facts
from zoograph.scripts.pictures.style import to_png
from zoograph.scripts.terminal.files import write_into

Row = dict[str, Any]


def write_results(out: Path, name: str, report: BaseModel | str, figures: Mapping[str, Any]) -> None:
    """Write a report, or its JSON, as ``name`` and the figures as PNG to a folder, which is made if it is not there.

    Raises:
        ZoographError: if the folder cannot be written to.
    """
    text = report if isinstance(report, str) else report.model_dump_json(indent=1) + "\n"
    write_into(out, {name: text, **{picture: to_png(figure) for picture, figure in figures.items()}})


def load_rows(path: Path, is_row: Callable[[Row], Any]) -> list[Row]:
    """Return the rows of an earlier measurement that ``is_row`` holds of; none where there is no file.

    Raises:
        ZoographError: if the file is broken, or a row lacks what ``is_row`` reads.
    """
    if not path.exists():
        return []
    try:
        rows: list[Row] = load_facts(path)
        return [row for row in rows if is_row(row)]
    except (ValueError, TypeError, KeyError) as error:
        raise ZoographError(
            f"'{path}' must hold what an earlier measurement wrote (got something else). Use --fresh."
        ) from error
