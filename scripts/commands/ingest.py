"""``ingest``: measured accuracies from files, trackers and model cards come into the store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import zoograph
from zoograph.data.ingest.tables import Keep
from zoograph.data.ingest.values.units import Unit
from zoograph.data.records.records import Metric, Protocol
from zoograph.scripts.terminal.documents import describe_ingest
from zoograph.scripts.terminal.options import AsJson, DryRun
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.program import FAILED, WRONG
from zoograph.scripts.terminal.progress import progress_bar

if TYPE_CHECKING:
    from zoograph.data.ingest.report import IngestReport


def ingest(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE…",
            help="CSV, JSON or Parquet: one run a row, models × datasets, or the history or results of a training.",
        ),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="The column of a field, such as `accuracy=eval_acc`."),
    ] = None,
    model: Annotated[str, typer.Option(help="Model of all rows that name none.", show_default=False)] = "",
    dataset: Annotated[str, typer.Option(help="Dataset of all rows that name none.", show_default=False)] = "",
    protocol: Annotated[Protocol, typer.Option(help="Protocol of rows that name none.")] = Protocol.HEAD,
    metric: Annotated[Metric, typer.Option(help="Metric of rows that name none.")] = Metric.TOP1,
    unit: Annotated[
        Unit | None,
        typer.Option(help="Unit of the values. Default: decided for each file by the majority of its values."),
    ] = None,
    keep: Annotated[
        Keep | None,
        typer.Option(
            help="Which value of a training's history is its result. Default: the last, or what the Trainer kept."
        ),
    ] = None,
    scores: Annotated[
        bool, typer.Option("--scores", help="The values are transferability scores such as LogME, not accuracies.")
    ] = False,
    score: Annotated[
        str,
        typer.Option(metavar="NAME", help="Score of rows that name none, such as `logme`.", show_default=False),
    ] = "",
    source: Annotated[
        str, typer.Option(help="Source of rows that name none; runs of different sources are different runs.")
    ] = "own records",
    add_unknown: Annotated[
        bool, typer.Option("--add-unknown", help="Also take models and datasets of which only the name is known.")
    ] = False,
    mlflow: Annotated[
        str | None, typer.Option(metavar="URI", help="Read the finished runs of MLflow: folder, database or server.")
    ] = None,
    experiment: Annotated[str | None, typer.Option(help="Name of an experiment of MLflow. Default: all.")] = None,
    wandb: Annotated[
        str | None,
        typer.Option(metavar="EXPORT", help="Read runs of Weights & Biases: an exported file, or `entity/project`."),
    ] = None,
    model_card: Annotated[
        list[Path] | None,
        typer.Option("--model-card", metavar="FILE", help="Read the results in a model card or in `.eval_results`."),
    ] = None,
    mteb: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Read the classifications in a folder of MTEB's or MIEB's results."),
    ] = None,
    dry_run: DryRun = False,
    rejects: Annotated[
        Path | None,
        typer.Option(help="File for the rows that do not go in. Default: one in the state folder, if there are any."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring measured accuracies, or scores, into the store, in one batch that `zoograph undo` can take back.

    Rows that cannot be understood, and models and datasets that are not known, are left out and written down with
    the reason; the exit code is 1 then, and 2 if there is nothing to store. A file that is in doubt as a whole, such
    as one that changes its unit half-way, is refused. The same file twice adds nothing.

    Example: `zoograph ingest runs.csv --map accuracy=eval_acc --protocol finetune`
    """
    if not files and mlflow is None and wandb is None and not model_card and mteb is None:
        raise typer.BadParameter("give a file, or --mlflow, --wandb, --model-card or --mteb.")
    if (scores or score) and mteb is not None:
        raise typer.BadParameter("--mteb reads accuracies: give scores in a call of their own.")
    with progress_bar("Reading the files"):
        report = zoograph.ingest(
            *(files or ()),
            mapping=_parse_mapping(mapping or []),
            protocol=protocol,
            metric=metric,
            source=source,
            unit=unit,
            add_unknown=add_unknown,
            rejects=rejects,
            dry_run=dry_run,
            mlflow=mlflow,
            experiment=experiment,
            wandb=wandb,
            model_cards=model_card or (),
            mteb=mteb,
            model=model,
            dataset=dataset,
            scores=scores,
            score_name=score,
            keep=keep,
        )
    if as_json:
        print_json("ingest", describe_ingest(report), report.notes)
    else:
        _print_table(report)
        print_notes(report.notes)
    if report.num_left_out:
        raise typer.Exit(FAILED)
    if not any(table.good for table in report.tables):  # runs that were known are good ones too
        print(f"Failed: there are no {report.kind} with a value to store.", file=sys.stderr)
        raise typer.Exit(WRONG)


def _parse_mapping(pairs: list[str]) -> dict[str, str]:
    parts = [pair.partition("=") for pair in pairs]
    for name, sign, column in parts:
        if not (name and sign and column):
            raise typer.BadParameter(f"--map needs FIELD=COLUMN (got '{name}{sign}{column}').")
    return {name: column for name, _, column in parts}


def _print_table(report: IngestReport) -> None:
    print_table(
        report.title,
        ("file", "layout", "unit", "good", "rejected", "unknown name"),
        [
            (row.name, row.layout, row.unit or "–", f"{row.good:,}", f"{row.rejected:,}", f"{row.held_back:,}")
            for row in report.tables
        ],
        names={"file"},
    )
