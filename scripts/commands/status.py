"""``zoograph status``: what is in the store, what the predictors know of it, and how their error has moved."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.errors import StoreError
from zoograph.data.files.counts import count_of
from zoograph.data.records.records import Protocol
from zoograph.data.records.sources import collection_of
from zoograph.scripts.commands.versions import NONE_YET, describe, versions_of
from zoograph.scripts.pictures.style import require_matplotlib
from zoograph.scripts.terminal.files import require_place, write_file
from zoograph.scripts.terminal.options import AsJson, WhoseEncoder
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.program import FAILED

if TYPE_CHECKING:
    from zoograph.data.store.soundness.repair import Condition
    from zoograph.data.store.store import RecordStore
    from zoograph.training.versions.artifact import Manifest
    from zoograph.training.versions.changes import Changes
    from zoograph.training.versions.folders import PredictorFolder
    from zoograph.training.versions.listing import Versions


_PAGES_TOLD = 5
_LEFT_OUT = "No answer and no training reads them. 'zoograph status --check --repair' removes them."
_REPAIRED = (
    "They were removed. What came with the package is back; bring the rest again with 'zoograph ingest'. "
    "Have the disk checked."
)


@dataclass(frozen=True)
class Contents:
    """What is in the store.

    Attributes:
        runs: source, protocol and number; what zoograph itself measured is one source.
        kinds: protocol, metric, modality of the datasets and number of the runs that count, the most frequent first.
        newest: the batch that came last.
    """

    models: int
    datasets: int
    runs: tuple[tuple[str, str, int], ...]
    kinds: tuple[tuple[str, str, str, int], ...]
    newest: str | None
    newest_at: str | None


def status(
    picture: Annotated[
        Path | None, typer.Option(help="Where to draw the learning curve, a PNG of error against records.")
    ] = None,
    encoder: WhoseEncoder = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare every row of the store with its hash; end with 1 if one differs.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="With --check: remove what differs. What came with the package comes back."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is in the store, what the predictors know of it, and how their error moved from version to version.

    Example: `zoograph status --picture learning-curve.png`
    """
    if picture is not None:
        require_place(picture, "--picture")
        require_matplotlib()
    if repair and not check:
        raise typer.BadParameter("goes with --check", param_hint="'--repair'")
    from zoograph.data.store.store import RecordStore

    condition = None
    if check:
        with RecordStore.open(to_read=not repair) as store:
            condition = store.repair() if repair else store.check()
    try:
        with RecordStore.open(to_read=True) as store:
            contents = _read(store)
            known = versions_of(encoder=encoder)
            changes = {folder: _find_changes(store, folder, found) for folder, found in known.items()}
    except StoreError:
        if condition is None or condition.is_sound:
            raise
        _tell_damage(condition, as_json)
        raise typer.Exit(FAILED) from None
    if picture is not None:
        _draw(known, picture)
    if as_json:
        predictors = {folder.key: _as_dict(found, changes[folder]) for folder, found in known.items()}
        checked = None if condition is None else {**condition.as_dict(), "repaired": repair and not condition.is_sound}
        print_json("status", {"store": asdict(contents), "predictors": predictors, "check": checked})
    else:
        _print(contents, known, changes)
        if condition is not None:
            print()
            _print_condition(condition, repair)
    if condition is not None and not condition.is_sound and not repair:
        raise typer.Exit(FAILED)


def _read(store: RecordStore) -> Contents:
    newest, runs = next(iter(store.batches()), None), Counter[tuple[str, Protocol]]()
    for (source, protocol), count in store.count_sources().items():
        runs[collection_of(source), protocol] += count
    return Contents(
        *store.count_cards(),
        tuple((collection, str(protocol), count) for (collection, protocol), count in sorted(runs.items())),
        tuple((str(protocol), str(metric), kind, n) for (protocol, metric, kind), n in store.ways_measured().items()),
        None if newest is None else newest.origin,
        None if newest is None or newest.created_at is None else newest.created_at.isoformat(timespec="seconds"),
    )


def _current(known: Versions) -> Manifest | None:
    return next((manifest for manifest in known.readable if manifest.version == known.current), None)


def _find_changes(store: RecordStore, folder: PredictorFolder, known: Versions) -> Changes | None:
    from zoograph.training.versions.artifact import Artifact
    from zoograph.training.versions.changes import find_changes

    current = _current(known)
    return None if current is None else find_changes(store, Artifact(folder.root / current.version, current))


def _history(known: Versions) -> list[tuple[Manifest, float]]:
    """Return every compared version with its error; that of the first one was measured by the next."""
    measured_later = {m.verdict.parent: m.verdict.parent_error for m in reversed(known.readable)}
    errors = [(m, m.verdict.error or measured_later.get(m.version)) for m in known.readable]
    return [(manifest, error) for manifest, error in errors if error is not None]


