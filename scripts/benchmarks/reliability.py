"""``zoograph benchmark reliability``: whether intervals, regret and the chance of being the best are as stated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.home import make_home
from zoograph.scripts.benchmarks.collections import ALL, Most, MostModels, choose_limits, choose_names
from zoograph.scripts.pictures.style import require_matplotlib
from zoograph.scripts.terminal.files import make_folder, write_into
from zoograph.scripts.terminal.messages import goes_on
from zoograph.scripts.terminal.options import AsJson, Fresh, Out
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import count_bar

if TYPE_CHECKING:
    from zoograph.training.evaluation.collections.choosing import Limits
    from zoograph.training.studies.reliability.report import Reliability

_SHOWN = (0, 1, 2, 3, 6, 8, 10, 11, 13, 14)  # what a terminal is wide enough for; files have every column


def reliability(
    collections: Annotated[str, typer.Option(help="Names, separated by commas, or `all`.")] = ALL,
    groups: Annotated[str, typer.Option(help="What is new, such as `warm,new dataset`, or `all`.")] = ALL,
    most_datasets: Annotated[int, Most] = 8,
    most_models: Annotated[int, MostModels] = 6,
    quick: Annotated[bool, typer.Option("--quick", help="Two questions a group.")] = False,
    out: Out = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Hold stated intervals, regret and chances of being the best against what was measured, group by group.

    The predictor learns without the collection that it is asked about. Answers are kept, those of `benchmark
    collections` among them, so that a stopped run goes on. `--out` takes JSON, Markdown and the diagram.

    Example: `zoograph benchmark reliability --collections pets --quick`
    """
    from zoograph.training.evaluation.collections.catalogue import PARTS, get_part
    from zoograph.training.studies.reliability.report import GROUPS

    names = choose_names(collections, list(PARTS))
    for name in names:
        get_part(name)
    kinds = choose_names(groups, list(GROUPS), "group")
    if out is not None:
        require_matplotlib()
        make_folder(out)
    limits = choose_limits(quick, most_datasets, most_models)
    with goes_on("Answers are"):
        report = _report(names, kinds, limits, fresh)
    if out is not None:
        from zoograph.scripts.pictures.reliability import draw_reliability
        from zoograph.scripts.pictures.style import to_png
        from zoograph.training.studies.reliability.markdown import to_markdown

        text = report.model_dump_json(indent=1) + "\n"
        picture = to_png(draw_reliability(report))
        write_into(out, {"reliability.json": text, "reliability.md": to_markdown(report), "reliability.png": picture})
    if as_json:
        print_json("benchmark reliability", report.model_dump())
    else:
        _print(report)


def _report(names: list[str], kinds: list[str], limits: Limits, fresh: bool) -> Reliability:
    import pandas as pd

    from zoograph.training.evaluation.collections import catalogue
    from zoograph.training.studies.reliability.report import ask_collection, summarise

    cells, ranked = [], []
    reasons: dict[str, str] = {}
    with count_bar(len(names) * len(kinds)) as advance:
        for name in names:
            folder = make_home() / "benchmarks" / "collections" / name
            if fresh:
                for path in folder.glob("*-stated-*.safetensors"):
                    path.unlink()
            asked, stated, why = ask_collection(catalogue.read_collection(name), folder, kinds, limits, advance)
            cells.append(asked)
            ranked.append(stated)
            reasons |= why
    if all(table.empty for table in cells):
        raise ZoographError(f"Nothing could be asked. {' '.join(reasons.values())}")
    return summarise(pd.concat(cells, ignore_index=True), pd.concat(ranked, ignore_index=True), reasons)


def _print(report: Reliability) -> None:
    from zoograph.training.studies.reliability.markdown import HEADINGS, NOTES, cells

    rows = [[text.strip("*") for text in cells(group)] for group in report.groups]
    print_table(
        "Stated and true, by group",
        [HEADINGS[place] for place in _SHOWN],
        [[row[place] for place in _SHOWN] for row in rows],
        names={"group", "collection", "worst dataset"},
    )
    print_notes([*NOTES, *(f"{name}: {reason}" for name, reason in report.reasons.items())])
