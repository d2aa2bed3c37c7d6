"""``score``: how well models are expected to transfer to a dataset, from one look at its images or texts."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

import zoograph
from zoograph.data.errors import ZoographError
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
    Dataset,
    Device,
    Domain,
    FollowLinks,
    Fresh,
    LabelColumn,
    Models,
    TextColumn,
    Weights,
    end_with_failures,
    split_names,
)
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import progress_bar

if TYPE_CHECKING:
    from zoograph.training.measuring.reports import ScoreReport

_PROBE = 500


def score(
    models: Models,
    dataset: Dataset,
    scores: Annotated[str, typer.Option(help="Names of scores, separated by commas.")] = "all",
    max_images: Annotated[
        int | None, typer.Option(min=2, help="Images or texts in the stratified probe. Default: 500.")
    ] = None,
    all_images: Annotated[bool, typer.Option("--all", help="Look at all images or texts instead of a probe.")] = False,
    reference: Annotated[
        str | None,
        typer.Option(
            help="The task that models transfer from, a dataset as `--dataset` takes it, for `otce` and `ot_nce`."
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="A column of real values of a table, such as `price`, in the place of classes."),
    ] = None,
    pixels: Annotated[
        int, typer.Option(min=100, help="Places in the stratified sample, over all images, where there are masks.")
    ] = 10_000,
    weights: Weights = None,
    device: Device = "auto",
    domain: Domain = None,
    fresh: Fresh = False,
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
    """Score the transferability of models to a dataset, and store the scores. Higher is better.

    Features are cached and stored scores are not computed again: a call that was interrupted can be repeated.

    Targets are classes, real values (`--target`), or the classes of pixels of a folder with `images` and `masks`.

    Example: `zoograph score --models resnet18,convnext_tiny --dataset ./pets`
    Example: `zoograph score --models resnet18 --dataset prices.csv --target price`
    """
    if all_images and max_images is not None:
        raise ZoographError("'--all' looks at all samples, and '--max-images' at a probe. Leave one of them out.")
    size = None if all_images else _PROBE if max_images is None else max_images
    where, names = make_where(executor, processes, ray_address, cpus, gpus, memory), unfold_models(split_names(models))
    if plan:
        from zoograph.data.tasks.columns import naming_columns
        from zoograph.training.measuring.subject import Subject

        with naming_columns(target=target):
            print_own_plan(
                "score", Subject(names, dataset, domain, size, weights, device, also=reference), where, as_json
            )
        return
    with progress_bar("Looking at the samples") as progress:
        report = zoograph.score(
            names,
            dataset,
            None if scores == "all" else split_names(scores),
            domain=domain,
            max_images=size,
            weights=weights,
            device=device,
            fresh=fresh,
            progress=progress,
            reference=reference,
            target=target,
            pixels=pixels,
            where=where,
        )
    if as_json:
        content = asdict(report)
        for pair in content["pairs"]:
            pair["skipped"] = list(pair["skipped"])  # what is wrong with them is among the notes
        del content["meanings"]  # they are among the notes
        print_json("score", content, report.notes)
    elif report.pairs:
        _print_table(report)
        print_notes(report.notes)
    end_with_failures(report.failures, report.pairs)


def _print_table(report: ScoreReport) -> None:
    names = list(dict.fromkeys(name for pair in report.pairs for name in (*pair.scores, *pair.undefined)))
    print_table(
        report.title,
        ("score", *(pair.model for pair in report.pairs)),
        [
            (name, *(f"{pair.scores[name]:.4g}" if name in pair.scores else "–" for pair in report.pairs))
            for name in names
        ],
        copied={"score"},
    )
