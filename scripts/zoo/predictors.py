"""The command that trains the predictors that ship."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from zoograph.data.home import temporary_home
from zoograph.data.records.records import Metric
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.progress import progress_bar
from zoograph.scripts.terminal.tables import print_table


def train_shipped(
    out: Annotated[Path | None, typer.Option(help="Folder to write.", show_default="that of the package")] = None,
    as_json: AsJson = False,
) -> None:
    """Train every predictor that ships, on the zoo that ships, and write them.

    Example: `zoograph zoo train --out predictors`
    """
    from zoograph.data.store.store import RecordStore
    from zoograph.training.retraining.train import train_predictor
    from zoograph.training.versions.listing import predictor_root
    from zoograph.training.versions.shipped import SHIPPED_QUESTIONS, shipped_predictors

    target = out or shipped_predictors()
    rows = []
    with temporary_home() as home:
        with RecordStore.open() as store:
            for protocol, modality in SHIPPED_QUESTIONS:
                root = predictor_root(protocol, None, Metric.TOP1, modality)
                with progress_bar(f"Training {root.name}") as advance:
                    artifact = train_predictor(store, root, protocol, progress=advance, modality=modality)
                size = sum(path.stat().st_size for path in artifact.folder.iterdir())
                rows.append((root.name, artifact.manifest.num_records, artifact.manifest.verdict.seconds, size))
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(home / "predictors", target)
    if as_json:
        names = ("predictor", "records", "seconds", "bytes")
        print_json("zoo train", {"folder": str(target), "predictors": [dict(zip(names, r, strict=True)) for r in rows]})
        return
    table = [(name, f"{records:,}", f"{seconds:.0f}", f"{size / 1024:,.0f}") for name, records, seconds, size in rows]
    print_table("Predictors that ship", ("predictor", "records", "s", "KiB"), table, names={"predictor"})
