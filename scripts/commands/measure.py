"""``measure``: the accuracy that models reach on a dataset, by a retrained head or full fine-tuning."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.records.records import Protocol
from zoograph.scripts.terminal.options import Dataset, Device, Domain, Models, Weights, end_with_failures, split_names

if TYPE_CHECKING:
    from zoograph.training.measuring.measure import MeasureReport


def measure(
    models: Models,
    dataset: Dataset,
    protocol: Annotated[Protocol, typer.Option(help="How the models are transferred.")] = Protocol.HEAD,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each model.")] = 1,
    test_fraction: Annotated[
        float,
        typer.Option(min=0.01, max=0.99, help="Part of each class to test on, if the dataset has no split of its own."),
    ] = 0.3,
    max_images: Annotated[
        int | None, typer.Option(min=4, help="Use a stratified sample of so many images. Default: all.")
    ] = None,
    weights: Weights = None,
    device: Device = None,
    domain: Domain = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Transfer models to a dataset, measure their top-1 accuracy, and store the runs.

    Fine-tuning that was interrupted goes on from its last epoch.

    Example: `zoograph measure --models resnet18 --dataset ./pets --protocol finetune`
    """
    from zoograph.scripts.terminal.progress import progress_bar
    from zoograph.training.measuring.measure import measure_models
    from zoograph.training.measuring.subject import Subject

    subject = Subject(split_names(models), dataset, domain, max_images, weights, device)
    with progress_bar("Measuring") as progress:
        report = measure_models(subject, protocol, seeds, test_fraction, progress=progress)
    if as_json:
        json.dump(_as_dict(report), sys.stdout, indent=1)
        print()
    else:
        _print_table(report, protocol)
    end_with_failures(report.failures)


def _as_dict(report: MeasureReport) -> dict[str, object]:
    return {
        "dataset": report.dataset,
        "runs": [run.model_dump(mode="json") for run in report.runs],
        "skipped": list(report.skipped),
        "failures": [{"model": failure.model, "reason": failure.reason} for failure in report.failures],
    }


def _print_table(report: MeasureReport, protocol: Protocol) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not report.runs:
        return
    table = Table(title=escape(f"{report.dataset}, {protocol.description}: measured top-1 accuracy"))
    table.add_column("model", overflow="fold")
    for heading in ("accuracy", "seed", "trained on", "tested on", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for run in report.runs:
        seconds = run.hyperparameters["seconds"]
        table.add_row(
            escape(run.model),
            *(f"{run.value:.3f}", str(run.seed), f"{run.train_size:,}", f"{run.test_size:,}", f"{seconds:.1f}"),
        )
    console = Console()
    console.print(table)
    if report.skipped:
        some = ", ".join(report.skipped[:5])
        note = f"{len(report.skipped)} images cannot be read and were left out: {some}."
        console.print(note, highlight=False, markup=False)
