"""``export``: every run of the store as one file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def export(
    out: Annotated[Path, typer.Option(help="File to write: `.parquet` or `.csv`.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Write every run of the store, with its source, time and batch, to one file.

    Example: `zoograph export --out runs.parquet`
    """
    from zoograph.data.store.export import export_runs
    from zoograph.data.store.store import RecordStore

    with RecordStore.open() as store:
        count = export_runs(store, out)
    print(json.dumps({"runs": count, "file": str(out)}) if as_json else f"{count:,} runs are in {out}.")
