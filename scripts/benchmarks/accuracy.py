"""``zoograph benchmark``: the commands that measure the project itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.records.records import Protocol
from zoograph.scripts.benchmarks import distance as distance_study
from zoograph.scripts.benchmarks import influence as influence_study
from zoograph.scripts.benchmarks import ingest_speed, replay, scale, score_speed, warm
from zoograph.scripts.benchmarks import relatedness as relatedness_study

if TYPE_CHECKING:
    from zoograph.training.evaluation.suites import Result, Suite

app = typer.Typer(help="Measure the project: its speed and its accuracy.", no_args_is_help=True)
app.command("warm")(warm.warm)
app.command("scale")(scale.scale)
app.command("scores")(score_speed.scores)
app.command("relatedness")(relatedness_study.relatedness)
app.command("distance")(distance_study.distance)
app.command("influence")(influence_study.influence)
app.command("ingest")(ingest_speed.measure)
app.command("replay")(replay.replay)

Methods = Annotated[str, typer.Option(help="Names, separated by commas, or `all`.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the JSON, the CSV and the pictures.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Compute again what an earlier run has kept.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]


@app.command()
def domainnet(methods: Methods = "all", out: Out = None, fresh: Fresh = False, as_json: AsJson = False) -> None:
    """Complete the 270 DomainNet tasks under the ten published masks.

    Example: `zoograph benchmark domainnet --methods zoograph,gaussian-process,linear-regression`
    """
    from zoograph.training.evaluation.suites import domainnet_suite

    _run(domainnet_suite(), methods, out, fresh, as_json)


@app.command()
def transfergraph(methods: Methods = "all", out: Out = None, fresh: Fresh = False, as_json: AsJson = False) -> None:
    """Rank TransferGraph's models on each of its eight targets, with the target's records left out.

    Example: `zoograph benchmark transfergraph --methods zoograph,standardized-model-mean`
    """
    from zoograph.training.evaluation.suites import transfergraph_suite

    _run(transfergraph_suite(), methods, out, fresh, as_json)


@app.command()
def glyphs(
    methods: Methods = "standardized-model-mean,linear-regression,gaussian-process,zoograph,"
    "zoograph-without-scores,zoograph-without-relations,zoograph-without-influences",
    out: Out = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Hold every transferability score against measured accuracy on the glyph zoo, and say what its edges are worth.

    Example: `zoograph benchmark glyphs --methods zoograph,zoograph-without-scores`
    """
    from zoograph.training.evaluation.suites import glyphs_suite

    _run(glyphs_suite(), methods, out, fresh, as_json)


@app.command()
def custom(
    protocol: Annotated[str, typer.Option(help="Which records are left out, such as `leave_one_family_out`.")],
    runs: Annotated[
        Path | None, typer.Option(help="Your runs, a file that `ingest` reads. Default: the store.")
    ] = None,
    models: Annotated[Path | None, typer.Option(help="Your models: a column `id` or `model`.")] = None,
    datasets: Annotated[Path | None, typer.Option(help="Your datasets: a column `id` or `dataset`.")] = None,
    transfer: Annotated[
        Protocol, typer.Option(help="Whose runs: a retrained head or full fine-tuning.")
    ] = Protocol.HEAD,
    seeds: Annotated[int, typer.Option(min=1, help="How often a protocol that draws is drawn.")] = 1,
    methods: Methods = "linear-regression,gaussian-process,zoograph",
    out: Out = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Benchmark any protocol on the store, or on your own tables.

    Example: `zoograph benchmark custom --protocol leave_one_family_out --methods linear-regression`
    """
    from zoograph.training.evaluation.suites import custom_suite

    if runs is None and (models is not None or datasets is not None):
        raise ZoographError("'--models' and '--datasets' describe your own '--runs': give those too.")
    _run(custom_suite(protocol, runs, models, datasets, transfer, seeds), methods, out, fresh, as_json)


def _run(suite: Suite, methods: str, out: Path | None, fresh: bool, as_json: bool) -> None:
    from zoograph.scripts.terminal.progress import count_bar
    from zoograph.training.evaluation.suites import answers_folder, chosen_methods, run_suite

    names = chosen_methods(suite, methods)
    folder = answers_folder(suite)
    if fresh:
        for path in folder.glob("*.safetensors"):
            path.unlink()
    with count_bar(suite.num_answers(names)) as advance:
        result = run_suite(suite, names, folder, advance)
    if out is not None:
        from zoograph.scripts.benchmarks.files import write_files

        write_files(suite, result, out)
    if as_json:
        typer.echo(json.dumps({**result.as_dict(), "notes": suite.notes}, indent=1))
    else:
        _print(suite, result)


def _print(suite: Suite, result: Result) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from zoograph.scripts.terminal.scores import print_quality
    from zoograph.training.evaluation.table import ERROR_COLUMNS, INTERVAL_COLUMNS, PROJECT, RANKING_COLUMNS

    if result.scores:
        print_quality(result.scores)
    console = Console()
    console.print(f"[bold]{suite.title}[/bold]")
    for title, rows, columns in (
        ("Ranking, on cells that were never given", result.rows, RANKING_COLUMNS),
        (
            "Error and intervals, on cells that were never given",
            result.rows,
            (*ERROR_COLUMNS, *INTERVAL_COLUMNS),
        ),
        (suite.interval_title, result.interval_rows, INTERVAL_COLUMNS),
    ):
        shown = [c for c in columns if c.printed and any(c.name in row.cells for row in rows)]
        if not shown:
            continue
        table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False, padding=(0, 1))
        table.add_column("method", no_wrap=True)
        for column in shown:
            table.add_column(column.heading, justify="right", no_wrap=True)
        for row in rows:
            cells = [f"{row.cells[c.name].mean:.{c.digits}f}" if c.name in row.cells else "–" for c in shown]
            style = "bold" if row.method == PROJECT else None
            table.add_row(row.method, *cells, style=style)
        console.print(table)
    for name, values in result.per_target.items():
        console.print(f"{name}: " + _sentence(values), highlight=False)
    for versus in result.comparisons:
        console.print(
            f"zoograph against {versus.baseline}, {versus.loss}: {versus.difference:+.4f} "
            f"(95 % bootstrap over datasets {versus.lower:+.4f} to {versus.upper:+.4f}, p = {versus.p:.3f}; "
            "negative is better)",
            highlight=False,
        )
    constant = min(row.num_undefined for row in result.rows)
    if constant:
        console.print(
            f"{constant} of {result.rows[0].num_rankings} rankings have no correlation, because measured or predicted "
            "accuracies are all the same, and count in no mean of one.",
            highlight=False,
        )
    for note in suite.notes:
        console.print(note, highlight=False)


def _sentence(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in values.items())
