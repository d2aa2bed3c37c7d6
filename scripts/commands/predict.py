"""``predict``: the accuracy of a model on a dataset, or on every task of a family."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from zoograph.data.records.records import Protocol
from zoograph.training.answers import predict as answers
from zoograph.training.answers.predict import Answer


def predict(
    model: Annotated[str, typer.Option(help="A model of the zoo, or any name that timm knows.")],
    dataset: Annotated[
        str,
        typer.Option(help="A dataset, a family of datasets, or a folder of images with one sub-folder a class."),
    ],
    protocol: Annotated[
        Protocol | None,
        typer.Option(help="How the model is transferred. Default: as the dataset was measured."),
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Kind of images in a folder, such as `sketch` or `photo`.")] = None,
    encoder: Annotated[
        str | None, typer.Option(help="Text encoder: a hub id or a local path. Default: all-MiniLM-L6-v2.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Predict the accuracy of a pre-trained model on a dataset, with a 90 % interval.

    A measured pair is predicted without its own record, so that the two can be compared.

    Example: `predict --model convnext_tiny --dataset clipart_32`
    """
    from zoograph.scripts.terminal.progress import progress_bar

    with progress_bar("Training the predictor (first call only)") as progress:
        answer = answers.predict(model, dataset, protocol, domain, encoder, progress, warn=_warn)
    if as_json:
        json.dump(_as_dict(answer), sys.stdout, indent=1)
        print()
    else:
        print_answer(answer)


def _warn(message: str) -> None:
    print(f"Warning: {message}", file=sys.stderr)


def _as_dict(answer: Answer) -> dict[str, object]:
    return {
        "model": answer.model,
        "dataset": answer.dataset,
        "protocol": answer.protocol.value,
        "predictor": asdict(answer.provenance),
        "tasks": [asdict(row) for row in answer.rows],
        "mean": asdict(answer.mean),
    }


def print_answer(answer: Answer) -> None:
    """Print the table and its footnotes."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    title = f"{answer.model} on {answer.dataset}, {answer.protocol.description}: top-1 accuracy"
    table = Table(title=escape(title))
    table.add_column("dataset", overflow="fold")
    for heading in ("predicted", "90 % interval", "linear regression", "measured"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in answer.rows:
        table.add_row(
            escape(row.dataset),
            *_cells(row.predicted, row.lower, row.upper, row.linear_regression, row.measured),
        )
    if len(answer.rows) > 1:
        mean = answer.mean
        table.add_section()
        table.add_row(
            f"mean of {len(answer.rows)}",
            *_cells(mean.predicted, mean.lower, mean.upper, mean.linear_regression, mean.measured),
            style="bold",
        )
    console = Console()
    console.print(table)
    console.print("\n".join(_footnotes(answer)), highlight=False, markup=False)


def _cells(predicted: float, lower: float, upper: float, baseline: float, measured: float | None) -> Sequence[str]:
    return (
        f"{predicted:.3f}",
        f"{lower:.3f} – {upper:.3f}",
        f"{baseline:.3f}",
        "–" if measured is None else f"{measured:.3f}",
    )


def _footnotes(answer: Answer) -> list[str]:
    known = answer.provenance
    notes = [
        f"Predicts the accuracy of a {answer.protocol.description}"
        f", learned from {known.records:,} records; predictor {known.version}, trained {known.age}."
    ]
    if known.newer_records:
        notes.append(f"{known.newer_records:,} newer records wait in the store: they are not in this answer.")
    if any(row.measured is not None for row in answer.rows):
        notes.append("A measured pair is predicted without its own record.")
    if answer.new:
        notes.append(f"Known by its card alone: {', '.join(answer.new)}.")
    return notes
