"""``zoograph benchmark distance``: how far fine-tuning went on the glyph zoo, and what explains it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from zoograph.scripts.pictures.style import require_matplotlib
from zoograph.scripts.terminal.options import AsJson, Out
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

if TYPE_CHECKING:
    from zoograph.training.studies.distance.regression import Coefficient, Regression
    from zoograph.training.studies.distance.report import DistanceStudyReport

HEADINGS = {"gap": "G", "spread": "D", "log_images": "log N", "log_steps": "log steps"}


def distance(
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Tune the glyph zoo's fine-tuned pairs again, compare their weights, and regress log T on G, D and log N.

    It reads what `zoograph zoo measure glyphs` has left, and takes ten minutes of one core; finished pairs are kept.

    Example: `zoograph benchmark distance --out docs/why`
    """
    if out is not None:
        require_matplotlib()
    from zoograph.data.collections.glyphs.plan import full_plan
    from zoograph.data.home import make_home
    from zoograph.scripts.terminal.progress import count_bar
    from zoograph.training.runtime.threads import one_thread
    from zoograph.training.studies.distance.report import report_study
    from zoograph.training.studies.distance.study import DistanceStudy
    from zoograph.training.studies.glyph_zoo.study import run_study
    from zoograph.training.studies.glyph_zoo.work import GlyphFiles

    plan, home = full_plan(), make_home()
    files = GlyphFiles(plan, home / "glyphs" / plan.digest())
    study = DistanceStudy(files, home / "cache" / "distance" / plan.digest())
    with count_bar(study.num_pieces) as begin, one_thread():
        run_study(study, begin)
    report = report_study(study)
    if out is not None:
        write_study(report, out)
    if as_json:
        print_json("benchmark distance", json.loads(report.model_dump_json()), _notes(report))
    else:
        _print(report)


def write_study(report: DistanceStudyReport, out: Path) -> None:
    """Write the JSON and the two pictures of a study to a folder, which is made if it is not there.

    Raises:
        ZoographError: if matplotlib is not installed, or the folder cannot be written to.
    """
    from zoograph.scripts.benchmarks.results_folder import write_results
    from zoograph.scripts.pictures.distance import draw_blocks, draw_forest

    figures = {"distance-blocks.png": draw_blocks(report.pairs), "distance-forest.png": draw_forest(report)}
    write_results(out, "distance.json", report, figures)


def _print(report: DistanceStudyReport) -> None:
    print_table(
        "T of the fine-tuned pairs",
        ("architecture", "pairs", "lower quartile", "median", "upper quartile"),
        [
            (row.architecture, str(row.num_pairs), *(f"{x:.2f}" for x in (row.lower, row.median, row.upper)))
            for row in report.summary
        ],
        names={"architecture"},
    )
    rows = [
        (one.name, *_cells(one)[:3], f"{one.intercept:.2f}", f"{one.within:.2f}")
        for one in (report.pooled, *report.architectures)
    ]
    for one in report.published:
        values = (f"{value:+.2f}" for value in one.coefficients)
        rows.append((f"{one.architecture}, published", *values, f"{one.intercept:.2f}", ""))
    print_table(
        "log T on standardised regressors (± 95 %)",
        ("regression", *list(HEADINGS.values())[:3], "mean", "R²"),
        rows,
        names={"regression"},
    )
    print_table(
        "The same over all models, with something else",
        ("regression", *HEADINGS.values(), "R²"),
        [(one.name, *_cells(one), f"{one.within:.2f}") for one in report.variants],
        names={"regression"},
    )
    print_notes(_notes(report))


def _notes(report: DistanceStudyReport) -> list[str]:
    num_moved = len(report.pairs) - report.num_unmoved
    return [
        *(f"|{HEADINGS[excess.name]}| less |G|, all models: {_cell(excess)}." for excess in report.pooled.weaker_than),
        f"{report.num_unmoved} of {len(report.pairs)} pairs have a block that did not move (T infinite) and are in no "
        "regression.",
        f"log T goes with the accuracy after fine-tuning at r = {report.accuracy:.2f} ({num_moved} pairs, models' "
        "means taken off).",
        f"{report.num_alike} of {report.num_measured} pairs reached the accuracy that the zoo measured.",
    ]


def _cells(regression: Regression) -> list[str]:
    found = {one.name: one for one in regression.coefficients}
    return [_cell(found[name]) if name in found else "" for name in HEADINGS]


def _cell(one: Coefficient) -> str:
    return f"{one.value:+.2f} ± {one.upper - one.value:.2f}"
