"""``export``: every run of the store as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json


def export(
    out: Annotated[Path, typer.Option(help="File to write: `.parquet` or `.csv`.")],
    as_json: AsJson = False,
) -> None:
    """Write every run of the store, with its source, time and batch, to one file.

    Example: `zoograph export --out runs.parquet`
    """
    from zoograph.data.store.export import export_runs
    from zoograph.data.store.store import RecordStore

    with RecordStore.open() as store:
        count = export_runs(store, out)
    if as_json:
        print_json("export", {"runs": count, "file": str(out)})
    else:
        print(f"{count:,} runs are in {out}.")
