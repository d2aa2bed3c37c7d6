"""The command that trains the predictors that ship."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.home import temporary_home
from zoograph.data.records.records import Metric, Protocol
from zoograph.scripts.terminal.options import AsJson, LearningDevice, Processes
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_table
from zoograph.scripts.terminal.progress import count_bar


class _Trained(NamedTuple):
    """A predictor: records that it learned from, seconds that it took, and its size."""

    predictor: str
    records: int
    seconds: float
    bytes: int


def train_shipped(
    out: Annotated[Path | None, typer.Option(help="Folder to write.", show_default="that of the package")] = None,
    processes: Processes = 2,
    device: LearningDevice = "cpu",
    as_json: AsJson = False,
) -> None:
    """Train every predictor that ships, on the zoo that ships, and write them.

    Example: `zoograph zoo train --out predictors`
    """
    from zoograph.data.networks.devices import learning_device
    from zoograph.data.store.store import RecordStore
    from zoograph.training.runtime.processes import workers
    from zoograph.training.versions.shipped import SHIPPED_QUESTIONS, shipped_predictors

    learning_device(device)  # before anything is begun
    target = out or shipped_predictors()
    _require_replaceable(target)
    rows: list[_Trained] = []
    with temporary_home() as home:
        RecordStore.open().close()  # so that it is there before several open it
        with count_bar(len(SHIPPED_QUESTIONS)) as advance, workers(processes) as submit:
            waiting = [submit(_train, *question, device) for question in SHIPPED_QUESTIONS]
            for (protocol, modality), wait in zip(SHIPPED_QUESTIONS, waiting, strict=True):
                advance(f"Training {protocol.value}, {modality}")
                rows.append(wait())
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(home / "predictors", target)
    if as_json:
        print_json("zoo train", {"folder": str(target), "predictors": [row._asdict() for row in rows]})
        return
    table = [(name, f"{records:,}", f"{seconds:.0f}", f"{size / 1024:,.0f}") for name, records, seconds, size in rows]
    print_table("Predictors that ship", ("predictor", "records", "s", "KiB"), table, names={"predictor"})


def _require_replaceable(folder: Path) -> None:
    """Raise unless a folder is new or empty, or holds predictors and nothing else: what it holds is removed.

    Raises:
        ZoographError: naming what else is there.
    """
    from zoograph.training.versions.artifact import POINTER

    inside = sorted(folder.iterdir()) if folder.is_dir() else [folder] if folder.exists() else []
    other = next((path.name for path in inside if not (path / POINTER).is_file()), None)
    if other is not None:
        raise ZoographError(
            f"'{folder}' must be new or empty, or hold predictors alone, because it is replaced (got '{other}'). "
            "Choose another folder with --out."
        )


def _train(protocol: Protocol, modality: str, device: str) -> _Trained:
    from zoograph.data.networks.devices import learning_device
    from zoograph.data.store.store import RecordStore
    from zoograph.training.retraining.train import train_predictor
    from zoograph.training.versions.listing import predictor_root

    root = predictor_root(protocol, None, Metric.TOP1, modality)
    with RecordStore.open() as store:
        artifact = train_predictor(store, root, protocol, modality=modality, device=learning_device(device))
    size = sum(path.stat().st_size for path in artifact.folder.iterdir())
    return _Trained(root.name, artifact.manifest.num_records, artifact.manifest.verdict.seconds, size)
