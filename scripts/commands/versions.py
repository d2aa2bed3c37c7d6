"""``zoograph versions`` and ``zoograph rollback``: what each predictor saw, and which of them answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.files.counts import count_of
from zoograph.data.records.records import Metric, Protocol
from zoograph.scripts.terminal.options import AsJson, WhoseEncoder, WhoseMetric, WhosePredictor
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.evidence import format_number
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

if TYPE_CHECKING:
    from zoograph.training.versions.artifact import Manifest
    from zoograph.training.versions.folders import PredictorFolder
    from zoograph.training.versions.listing import Versions
NONE_YET = (
    "No predictor is in use here yet: the first question takes the one that ships, or trains one, and 'zoograph "
    "retrain' trains them."
)


def versions(
    protocol: WhosePredictor = None,
    metric: WhoseMetric = None,
    encoder: WhoseEncoder = None,
    as_json: AsJson = False,
) -> None:
    """List every predictor that was trained: what it saw, how it did on held-out cells, and what became of it.

    Example: `zoograph versions --protocol head`
    """
    found = versions_of(protocol, encoder, metric)
    if as_json:
        print_json("versions", {"predictors": {folder.key: _as_dict(known) for folder, known in found.items()}})
        return
    if not found:
        print(NONE_YET)
    for folder, known in found.items():
        _print_table(folder, known)


def rollback(
    version: Annotated[str | None, typer.Argument(help="Default: the one that was promoted before.")] = None,
    protocol: WhosePredictor = None,
    metric: WhoseMetric = None,
    encoder: WhoseEncoder = None,
    as_json: AsJson = False,
) -> None:
    """Put an earlier version back into use, or one that was kept aside; all its files are checked first.

    Example: `zoograph rollback`
    """
    from zoograph.training.versions.listing import make_current

    folder, known = _choose(versions_of(protocol, encoder, metric), version)
    chosen = version or known.before_current
    if chosen is None:
        raise ZoographError("There is no earlier version that was promoted. 'zoograph versions' lists all of them.")
    manifest = make_current(folder.root, chosen).manifest
    if as_json:
        content = {
            "protocol": folder.protocol.value,
            "metric": folder.metric.value,
            "modality": folder.modality,
            "encoder": folder.encoder,
        }
        print_json("rollback", {**content, "before": known.current, "current": manifest.version})
    else:
        records = count_of(manifest.num_records, "record")
        print(
            f"{folder.title}: '{manifest.version}' is in use from now on, learned from {records}; "
            f"before it was '{known.current}'."
        )


def versions_of(
    protocol: Protocol | None = None, encoder: str | None = None, metric: Metric | None = None
) -> dict[PredictorFolder, Versions]:
    """Return the versions of every predictor that has some, or of those of one protocol, encoder or metric."""
    from zoograph.training.versions.folders import find_predictors
    from zoograph.training.versions.listing import list_versions

    return {folder: list_versions(folder.root) for folder in find_predictors(protocol, encoder, metric)}


def _choose(found: dict[PredictorFolder, Versions], version: str | None) -> tuple[PredictorFolder, Versions]:
    """Return the predictor that has ``version``, or the only one that there is."""
    if not found:
        raise ZoographError(NONE_YET)
    having = [folder for folder, known in found.items() if version in [m.version for m in known.readable]]
    candidates = having or list(found)
    if len(candidates) > 1:
        raise ZoographError("There are several predictors: say which with '--protocol', '--metric' and '--encoder'.")
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
    print_table(
        f"Predictors: {folder.title}",
        ("version", "records", "data", "start", "error", "coverage", "fate"),
        [_row(manifest, known) for manifest in known.readable],
        names={"fate"},
        copied={"version"},
        bold={place for place, manifest in enumerate(known.readable) if manifest.version == known.current},
    )
    shown = [m for m in known.readable if m.version == known.current or not m.verdict.promoted]
    if any(manifest.verdict.coverage is not None for manifest in known.readable):
        print_notes(["coverage: the share of held-out values inside their intervals; aim: 0.900."])
    print_notes([f"{manifest.version}: {manifest.verdict.reason}" for manifest in shown])
    print_notes([f"Cannot be read: {name}" for name in known.damaged])


def _row(manifest: Manifest, known: Versions) -> tuple[str, ...]:
    verdict = manifest.verdict
    return (
        manifest.version,
        f"{manifest.num_records:,}",
        manifest.data_hash[:8],
        verdict.start,
        format_number(verdict.error, ".4f"),
        format_number(verdict.coverage, ".3f"),
        "in use" if manifest.version == known.current else "promoted" if verdict.promoted else "kept aside",
    )
