"""A study's results as files of a folder: one JSON and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from zoograph.scripts.pictures.style import to_png
from zoograph.scripts.terminal.files import write_into


def write_results(out: Path, name: str, report: BaseModel | str, figures: Mapping[str, Any]) -> None:
    """Write a report, or its JSON, as ``name`` and the figures as PNG to a folder, which is made if it is not there.

    Raises:
        ZoographError: if the folder cannot be written to.
    """
    text = report if isinstance(report, str) else report.model_dump_json(indent=1) + "\n"
    write_into(out, {name: text, **{picture: to_png(figure) for picture, figure in figures.items()}})
