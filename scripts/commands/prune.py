"""``zoograph prune``: old versions of the predictors are removed, and none that is needed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.scripts.commands.versions import AsJson, OneEncoder, OneProtocol, versions_of

if TYPE_CHECKING:
    from zoograph.training.versions.folders import PredictorFolder
    from zoograph.training.versions.pruning import Pruned


def prune(
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest versions stay.")] = 10,
    protocol: OneProtocol = None,
    encoder: OneEncoder = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove old versions of the predictors.

    The version that answers and the one that `zoograph rollback` goes back to always stay. So does a version that
    was made or that answered in the last ten minutes, because somebody may be reading it.

    Example: `zoograph prune --keep 10`
    """
    from zoograph.training.versions.pruning import prune as run

    done = {folder: run(folder.root, keep, dry_run=dry_run) for folder in versions_of(protocol, encoder)}
    if as_json:
        print(json.dumps({folder.key: asdict(pruned) for folder, pruned in done.items()}, indent=1))
        return
    if not done:
        print("No predictor has been trained yet: there is nothing to remove.")
    for folder, pruned in done.items():
        _print(folder, pruned, dry_run)


def _print(folder: PredictorFolder, pruned: Pruned, dry_run: bool) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Predictors: {folder.title}", title_justify="left", box=SIMPLE, pad_edge=False)
    table.add_column("version", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name in pruned.removed:
        table.add_row(name, "would go" if dry_run else "removed")
    for name in pruned.recent:
        table.add_row(name, "stays for ten minutes: it is new, or has just stopped answering")
    console = Console()
    if pruned.removed or pruned.recent:
        console.print(table)
    freed = f"{pruned.num_bytes / 1e6:.1f} MB {'would be' if dry_run else 'are'} free, " if pruned.removed else ""
    text = f"{folder.title}: {freed}{pruned.kept} versions are left."
    console.print(text, highlight=False, markup=False)
