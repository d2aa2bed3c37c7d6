"""Outputs: a file that is written must be none that is read, by whatever name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from zoograph.data.errors import ZoographError


def require_no_input(output: Path, inputs: Iterable[Path], option: str) -> None:
    """Raise if a file that is to be written is one of those that are read, or lies in a folder of them.

    Args:
        output: may be there or not.
        inputs: files and folders; what is not there is no input.
        option: that chose the output.

    Raises:
        ZoographError: naming the file.
    """
    if not output.exists():
        return
    for path in inputs:
        if not path.exists():
            continue
        places = (output, *output.resolve().parents) if path.is_dir() else (output,)
        if any(place.samefile(path) for place in places):
            what = "is what is read" if path.is_file() else f"lies in '{path}', which is read"
            raise ZoographError(f"'{output}' {what}, and would be replaced. Choose another file with {option}.")
