"""``export``: every run of the store as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoograph.scripts.terminal.files import require_place
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json


def export(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="File to write: `.parquet` or `.csv`.")] = None,
    out: Annotated[Path | None, typer.Option(help="The same.", hidden=True)] = None,
    as_json: AsJson = False,
) -> None:
    """Write every run of the store, with its source, time and batch, to one file.

    Example: `zoograph export runs.parquet`
    """
    if (file is None) == (out is None):
        raise typer.BadParameter("give one file, which ends in `.parquet` or `.csv`.")
    from zoograph.data.store.export import export_runs
    from zoograph.data.store.store import RecordStore

    path = file or out or Path()
    require_place(path, "FILE")
    with RecordStore.open(to_read=True) as store:
        count = export_runs(store, path)
    if as_json:
        print_json("export", {"runs": count, "file": str(path)})
    else:
        print(f"{count:,} runs are in {path}.")
