"""``zoograph benchmark relatedness``: the bound on the glyph zoo, beside other scores, with less and less data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from zoograph.scripts.pictures.style import require_matplotlib
from zoograph.scripts.terminal.options import AsJson, Out
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

if TYPE_CHECKING:
    from zoograph.training.studies.relatedness.report import RelatednessStudyReport

_TITLES = {
    "models": "with retrained heads over models, mean of the targets",
    "targets": "with retrained heads over targets, mean of the models",
    "finetuned": "with full fine-tuning, pairs with as many classes held together",
}


def relatedness(
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Hold task-relatedness against measured accuracy on the glyph zoo, beside other scores, by share of data.

    It reads what `zoograph zoo measure glyphs` has left, and takes half an hour of one core; finished pairs are kept.

    Example: `zoograph benchmark relatedness --out docs/relatedness`
    """
    if out is not None:
        require_matplotlib()
    from zoograph.data.collections.glyphs.plan import full_plan
    from zoograph.data.home import make_home
    from zoograph.scripts.terminal.progress import count_bar
    from zoograph.training.runtime.threads import one_thread
    from zoograph.training.studies.glyph_zoo.study import run_study
    from zoograph.training.studies.glyph_zoo.work import GlyphFiles
    from zoograph.training.studies.relatedness.report import report_study
    from zoograph.training.studies.relatedness.study import RelatednessStudy

    plan, home = full_plan(), make_home()
    files = GlyphFiles(plan, home / "glyphs" / plan.digest())
    study = RelatednessStudy(files, home / "cache" / "relatedness" / plan.digest())
    with count_bar(study.num_pieces) as begin, one_thread():
        run_study(study, begin)
    report = report_study(study)
    if out is not None:
        write_study(report, out)
    if as_json:
        print_json("benchmark relatedness", json.loads(report.model_dump_json()), _notes(report))
    else:
        _print(report)


def write_study(report: RelatednessStudyReport, out: Path) -> None:
    """Write the JSON and the two pictures of a study to a folder, which is made if it is not there.

    Raises:
        ZoographError: if matplotlib is not installed, or the folder cannot be written to.
    """
    from zoograph.scripts.benchmarks.results_folder import write_results
    from zoograph.scripts.pictures.relatedness import draw_parts, draw_shares

    figures = {"parts.png": draw_parts(report.parts), "shares.png": draw_shares(report.correlations, report.images)}
    write_results(out, "study.json", report, figures)


def _print(report: RelatednessStudyReport) -> None:
    shares = {f"{100 * share:g} %": share for share in report.images}
    found = {(row.score, row.share): row for row in report.correlations}
    for field, title in _TITLES.items():
        print_table(
            f"Pearson correlation {title}, by share of the target's images",
            ("score", *shares),
            [
                (score, *(f"{getattr(found[score, share], field):.3f}" for share in shares.values()))
                for score in dict.fromkeys(row.score for row in report.correlations)
            ],
            names={"score"},
        )
    print_table(
        f"Settings, mean over {report.num_compared} pairs: parts of the bound in nats, the distance times τ",
        ("setting", "bound", "reference", "labels", "distance", "seconds", "transport"),
        [
            (
                row.name,
                *(f"{x:.3f}" for x in (row.total, row.reference_loss, row.label_mismatch, row.distribution_mismatch)),
                f"{row.seconds:.1f}",
                f"{row.transport_seconds:.1f}",
            )
            for row in report.settings
        ],
        names={"setting"},
    )
    print_notes(_notes(report))


def _notes(report: RelatednessStudyReport) -> list[str]:
    return [
        f"The bound held for {100 * report.held:.1f} % of {report.num_pairs} pairs, {report.slack:.3f} nats above the "
        f"loss on average. Kendall's τ of the quick ranking with that of all samples: {report.quick_kendall:.3f}."
    ]
