"""A study's results as files of a folder: one JSON and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from zoograph.data.errors import ZoographError
from zoograph.data.files.atomic import replace_file
from zoograph.scripts.pictures.style import to_png


def write_results(out: Path, name: str, report: BaseModel | str, figures: Mapping[str, Any]) -> None:
    """Write a report, or its JSON, as ``name`` and the figures as PNG to a folder, which is made if it is not there.

    Raises:
        ZoographError: if the folder cannot be written to.
    """
    text = report if isinstance(report, str) else report.model_dump_json(indent=1) + "\n"
    contents: dict[str, str | bytes] = {name: text}
    contents |= {picture: to_png(figure) for picture, figure in figures.items()}
    for file, content in contents.items():
        write_result(out / file, content)


def write_result(path: Path, content: str | bytes) -> Path:
    """Write one file, whole or not at all, to a folder that is made if it is not there, and return its path.

    Raises:
        ZoographError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        raise ZoographError(
            f"'{path}' cannot be written to ({error.strerror or error}). Choose another folder with --out."
        ) from error
    return path
