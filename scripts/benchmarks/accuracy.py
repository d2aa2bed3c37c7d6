"""``zoograph benchmark``: the commands that measure the project itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.records.records import Protocol
from zoograph.scripts.benchmarks import (
    champions,
    collections,
    language,
    poison_rates,
    reliability,
    replay,
    scale,
)
from zoograph.scripts.benchmarks import distance as distance_study
from zoograph.scripts.benchmarks import influence as influence_study
from zoograph.scripts.benchmarks import relatedness as relatedness_study
from zoograph.scripts.benchmarks.speed import (
    devices,
    hub,
    ingest_speed,
    loader,
    score_speed,
    serve_speed,
    store_sizes,
    warm,
)
from zoograph.scripts.campaigns.where import Executor, Processes, RayAddress, make_where
from zoograph.scripts.pictures.style import require_matplotlib
from zoograph.scripts.terminal.messages import goes_on
from zoograph.scripts.terminal.options import AsJson, Fresh, OneProtocol, Out
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.program import MAINTAINERS, new_app
from zoograph.scripts.terminal.progress import count_bar, progress_bar

if TYPE_CHECKING:
    from zoograph.training.evaluation.suites import MadeBy, Result, Suite
    from zoograph.training.evaluation.table import Column, Row
    from zoograph.training.executors.executor import Where

app = new_app("Measure the project: its speed and its accuracy.")
_STUDIES: dict[str, Callable[..., None]] = {
    "warm": warm.warm,
    "scale": scale.scale,
    "hub": hub.hub,
    "sizes": store_sizes.sizes,
    "scores": score_speed.scores,
    "devices": devices.devices,
    "loader": loader.loader,
    "relatedness": relatedness_study.relatedness,
    "distance": distance_study.distance,
    "influence": influence_study.influence,
    "ingest": ingest_speed.measure,
    "serve": serve_speed.serve,
    "replay": replay.replay,
    "poison": poison_rates.poison,
    "champions": champions.champions,
    "language": language.language,
}
for _name, _study in _STUDIES.items():
    app.command(_name, rich_help_panel=MAINTAINERS)(_study)

app.command("collections", rich_help_panel="Accuracy")(collections.collections)
app.command("reliability", rich_help_panel="Accuracy")(reliability.reliability)

Methods = Annotated[str, typer.Option(help="Names, separated by commas, or `all`.")]


@app.command(rich_help_panel="Accuracy")
def domainnet(
    methods: Methods = "all",
    executor: Executor = "local",
    processes: Processes = 2,
    ray_address: RayAddress = None,
    out: Out = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Complete the 270 DomainNet tasks under the ten published masks.

    Example: `zoograph benchmark domainnet --methods zoograph,gaussian-process,linear-regression`
    """
    from zoograph.training.evaluation.suites import domainnet_suite

    where = make_where(executor, processes, ray_address)
    _run((domainnet_suite, ()), methods, where, out, fresh, as_json)


