"""``relatedness``: how far a reference task is from a target, as a bound on the loss after transfer, model by model."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.tasks.sources import check_dataset
from zoograph.scripts.campaigns.planning import PlanOnly, print_own_plan
from zoograph.scripts.campaigns.where import (
    Cpus,
    Executor,
    Gpus,
    Memory,
    Processes,
    RayAddress,
    make_where,
    unfold_models,
)
from zoograph.scripts.terminal.options import (
    AsJson,
    Device,
    FollowLinks,
    LabelColumn,
    Models,
    Stored,
    TextColumn,
    Weights,
    end_with_failures,
    split_names,
)
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import progress_bar

if TYPE_CHECKING:
    from zoograph.graphs.scores.relatedness.bound import Bound
    from zoograph.training.analysis.relatedness.own_images import ModelRelatedness, RelatednessReport

_PARTS = ("head", "transport", "steps", "evaluation")
_SETTINGS = ("sparse", "learned-all", "learned-a", "fixed-all")


def relatedness(
    models: Models,
    reference: Annotated[
        str,
        typer.Option(
            help="The task to transfer from: a folder of images or texts with one sub-folder a class, a table of "
            "texts, a dataset on the Hugging Face hub, or a corpus of glyphs: `latin`, `eastern` or `symbols`."
        ),
    ],
    target: Annotated[str, typer.Option(help="The task to transfer to, a folder, a table or a dataset on the hub.")],
    setting: Annotated[
        str, typer.Option(help="What is learned: `sparse`, `learned-all`, `learned-a` or `fixed-all`.")
    ] = "sparse",
    iterations: Annotated[int, typer.Option(min=1, help="Steps of `learned-all` and `learned-a`.")] = 2001,
    batch_size: Annotated[
        int, typer.Option(min=2, help="Samples of each side in a step of `learned-all` and `learned-a`.")
    ] = 1500,
    tau: Annotated[
        float, typer.Option(min=0.0, help="Slope of a head's loss, per unit of the features, that is not punished.")
    ] = 0.02,
    seed: Annotated[int, typer.Option(min=0, help="Of samples, batches, random labels and random starts.")] = 0,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Guess the target's labels; of those it has only their number counts.")
    ] = False,
    samples: Annotated[int, typer.Option(min=4, help="Samples of each side that are related.")] = 500,
    max_images: Annotated[int, typer.Option(min=8, help="Images or texts of each side that models look at.")] = 1500,
    stored: Stored = False,
    weights: Weights = None,
    device: Device = "auto",
    follow_links: FollowLinks = False,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    executor: Executor = "local",
    processes: Processes = 2,
    ray_address: RayAddress = None,
    cpus: Cpus = None,
    gpus: Gpus = 0.0,
    memory: Memory = 0.0,
    plan: PlanOnly = False,
    as_json: AsJson = False,
) -> None:
    """Bound the loss that models will have on a target, from a reference task. Lower is better.

    Features and finished pairs are kept: a call that was interrupted can be repeated.

    Example: `zoograph relatedness --models resnet18,convnext_tiny --reference ./pets --target ./birds`
    """
    if setting not in _SETTINGS:
        raise ZoographError(f"'--setting' must be one of {', '.join(_SETTINGS)} (got '{setting}').")
    from zoograph.training.measuring.subject import Subject

    where, names = make_where(executor, processes, ray_address, cpus, gpus, memory), unfold_models(split_names(models))
    subject = Subject(names, target, None, max_images, weights, device, also=reference)
    check_dataset(reference)
    if plan:
        print_own_plan("relatedness", subject, where, as_json, reference=reference)
        return
    subject.check()
    from zoograph.training.analysis.relatedness.own_images import rank_on_images
    from zoograph.training.analysis.relatedness.relate import Relating, Setting

    how = Relating(Setting(setting), samples=samples, iterations=iterations, batch_size=batch_size, tau=tau, seed=seed)
    with progress_bar("Looking at the samples") as progress:
        report = rank_on_images(subject, reference, how, not unlabelled, progress, stored=stored, where=where)
    if as_json:
        print_json("relatedness", _as_dict(report), _notes(report))
    elif report.models:
        _print_table(report)
        print_notes(_notes(report))
    end_with_failures(report.failures, report.models)


def _as_dict(report: RelatednessReport) -> dict[str, Any]:
    return {
        "reference": report.reference,
        "target": report.target,
        "models": [_row(one) for one in report.models],
        "failures": [asdict(failure) for failure in report.failures],
        "stored": [relation.model_dump(mode="json") for relation in report.stored],
    }


def _row(one: ModelRelatedness) -> dict[str, Any]:
    parts = {**one.bound._asdict(), "distribution_mismatch": one.bound.distribution_mismatch}
    rest = {"true_loss": one.true_loss, "held": one.held, "seconds": one.seconds}
    return {"model": one.model, "bound": one.bound.total, **parts, **rest}


def bound_parts(bound: Bound) -> tuple[float, ...]:
    """Return the bound and its three parts, in nats, in the order of the tables."""
    return bound.total, bound.reference_loss, bound.label_mismatch, bound.distribution_mismatch


def _print_table(report: RelatednessReport) -> None:
    print_table(
        f"Loss on {report.target} after transfer from {report.reference}: bounds in nats, lower is better",
        ("model", "bound", "reference loss", "label mismatch", "distance × τ", "true loss"),
        [
            (
                one.model,
                *(f"{part:.3f}" for part in bound_parts(one.bound)),
                "–" if one.true_loss is None else f"{one.true_loss:.3f}",
            )
            for one in report.models
        ],
        names={"model"},
    )


def _notes(report: RelatednessReport) -> list[str]:
    notes = [_describe_seconds([one.seconds for one in report.models])] if report.models else []
    guess = None if report.num_classes is None else math.log(report.num_classes)
    if guess is not None and any(one.bound.total > guess for one in report.models):
        notes.append(
            f"Who guesses among {report.num_classes} classes has a loss of {guess:.3f}: a bound above that promises "
            "nothing, and ranks models all the same."
        )
    if report.stored:
        notes.append(f"Stored {len(report.stored)} relations; 'zoograph retrain' learns what they are worth.")
    return notes


def _describe_seconds(parts: list[dict[str, float]]) -> str:
    """Return the seconds of each part of the work, over all models, and their shares."""
    sums = {name: sum(part[name] for part in parts) for name in _PARTS}
    total = sum(sums.values()) or 1.0
    shares = (f"{name} {seconds:.1f} s ({100 * seconds / total:.0f} %)" for name, seconds in sums.items())
    return f"Spent when it was computed: {', '.join(shares)}."
