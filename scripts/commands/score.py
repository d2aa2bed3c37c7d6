"""``score``: how well models are expected to transfer to a dataset, from one look at its images."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.scripts.terminal.options import Dataset, Device, Domain, Models, Weights, end_with_failures, split_names

if TYPE_CHECKING:
    from zoograph.training.measuring.score import ScoreReport


def score(
    models: Models,
    dataset: Dataset,
    scores: Annotated[str, typer.Option(help="Names of scores, separated by commas.")] = "all",
    max_images: Annotated[int, typer.Option(min=2, help="Images in the stratified probe.")] = 500,
    all_images: Annotated[bool, typer.Option("--all", help="Look at all images instead of a probe.")] = False,
    weights: Weights = None,
    device: Device = None,
    domain: Domain = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute again what the store has.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Score the transferability of models to a dataset, and store the scores. Higher is better.

    Features are cached and stored scores are not computed again: a call that was interrupted can be repeated.

    Example: `zoograph score --models resnet18,convnext_tiny --dataset ./pets`
    """
    from zoograph.scripts.terminal.progress import progress_bar
    from zoograph.training.measuring.score import score_models
    from zoograph.training.measuring.subject import Subject

    subject = Subject(split_names(models), dataset, domain, None if all_images else max_images, weights, device)
    with progress_bar("Looking at the images") as progress:
        report = score_models(subject, None if scores == "all" else split_names(scores), fresh, progress)
    if as_json:
        json.dump(asdict(report), sys.stdout, indent=1)
        print()
    else:
        _print_table(report)
    end_with_failures(report.failures)


def _print_table(report: ScoreReport) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not report.pairs:
        return
    names = list(dict.fromkeys(name for pair in report.pairs for name in (*pair.scores, *pair.undefined)))
    table = Table(title=escape(f"Transferability to {report.dataset}, higher is better"))
    table.add_column("score", no_wrap=True)
    for pair in report.pairs:
        table.add_column(escape(pair.model), justify="right", overflow="fold")
    for name in names:
        table.add_row(name, *(f"{pair.scores[name]:.4g}" if name in pair.scores else "–" for pair in report.pairs))
    console = Console()
    console.print(table)
    console.print("\n".join(_footnotes(report)), highlight=False, markup=False)


def _footnotes(report: ScoreReport) -> list[str]:
    computed = sum(pair.num_computed for pair in report.pairs)
    known = sum(len(pair.scores) for pair in report.pairs) - computed
    notes = [f"{report.num_images:,} of {report.num_samples:,} images; {computed} scores computed, {known} known."]
    for pair in report.pairs:
        notes += [f"{pair.model}: {name} is undefined, {reason}." for name, reason in pair.undefined.items()]
    skipped = list(dict.fromkeys(name for pair in report.pairs for name in pair.skipped))
    if skipped:
        notes.append(f"{len(skipped)} images cannot be read and were left out: {', '.join(skipped[:5])}.")
    return notes
