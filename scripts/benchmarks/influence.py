"""``zoograph benchmark influence``: influences of source classes on the glyph zoo, and of a planted case."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.errors import ZoographError
from zoograph.scripts.pictures.style import require_matplotlib
from zoograph.scripts.terminal.options import AsJson, Device, Out, Processes, split_names
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

if TYPE_CHECKING:
    from zoograph.training.analysis.influence.ensembles import EnsembleRunner
    from zoograph.training.studies.influence.report import InfluenceStudyReport, PairReport, PlantedReport


def influence(
    sources: Annotated[str, typer.Option(help="Corpora, separated by commas.")] = "latin,eastern,symbols",
    models: Annotated[int, typer.Option(min=1, help="Models of each source that influences rest on.")] = 200,
    processes: Processes = 2,
    device: Device = "auto",
    planted: Annotated[bool, typer.Option("--planted", help="The planted case alone.")] = False,
    unit: Annotated[str, typer.Option(help="Of the planted case: `class` or `example`.")] = "class",
    speed: Annotated[
        str, typer.Option(help="Only measure the training of a model in groups of these sizes, such as `1,4,16`.")
    ] = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Estimate how the classes of three corpora influence six tasks of the glyph zoo, and train anew without some.

    It says first how many models it will train. What is finished is kept: a command that was stopped goes on.

    Example: `zoograph benchmark influence --out docs/why`
    """
    if out is not None:
        require_matplotlib()
    from zoograph.scripts.terminal.progress import stage_bar
    from zoograph.training.analysis.influence.ensembles import begin_runner
    from zoograph.training.measuring.subject import Subject
    from zoograph.training.studies.influence.study import SOURCES, StudyPlan, run_planted, run_study

    if unit != "class" and not planted:
        raise ZoographError(f"The study is about classes (got --unit {unit}). Add --planted, or leave --unit out.")
    if unknown := sorted(set(split_names(sources)) - set(SOURCES)):
        raise ZoographError(f"'--sources' must be among {', '.join(SOURCES)} (got '{unknown[0]}').")
    place = Subject((), "", device=device).place()
    with stage_bar() as tell, begin_runner(place, processes, tell) as runner:
        if speed:
            _print_speed(runner, speed, as_json)
            return
        plan = StudyPlan(tuple(split_names(sources)), models=models)
        study = None if planted else run_study(runner, plan, lambda words: print(words, file=sys.stderr))
        case = run_planted(runner, models, unit=unit) if study is None else study.planted
    if study is not None and out is not None:
        write_study(study, out)
    if as_json:
        report = json.loads((case if study is None else study).model_dump_json())
        notes = [*_planted_notes(case), *(_study_notes(study) if study else [])]
        print_json("benchmark influence --planted" if study is None else "benchmark influence", report, notes)
        return
    _print_planted(case)
    if study is not None:
        _print_pairs(study)


def _print_speed(runner: EnsembleRunner, sizes: str, as_json: bool) -> None:
    from zoograph.training.analysis.influence.recipe import Recipe
    from zoograph.training.analysis.influence.small_tasks import corpus_task

    source = corpus_task("latin")
    wanted = split_names(sizes)
    if not all(size.isdigit() and int(size) for size in wanted):
        raise typer.BadParameter(f"must be positive numbers with commas between them (got '{sizes}').")
    found = {int(size): runner.seconds_per_model(source, Recipe(), int(size)) for size in wanted}
    if as_json:
        print_json("benchmark influence --speed", {"device": runner.device, "seconds_per_model": found})
        return
    for size, seconds in found.items():
        typer.echo(f"{size} at once on {runner.device}: {seconds:.2f} seconds a model")


def write_study(report: InfluenceStudyReport, out: Path) -> None:
    """Write the JSON and the pictures of a study to a folder, made if it is not there.

    Raises:
        ZoographError: if matplotlib is not installed, or the folder cannot be written to.
    """
    from zoograph.scripts.benchmarks.results_folder import write_results
    from zoograph.scripts.pictures.influence import draw_curves, draw_extremes

    figures = {"influence-classes.png": draw_extremes(report), "influence-curves.png": draw_curves(report)}
    write_results(out, "influence.json", _as_json(report), figures)


def _as_json(report: InfluenceStudyReport) -> str:
    """Return the report with one line for each influence."""
    facts = report.model_dump(mode="json")
    rows = facts.pop("influences")
    lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return json.dumps(facts, indent=1, ensure_ascii=False)[:-2] + f',\n "influences": [\n  {lines}\n ]\n}}\n'


def _print_planted(report: PlantedReport) -> None:
    headings = list(next(iter(report.areas.values())))
    print_table(
        f"Planted case, {report.num_models} models: chance that one kind is ranked above another",
        ("outcome", *headings),
        [(name, *(f"{areas[heading]:.3f}" for heading in headings)) for name, areas in report.areas.items()],
        names={"outcome"},
    )
    print_notes(_planted_notes(report))


def _planted_notes(report: PlantedReport) -> list[str]:
    means = ", ".join(f"{kind} {value:+.4f}" for kind, value in report.means.items())
    return [
        f"Mean influence on accuracy: {means}; standard error {report.error:.4f}.",
        *(
            f"{point.removed} removed ({point.way}): accuracy {point.mean:.3f} ({point.low:.3f} – {point.high:.3f})"
            for point in report.curve
        ),
    ]


def _print_pairs(report: InfluenceStudyReport) -> None:
    print_table(
        "Accuracy of small models trained on half of the classes, and after removals",
        ("source → target", "accuracy", "chance", "not noise", *_removal_headings(report.pairs)),
        [
            (
                f"{_short(pair.source)} → {_short(pair.target)}",
                f"{pair.accuracy:.3f}",
                f"{pair.chance:.3f}",
                f"{100 * pair.reliability['correct']:.0f} %",
                *(f"{point.mean:.3f}" for point in pair.curve if _is_most(pair, point.removed)),
            )
            for pair in report.pairs
        ],
        names={"source → target"},
    )
    print_notes(_study_notes(report))


def _study_notes(report: InfluenceStudyReport) -> list[str]:
    order = ", ".join(f"{name} {100 * share:.0f} %" for name, share in report.right_order.items())
    return [
        *(
            f"Removal {change.number + 1} of the {change.way} classes: accuracy {100 * change.mean:+.1f} points "
            f"± {100 * change.error:.1f}, mean over pairs."
            for change in report.changes
        ),
        f"Removals in the right order, over pairs and numbers of classes: {order}.",
    ]


def _removal_headings(pairs: Sequence[PairReport]) -> list[str]:
    return [f"− {point.way}" for point in pairs[0].curve if _is_most(pairs[0], point.removed)] if pairs else []


def _is_most(pair: PairReport, removed: int) -> bool:
    return removed in (0, max(point.removed for point in pair.curve))


def _short(name: str) -> str:
    return name.removeprefix("glyph_").removeprefix("corpus_")