@app.command(rich_help_panel="Accuracy")
def transfergraph(
    methods: Methods = "all",
    executor: Executor = "local",
    processes: Processes = 2,
    ray_address: RayAddress = None,
    out: Out = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Rank TransferGraph's models on each of its eight targets, with the target's records left out.

    Example: `zoograph benchmark transfergraph --methods zoograph,standardized-model-mean`
    """
    from zoograph.training.evaluation.suites import transfergraph_suite

    where = make_where(executor, processes, ray_address)
    _run((transfergraph_suite, ()), methods, where, out, fresh, as_json)


@app.command(rich_help_panel="Accuracy")
def glyphs(
    methods: Methods = "standardized-model-mean,linear-regression,gaussian-process,zoograph,"
    "zoograph-without-scores,zoograph-without-relations,zoograph-without-influences",
    executor: Executor = "local",
    processes: Processes = 2,
    ray_address: RayAddress = None,
    out: Out = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Hold every transferability score against measured accuracy on the glyph zoo, and say what its edges are worth.

    Example: `zoograph benchmark glyphs --methods zoograph,zoograph-without-scores`
    """
    from zoograph.training.evaluation.suites import glyphs_suite

    where = make_where(executor, processes, ray_address)
    _run((glyphs_suite, ()), methods, where, out, fresh, as_json)


@app.command(rich_help_panel="Accuracy")
def custom(
    folds: Annotated[str, typer.Option(help="Which records are left out, such as `leave_one_family_out`.")],
    runs: Annotated[
        Path | None, typer.Option(help="Your runs, a file that `ingest` reads. Default: the store.")
    ] = None,
    models: Annotated[Path | None, typer.Option(help="Your models: a column `id` or `model`.")] = None,
    datasets: Annotated[Path | None, typer.Option(help="Your datasets: a column `id` or `dataset`.")] = None,
    protocol: OneProtocol = Protocol.HEAD,
    seeds: Annotated[int, typer.Option(min=1, help="How often folds that are drawn are drawn.")] = 1,
    methods: Methods = "linear-regression,gaussian-process,zoograph",
    executor: Executor = "local",
    processes: Processes = 2,
    ray_address: RayAddress = None,
    out: Out = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Benchmark methods on any folds of the store, or of your own tables.

    Example: `zoograph benchmark custom --folds leave_one_family_out --methods linear-regression`
    """
    if runs is None and (models is not None or datasets is not None):
        raise ZoographError("'--models' and '--datasets' describe your own '--runs': give those too.")
    from zoograph.training.evaluation.suites import custom_suite

    where = make_where(executor, processes, ray_address)
    tables = (path and path.absolute() for path in (runs, models, datasets))
    _run((custom_suite, (folds, *tables, protocol, seeds)), methods, where, out, fresh, as_json)


def _run(made_by: MadeBy, methods: str, where: Where, out: Path | None, fresh: bool, as_json: bool) -> None:
    from zoograph.training.evaluation.elsewhere import work_out
    from zoograph.training.evaluation.suites import answers_folder, answers_to_come, chosen_methods, run_suite

    if out is not None:
        require_matplotlib()
    make_suite, arguments = made_by
    suite = make_suite(*arguments)
    names = chosen_methods(suite, methods)
    folder = answers_folder(suite)
    if fresh:
        for path in folder.glob("*.safetensors"):
            path.unlink()
    with goes_on("Answers are"):
        with progress_bar("Answering") as progress:
            work_out(answers_to_come(suite, made_by, names, folder), where, progress)
        with count_bar(suite.num_answers(names)) as advance:
            result = run_suite(suite, names, folder, advance)
    if out is not None:
        from zoograph.scripts.benchmarks.files import write_files

        write_files(suite, result, out)
    if as_json:
        print_json("benchmark", result.as_dict(), _notes(suite, result))
    else:
        _print(suite, result)


def _print(suite: Suite, result: Result) -> None:
    from zoograph.scripts.terminal.printed.scores import print_quality
    from zoograph.training.evaluation.table import ERROR_COLUMNS, INTERVAL_COLUMNS, RANKING_COLUMNS

    if result.scores:
        print_quality(result.scores)
    print_notes([suite.title])
    _print_table("Ranking, on cells that were never given", result.rows, RANKING_COLUMNS)
    columns = (*ERROR_COLUMNS, *INTERVAL_COLUMNS)
    _print_table("Error and intervals, on cells that were never given", result.rows, columns)
    _print_table(suite.interval_title, result.interval_rows, INTERVAL_COLUMNS)
    print_notes(_notes(suite, result))


def _print_table(title: str, rows: list[Row], columns: Sequence[Column]) -> None:
    """Print the columns that have a value in some row."""
    from zoograph.training.evaluation.table import PROJECT

    shown = [c for c in columns if c.printed and any(c.name in row.cells for row in rows)]
    if not shown:
        return
    print_table(
        title,
        ("method", *(column.heading for column in shown)),
        [
            (row.method, *(f"{row.cells[c.name].mean:.{c.digits}f}" if c.name in row.cells else "–" for c in shown))
            for row in rows
        ],
        names={"method"},
        bold={place for place, row in enumerate(rows) if row.method == PROJECT},
    )


def _notes(suite: Suite, result: Result) -> list[str]:
    notes = [f"{name}: {_sentence(values)}" for name, values in result.per_target.items()]
    notes += [
        f"zoograph against {versus.baseline}, {versus.loss}: {versus.difference:+.4f} "
        f"(95 % bootstrap over {versus.num_units} {versus.units} {versus.lower:+.4f} to {versus.upper:+.4f}, "
        f"p = {versus.p:.3f}; negative is better)"
        for versus in result.comparisons
    ]
    if constant := min(row.num_undefined for row in result.rows):
        notes.append(
            f"{constant} of {result.rows[0].num_rankings} rankings have no correlation, because measured or predicted "
            "accuracies are all the same, and count in no mean of one."
        )
    return [*notes, *suite.notes]


def _sentence(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in values.items())
