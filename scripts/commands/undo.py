"""``undo``: a batch that came into the store is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.files.counts import count_of, some_of
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_table

if TYPE_CHECKING:
    from zoograph.data.store.batches import Batch
    from zoograph.data.store.soundness.summary import BatchNames

_MOST_SHOWN, _MOST_LISTED = 2, 10


def undo(
    batch: Annotated[str | None, typer.Argument(help="Id of the batch.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the batches, the newest first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a batch back: its records, and the models and datasets that came with it and that nothing else names.

    Example: `zoograph undo --list`
    """
    from zoograph.data.store.store import RecordStore

    if show == (batch is not None):
        raise typer.BadParameter("give the id of a batch, or --list.")
    with RecordStore.open(to_read=show) as store:
        if batch is None:
            _show(store.batches(), store.names_by_batch(), as_json)
            return
        undone = store.undo(batch)
    if as_json:
        print_json("undo", {"batch": batch, **asdict(undone)})
    else:
        print(
            f"Batch {batch} is taken back: {count_of(undone.records, 'record')}, {undone.cards:,} models and datasets."
        )


def _show(batches: list[Batch], names: Mapping[str, BatchNames], as_json: bool) -> None:
    from zoograph.data.store.soundness.summary import BatchNames

    about = {row.id: names.get(row.id, BatchNames()) for row in batches}
    if as_json:
        print_json("undo --list", {"batches": [_as_dict(row, about[row.id]) for row in batches]})
        return
    rows = []
    for row in batches:
        time = "not known" if row.created_at is None else f"{row.created_at:%Y-%m-%d %H:%M:%S}"
        named = [some_of(kind, _MOST_SHOWN) or "–" for kind in about[row.id]]
        rows.append((row.id, time, f"{row.records:,}", row.origin, *named))
    headings = ("batch", "time (UTC)", "records", "from", "models", "datasets")
    print_table("Batches", headings, rows, names={"from", "models", "datasets"}, copied={"batch"})


def _as_dict(row: Batch, about: BatchNames) -> dict[str, Any]:
    return {
        **asdict(row),
        "created_at": _say_when(row),
        "models": about.models[:_MOST_LISTED],
        "num_models": len(about.models),
        "datasets": about.datasets[:_MOST_LISTED],
        "num_datasets": len(about.datasets),
    }


def _say_when(row: Batch) -> str | None:
    return None if row.created_at is None else row.created_at.isoformat()
