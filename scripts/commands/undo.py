"""``undo``: a batch that came into the store is taken back."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from zoograph.data.store.store import Batch


def undo(
    batch: Annotated[str | None, typer.Argument(help="Id of the batch.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the batches, the newest first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Take a batch back: its records, and the models and datasets that came with it and that nothing else names.

    Example: `zoograph undo --list`
    """
    from zoograph.data.store.store import RecordStore

    if show == (batch is not None):
        raise typer.BadParameter("give the id of a batch, or --list.")
    with RecordStore.open() as store:
        if batch is None:
            batches = store.batches()
            if as_json:
                json.dump([asdict(row) for row in batches], sys.stdout, indent=1, default=str)
                print()
            else:
                _print_table(batches)
            return
        undone = store.undo(batch)
    if as_json:
        json.dump({"batch": batch, **asdict(undone)}, sys.stdout, indent=1)
        print()
    else:
        print(f"Batch {batch} is taken back: {undone.records:,} records, {undone.cards:,} models and datasets.")


def _print_table(batches: list[Batch]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="Batches")
    table.add_column("batch", no_wrap=True)
    table.add_column("time (UTC)", no_wrap=True)
    table.add_column("records", justify="right", no_wrap=True)
    table.add_column("from", overflow="fold")
    for row in batches:
        time = "not known" if row.created_at is None else f"{row.created_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(escape(row.id), time, f"{row.records:,}", escape(row.origin))
    Console().print(table)
