"""``relatedness``: how far a reference task is from a target, as a bound on the loss after transfer, model by model."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.errors import ZoographError
from zoograph.scripts.terminal.options import Models, Weights, end_with_failures, split_names

if TYPE_CHECKING:
    from zoograph.training.analysis.relatedness.own_images import ModelRelatedness, RelatednessReport

_PARTS = ("head", "transport", "steps", "evaluation")
_SETTINGS = ("sparse", "learned-all", "learned-a", "fixed-all")


def relatedness(
    models: Models,
    reference: Annotated[
        str,
        typer.Option(
            help="The task to transfer from: a folder with one sub-folder of images a class, a dataset on the Hugging "
            "Face hub, or a corpus of glyphs: `latin`, `eastern` or `symbols`."
        ),
    ],
    target: Annotated[str, typer.Option(help="The task to transfer to, a folder or a dataset on the hub.")],
    setting: Annotated[
        str, typer.Option(help="What is learned: `sparse`, `learned-all`, `learned-a` or `fixed-all`.")
    ] = "sparse",
    iterations: Annotated[int, typer.Option(min=1, help="Steps of `learned-all` and `learned-a`.")] = 2001,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Guess the target's labels; of those it has only their number counts.")
    ] = False,
    samples: Annotated[int, typer.Option(min=4, help="Samples of each side that are related.")] = 500,
    max_images: Annotated[int, typer.Option(min=8, help="Images of each side that models look at.")] = 1500,
    stored: Annotated[
        bool,
        typer.Option(
            "--store",
            help="Keep the relation of the two datasets under each model in the store, as an edge of the graph.",
        ),
    ] = False,
    weights: Weights = None,
    device: Annotated[str | None, typer.Option(help="Where to compute features. Default: cuda if it is there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Bound the loss that models will have on a target, from a reference task. Lower is better.

    Features and finished pairs are kept: a call that was interrupted can be repeated.

    Example: `zoograph relatedness --models resnet18,convnext_tiny --reference ./pets --target ./birds`
    """
    from zoograph.scripts.terminal.progress import progress_bar
    from zoograph.training.analysis.relatedness.own_images import rank_on_images
    from zoograph.training.analysis.relatedness.relate import Relating, Setting
    from zoograph.training.measuring.subject import Subject

    if setting not in _SETTINGS:
        raise ZoographError(f"'--setting' must be one of {', '.join(_SETTINGS)} (got '{setting}').")
    how = Relating(Setting(setting), samples=samples, iterations=iterations)
    subject = Subject(split_names(models), target, None, max_images, weights, device)
    with progress_bar("Looking at the images") as progress:
        report = rank_on_images(subject, reference, how, not unlabelled, progress, stored=stored)
    if as_json:
        json.dump(_as_dict(report), sys.stdout, indent=1)
        print()
    else:
        _print_table(report)
    end_with_failures(report.failures)


def _as_dict(report: RelatednessReport) -> dict[str, Any]:
    return {
        "reference": report.reference,
        "target": report.target,
        "models": [_row(one) for one in report.models],
        "failures": [{"model": failure.model, "reason": failure.reason} for failure in report.failures],
        "stored": [relation.model_dump(mode="json") for relation in report.stored],
    }


def _row(one: ModelRelatedness) -> dict[str, Any]:
    parts = {**one.bound._asdict(), "distribution_mismatch": one.bound.distribution_mismatch}
    rest = {"true_loss": one.true_loss, "held": one.held, "seconds": one.seconds}
    return {"model": one.model, "bound": one.bound.total, **parts, **rest}


def _print_table(report: RelatednessReport) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not report.models:
        return
    title = f"Loss on {report.target} after transfer from {report.reference}: bounds in nats, lower is better"
    table = Table(title=escape(title))
    table.add_column("model", overflow="fold")
    for heading in ("bound", "reference loss", "label mismatch", "distance × τ", "true loss"):
        table.add_column(heading, justify="right")
    for one in report.models:
        bound = one.bound
        parts = (bound.total, bound.reference_loss, bound.label_mismatch, bound.distribution_mismatch)
        loss = "–" if one.true_loss is None else f"{one.true_loss:.3f}"
        table.add_row(escape(one.model), *(f"{part:.3f}" for part in parts), loss)
    Console().print(table)
    print(_describe_seconds([one.seconds for one in report.models]))
    if report.stored:
        print(f"Stored {len(report.stored)} relations; 'zoograph retrain' learns what they are worth.")


def _describe_seconds(parts: list[dict[str, float]]) -> str:
    """Return the seconds of each part of the work, over all models, and their shares."""
    sums = {name: sum(part[name] for part in parts) for name in _PARTS}
    total = sum(sums.values()) or 1.0
    shares = (f"{name} {seconds:.1f} s ({100 * seconds / total:.0f} %)" for name, seconds in sums.items())
    return f"Spent when it was computed: {', '.join(shares)}."
