"""``zoograph versions`` and ``zoograph rollback``: what each predictor saw, and which of them answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.records.records import Protocol

if TYPE_CHECKING:
    from zoograph.training.versions.artifact import Manifest
    from zoograph.training.versions.folders import PredictorFolder
    from zoograph.training.versions.listing import Versions

OneProtocol = Annotated[Protocol | None, typer.Option(help="Whose predictor. Default: every one there is.")]
OneEncoder = Annotated[
    str | None, typer.Option("--encoder", help="Only the predictors of this text encoder, a name or a folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]


def versions(protocol: OneProtocol = None, encoder: OneEncoder = None, as_json: AsJson = False) -> None:
    """List every predictor that was trained: what it saw, how it did on held-out cells, and what became of it.

    Example: `zoograph versions --protocol head`
    """
    found = versions_of(protocol, encoder)
    if as_json:
        print(json.dumps({folder.key: _as_dict(known) for folder, known in found.items()}, indent=1))
        return
    if not found:
        print("No predictor has been trained yet: ask 'predict', or run 'zoograph retrain'.")
    for folder, known in found.items():
        _print_table(folder, known)


def rollback(
    version: Annotated[str | None, typer.Argument(help="Default: the one that was promoted before.")] = None,
    protocol: OneProtocol = None,
    encoder: OneEncoder = None,
    as_json: AsJson = False,
) -> None:
    """Let an earlier version answer again, or one that was kept aside; all its files are checked first.

    Example: `zoograph rollback`
    """
    from zoograph.training.versions.listing import make_current

    folder, known = _choose(versions_of(protocol, encoder), version)
    chosen = version or known.before_current
    if chosen is None:
        raise ZoographError("There is no earlier version that was promoted. 'zoograph versions' lists all of them.")
    manifest = make_current(folder.root, chosen).manifest
    if as_json:
        print(json.dumps({"protocol": folder.protocol.value, "before": known.current, "current": manifest.version}))
    else:
        print(
            f"{folder.title}: '{manifest.version}' answers from now on, learned from "
            f"{manifest.num_records:,} records; before it was '{known.current}'."
        )


def versions_of(protocol: Protocol | None = None, encoder: str | None = None) -> dict[PredictorFolder, Versions]:
    """Return the versions of every predictor that has some, or of those of one protocol or encoder."""
    from zoograph.training.versions.folders import find_predictors
    from zoograph.training.versions.listing import list_versions

    return {folder: list_versions(folder.root) for folder in find_predictors(protocol, encoder)}


def _choose(found: dict[PredictorFolder, Versions], version: str | None) -> tuple[PredictorFolder, Versions]:
    """Return the predictor that has ``version``, or the only one that there is."""
    if not found:
        raise ZoographError("No predictor has been trained yet: ask 'predict', or run 'zoograph retrain'.")
    having = [folder for folder, known in found.items() if version in [m.version for m in known.readable]]
    candidates = having or list(found)
    if len(candidates) > 1:
        raise ZoographError("There are several predictors: say which with '--protocol' and '--encoder'.")
    return candidates[0], found[candidates[0]]


def describe(manifest: Manifest, current: bool) -> dict[str, Any]:
    """Return what a version is, without the names of all its models and datasets."""
    kept = manifest.model_dump(mode="json", exclude={"models", "datasets", "vocabulary", "scores", "values", "files"})
    return {
        **kept,
        "models": len(manifest.models),
        "datasets": len(manifest.datasets),
        "configuration": manifest.values.get("config"),
        "current": current,
    }


def _as_dict(known: Versions) -> dict[str, Any]:
    return {
        "current": known.current,
        "versions": [describe(manifest, manifest.version == known.current) for manifest in known.readable],
        "damaged": list(known.damaged),
    }


def _print_table(folder: PredictorFolder, known: Versions) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Predictors: {folder.title}", title_justify="left", box=SIMPLE, pad_edge=False, padding=0)
    # Whole in a terminal of 80 columns: it is what `rollback` takes.
    table.add_column("version", no_wrap=True, min_width=max((len(m.version) for m in known.readable), default=0))
    for heading in ("records", "data", "start", "error", "coverage"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for manifest in known.readable:
        verdict = manifest.verdict
        current = manifest.version == known.current
        fate = "answers now" if current else "" if verdict.promoted else "kept aside"
        table.add_row(
            manifest.version,
            f"{manifest.num_records:,}",
            manifest.data_hash[:8],
            verdict.start,
            "–" if verdict.error is None else f"{verdict.error:.4f}",
            "–" if verdict.coverage is None else f"{verdict.coverage:.3f}",
            fate,
            style="bold" if current else None,
        )
    console = Console()
    console.print(table)
    for manifest in known.readable:
        if manifest.version == known.current or not manifest.verdict.promoted:
            console.print(f"{manifest.version}: {manifest.verdict.reason}", highlight=False, markup=False)
    for name in known.damaged:
        console.print(f"Cannot be read: {name}", highlight=False, markup=False)
