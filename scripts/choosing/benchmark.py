"""``zoograph benchmark choose``: what choosing under a budget would have lost on collections that are measured."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.home import make_home
from zoograph.scripts.benchmarks.collections import ALL, LEFT_OUT, choose_limits, choose_names
from zoograph.scripts.campaigns.where import Executor, Processes, RayAddress, make_where
from zoograph.scripts.terminal.files import make_folder, write_into
from zoograph.scripts.terminal.messages import goes_on
from zoograph.scripts.terminal.options import AsJson, Fresh, Out
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import count_bar, progress_bar

if TYPE_CHECKING:
    from zoograph.training.choosing.replays.replay_table import Line, ReplayTable
    from zoograph.training.evaluation.collections.choosing import Limits
    from zoograph.training.executors.executor import Where

COLLECTIONS = ("domainnet", "transfergraph", "open-clip", "mieb", "clip-heads", "mteb", "glyphs")
PROTOCOLS = ("dataset_out", "probe_known")
_METHODS = "random,size,imagenet,mean-elsewhere"
_HEADINGS = ("policy", "area", "at first", "at last", "found", "stated", "true", "measured", "worst dataset")


def choose(
    collections: Annotated[str, typer.Option(help="Names, separated by commas, or `all`.")] = ALL,
    protocols: Annotated[
        str, typer.Option(help="`dataset_out`, `probe_known` (cheaper measurements are given), or `all`.")
    ] = ALL,
    most_datasets: Annotated[int, typer.Option(min=0, help="Questions of a collection at most; 0 for all.")] = 8,
    budget: Annotated[int, typer.Option(min=1, help="Measurements of a policy.")] = 10,
    quick: Annotated[bool, typer.Option("--quick", help="Two questions a collection.")] = False,
    executor: Executor = "local",
    processes: Processes = 2,
    ray_address: RayAddress = None,
    out: Out = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Hold a dataset out whole, let each policy measure models on it, and follow what its pick loses.

    What was replayed is kept, so that a stopped run goes on where it was.

    Example: `zoograph benchmark choose --collections clip-heads --quick`
    """
    from zoograph.training.evaluation.collections.catalogue import get_part

    where = make_where(executor, processes, ray_address)
    names, kinds = choose_names(collections, COLLECTIONS), choose_names(protocols, PROTOCOLS, LEFT_OUT)
    for name in names:
        get_part(name)
    if out is not None:
        make_folder(out)
    limits = choose_limits(quick, most_datasets, most_datasets)
    with goes_on("What was replayed is"):
        tables = [table for name in names for table in _tables(name, kinds, limits, budget, where, fresh)]
    content: dict[str, Any] = {"budget": budget, "tables": [table.model_dump() for table in tables]}
    if out is not None:
        text = json.dumps(content, indent=1, allow_nan=False) + "\n"
        write_into(out, {"choose.json": text, "choose.md": to_markdown(tables)})
    if as_json:
        print_json("benchmark choose", content)
        return
    for table in tables:
        if table.reason is None:
            print_table(title(table), _HEADINGS, cells(table), names={"policy", "worst dataset"}, bold={0})
        print_notes(notes(table))


def _tables(
    name: str, protocols: list[str], limits: Limits, budget: int, where: Where, fresh: bool
) -> list[ReplayTable]:
    from zoograph.training.choosing.replays.replay import replay_questions, replays_to_come
    from zoograph.training.choosing.replays.replay_table import SCORE, ReplayTable, tabulate
    from zoograph.training.evaluation.collections.catalogue import read_collection
    from zoograph.training.evaluation.collections.elsewhere import answers_to_come
    from zoograph.training.evaluation.collections.methods import rows_of
    from zoograph.training.evaluation.collections.running import CollectionRun
    from zoograph.training.evaluation.collections.tables import questions_of
    from zoograph.training.evaluation.elsewhere import work_out
    from zoograph.training.evaluation.metrics import MIN_CELLS

    part, home = read_collection(name), make_home() / "benchmarks"
    folder = home / "choose" / name
    if fresh:
        for path in folder.glob("*.json"):
            path.unlink()
    rows = [*rows_of(part, _METHODS), *(row for row in rows_of(part) if row.name.startswith(SCORE))]
    asked = {protocol: questions_of(part, protocol, limits) for protocol in protocols}
    count = sum(len(each.questions) for each in asked.values() if not isinstance(each, str))
    run, tables = CollectionRun(part, home / "collections" / name), []
    with progress_bar("Answering") as progress:
        chosen = {protocol: each.questions for protocol, each in asked.items() if not isinstance(each, str)}
        coming = [
            *(replays_to_come(run, protocol, each, limits, folder, budget) for protocol, each in chosen.items()),
            *(answers_to_come(run, protocol, each, rows, limits) for protocol, each in chosen.items()),
        ]
        work_out(chain.from_iterable(coming), where, progress)
    with count_bar(count * (1 + sum(row.lacking is None for row in rows))) as advance:
        for protocol, found in asked.items():
            table = ReplayTable(collection=name, protocol=protocol)
            if isinstance(found, str):
                tables.append(table.model_copy(update={"reason": found}))
                continue
            replayed = replay_questions(
                run, found.questions, rows, folder, budget, lambda policy: advance(f"{name}: {policy}")
            )
            if not replayed:
                tables.append(table.model_copy(update={"reason": f"No dataset has {MIN_CELLS} models to choose from."}))
                continue
            facts = {
                "num_questions": len(found.questions),
                "num_all": found.in_all,
                "num_datasets": len({record.dataset for record in replayed}),
                "lines": tabulate(replayed),
            }
            tables.append(table.model_copy(update=facts))
    return tables


def title(table: ReplayTable) -> str:
    """Return what a table is about."""
    about = f"{table.collection}, {table.protocol}"
    if table.reason is not None:
        return about
    return f"{about}: {table.num_questions} of {table.num_all} questions, {table.num_datasets} datasets"


def cells(table: ReplayTable) -> list[tuple[str, ...]]:
    """Return the rows of a table as text."""
    return [_cells(line) for line in table.lines]


def _cells(line: Line) -> tuple[str, ...]:
    stated = "–" if line.stated is None else f"{line.stated:.2f}"
    points = (f"{value:.2f}" for value in (line.area, line.first, line.last))
    worst = f"{line.worst} {line.worst_area:.2f}"
    return (line.policy, *points, f"{line.found:.0%}", stated, f"{line.true:.2f}", f"{line.measured:.1f}", worst)


def notes(table: ReplayTable) -> list[str]:
    """Return why there is no table, or how ``choose`` compares with the best other policy."""
    if table.reason is not None:
        return [f"{title(table)}: {table.reason}"]
    ratio = table.against_best
    return [] if ratio is None else [f"Area of choose: {ratio:.2f} times that of the best other policy."]


def to_markdown(tables: list[ReplayTable]) -> str:
    """Return all tables, a heading each."""
    parts = []
    for table in tables:
        parts.append(f"## {title(table)}")
        if table.reason is None:
            rows = (_HEADINGS, ("---",) * len(_HEADINGS), *cells(table))
            parts.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
        parts += [" ".join(notes(table))] if notes(table) and table.reason is None else [table.reason or ""]
    return "\n\n".join(part for part in parts if part) + "\n"
