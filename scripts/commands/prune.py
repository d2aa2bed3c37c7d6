"""``zoograph prune``: old versions of the predictors are removed, and none that is needed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.files.counts import count_of
from zoograph.scripts.commands.versions import versions_of
from zoograph.scripts.terminal.options import AsJson, DryRun, WhoseEncoder, WhoseMetric, WhosePredictor
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

if TYPE_CHECKING:
    from zoograph.training.versions.folders import PredictorFolder
    from zoograph.training.versions.pruning import Pruned


def prune(
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest versions stay.")] = 10,
    protocol: WhosePredictor = None,
    metric: WhoseMetric = None,
    encoder: WhoseEncoder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Remove old versions of the predictors.

    The version that answers and the one that `zoograph rollback` goes back to always stay. So does a version that
    was made or that answered in the last ten minutes, because somebody may be reading it.

    Example: `zoograph prune --keep 10`
    """
    from zoograph.training.versions.pruning import prune as run

    done = {folder: run(folder.root, keep, dry_run=dry_run) for folder in versions_of(protocol, encoder, metric)}
    if as_json:
        print_json("prune", {"predictors": {folder.key: asdict(pruned) for folder, pruned in done.items()}})
        return
    if not done:
        print("No predictor has been trained yet: there is nothing to remove.")
    for folder, pruned in done.items():
        _print(folder, pruned, keep, dry_run)


def _print(folder: PredictorFolder, pruned: Pruned, keep: int, dry_run: bool) -> None:
    removed = [(name, "would go" if dry_run else "removed") for name in pruned.removed]
    recent = [(name, "stays for ten minutes: it is new, or has just stopped answering") for name in pruned.recent]
    headings = ("version", "fate")
    print_table(f"Predictors: {folder.title}", headings, [*removed, *recent], names={"fate"}, copied={"version"})
    freed = f"{pruned.num_bytes / 1e6:.1f} MB {'would be' if dry_run else 'are'} free, " if pruned.removed else ""
    left = count_of(pruned.kept, "version is left", "versions are left")
    more = pruned.kept - len(pruned.recent) > keep
    why = " The one that answers, and the one that 'zoograph rollback' goes back to, stay." if more else ""
    print_notes([f"{folder.title}: {freed}{left}.{why}"])