def _as_dict(known: Versions, changes: Changes | None) -> dict[str, Any]:
    current = _current(known)
    return {
        "current": None if current is None else describe(current, current=True),
        "newer_records": 0 if changes is None else changes.new,
        "taken_back": 0 if changes is None else changes.gone,
        "errors": [
            {"version": m.version, "records": m.num_records, "error": error, "promoted": m.verdict.promoted}
            for m, error in _history(known)
        ],
    }


def _print(
    contents: Contents, known: dict[PredictorFolder, Versions], changes: dict[PredictorFolder, Changes | None]
) -> None:
    print_notes([f"The store has {contents.models:,} models and {contents.datasets:,} datasets."])
    print_table(
        "Runs",
        ("source", "protocol", "runs"),
        [(source, protocol, f"{count:,}") for source, protocol, count in contents.runs],
        names={"source", "protocol"},
    )
    print_table(
        "What can be predicted",
        ("protocol", "what is done", "metric", "modality", "runs"),
        [
            (protocol, Protocol(protocol).description, metric, modality, f"{count:,}")
            for protocol, metric, modality, count in contents.kinds
        ],
        names={"protocol", "what is done", "metric", "modality"},
    )
    if contents.newest is not None:
        when = "" if contents.newest_at is None else f", {contents.newest_at}"
        print_notes([f"Newest: {contents.newest}{when}."])
    for folder, found in known.items():
        current, changed = _current(found), changes[folder]
        if current is not None and changed is not None:
            print()
            print_notes([_knows(folder, current, changed, found.readable[-1].version)])
            _print_history(found)
    if not known:
        print()
        print_notes([NONE_YET])


def _tell_damage(condition: Condition, as_json: bool) -> None:
    """Say what is wrong with a store of which nothing else can be told."""
    if as_json:
        checked = {**condition.as_dict(), "repaired": False}
        print_json("status", {"store": None, "predictors": {}, "check": checked})
    else:
        _print_condition(condition, repaired=False)


def _print_condition(condition: Condition, repaired: bool) -> None:
    if condition.is_sound:
        print_notes(["Every row of the store is as it was stored."])
        return
    if condition.rows:
        print_table(
            "Rows that something else than zoograph changed",
            ("table", "id", "about", "batch"),
            [(row.table, row.short, row.what, row.batch) for row in condition.rows],
            names={"about"},
            copied={"batch"},
        )
    if condition.pages:
        print_notes([f"The database reports about its file: {'; '.join(condition.pages[:_PAGES_TOLD])}."])
    print_notes([_REPAIRED if repaired else _LEFT_OUT])


def _knows(folder: PredictorFolder, current: Manifest, changed: Changes, newest: str) -> str:
    """Say what the version in use learned from, and what waits; what the newest one has seen is not tried again."""
    undone = count_of(changed.gone, "batch that it learned from was", "batches that it learned from were")
    gone = f", and {undone} undone" if changed.gone else ""
    newer = f"{count_of(changed.new, 'newer run waits', 'newer runs wait')} for 'zoograph retrain'{gone}."
    if changed.new and current.version != newest:
        newer = (
            f"{count_of(changed.new, 'newer run is', 'newer runs are')} not in it{gone}. 'zoograph retrain' waits for "
            "runs that no version has learned from."
        )
    return (
        f"{folder.title}: {current.version} is in use. It learned from {count_of(current.num_records, 'run')} of "
        f"{count_of(len(current.models), 'model')} on {count_of(len(current.datasets), 'dataset')}; {newer}"
    )


def _print_history(known: Versions) -> None:
    print_table(
        "Error on held-out cells",
        ("version", "records", "error", "fate"),
        [
            (m.version, f"{m.num_records:,}", f"{error:.4f}", "promoted" if m.verdict.promoted else "kept aside")
            for m, error in _history(known)
        ],
        names={"fate"},
        copied={"version"},
    )


def _draw(known: dict[PredictorFolder, Versions], path: Path) -> None:
    from zoograph.data.errors import ZoographError
    from zoograph.scripts.pictures.living import Point, draw_learning_curve
    from zoograph.scripts.pictures.style import to_png

    curves = {
        folder.title: [Point(m.num_records, error, m.verdict.promoted) for m, error in _history(found)]
        for folder, found in known.items()
    }
    curves = {name: points for name, points in curves.items() if points}
    if not curves:
        raise ZoographError("There is no learning curve yet: it begins when a second version meets the first.")
    write_file(path, to_png(draw_learning_curve(curves)), "--picture")
