"""``zoograph benchmark collections``: every collection, every way of leaving something out, every baseline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.home import make_home
from zoograph.scripts.campaigns.where import Executor, Processes, RayAddress, make_where
from zoograph.scripts.terminal.files import make_folder, write_into
from zoograph.scripts.terminal.messages import goes_on
from zoograph.scripts.terminal.options import AsJson, Fresh, Out, split_names
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import count_bar, progress_bar

if TYPE_CHECKING:
    from zoograph.training.evaluation.collections.choosing import Limits
    from zoograph.training.evaluation.collections.tables import Table
    from zoograph.training.executors.executor import Where

ALL = "all"
LEFT_OUT = "way of leaving something out"
_QUICK = 2
Most = typer.Option(min=0, help="Questions of a protocol that leave out datasets or domains, at most; 0 for all.")
MostModels = typer.Option(min=0, help="Questions of a protocol that leave out models, at most; 0 for all.")


def collections(
    collections: Annotated[str, typer.Option(help="Names, separated by commas, or `all`.")] = ALL,
    protocols: Annotated[str, typer.Option(help="What is left out: names, separated by commas, or `all`.")] = ALL,
    methods: Annotated[
        str, typer.Option(help="Names, separated by commas, or `all`; `gat` takes hours and is not among them.")
    ] = ALL,
    most_datasets: Annotated[int, Most] = 8,
    most_models: Annotated[int, MostModels] = 6,
    quick: Annotated[bool, typer.Option("--quick", help="Two questions a protocol.")] = False,
    executor: Executor = "local",
    processes: Processes = 2,
    ray_address: RayAddress = None,
    out: Out = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Leave datasets, domains, models, families or the whole out of every collection, and judge every method.

    Answers are kept, so that a stopped run goes on where it was.

    Example: `zoograph benchmark collections --collections pets,mieb --protocols collection_out --methods size,gmacs`
    """
    from zoograph.training.evaluation.collections.catalogue import PARTS, get_part
    from zoograph.training.evaluation.collections.markdown import to_markdown
    from zoograph.training.evaluation.collections.questions import PROTOCOLS

    where = make_where(executor, processes, ray_address)
    names = choose_names(collections, list(PARTS))
    for name in names:
        get_part(name)
    kinds = choose_names(protocols, list(PROTOCOLS), LEFT_OUT)
    if out is not None:
        make_folder(out)
    limits = choose_limits(quick, most_datasets, most_models)
    with goes_on("Answers are"):
        tables = [table for name in names for table in _tables(name, kinds, methods, limits, where, fresh)]
    content = {"tables": [table.model_dump() for table in tables]}
    if out is not None:
        text = json.dumps(content, indent=1, allow_nan=False) + "\n"
        write_into(out, {"collections.json": text, "collections.md": to_markdown(tables)})
    if as_json:
        print_json("benchmark collections", content)
    else:
        _print(tables)


def choose_names(text: str, known: Sequence[str], kind: str | None = None) -> list[str]:
    """Return the names that were given, separated by commas; all that are known for ``all``.

    Args:
        text: as it was given.
        known: valid names.
        kind: what a name is of, such as ``group``; None where somebody else looks at them.

    Raises:
        ZoographError: if a name of a kind is not known.
    """
    names = list(known) if text == ALL else split_names(text)
    for name in names if kind else ():
        if name not in known:
            raise ZoographError(f"'{name}' is no {kind}. Valid names: {', '.join(known)}.")
    return names


def choose_limits(quick: bool, most_datasets: int, most_models: int) -> Limits:
    """Return how many questions are asked at most: two where it is to be quick, and all where the option says 0."""
    from zoograph.training.evaluation.collections.choosing import Limits

    return Limits(_QUICK, _QUICK) if quick else Limits(most_datasets or None, most_models or None)


def _tables(name: str, protocols: list[str], methods: str, limits: Limits, where: Where, fresh: bool) -> list[Table]:
    from zoograph.training.evaluation.collections.catalogue import read_collection
    from zoograph.training.evaluation.collections.elsewhere import answers_to_come
    from zoograph.training.evaluation.collections.methods import rows_of
    from zoograph.training.evaluation.collections.running import CollectionRun
    from zoograph.training.evaluation.collections.tables import make_table, questions_of
    from zoograph.training.evaluation.elsewhere import work_out

    part = read_collection(name)
    folder = make_home() / "benchmarks" / "collections" / name
    if fresh:
        for path in folder.glob("*.safetensors"):
            path.unlink()
    rows = rows_of(part, methods)
    asked = {protocol: questions_of(part, protocol, limits) for protocol in protocols}
    chosen = {protocol: each.questions for protocol, each in asked.items() if not isinstance(each, str)}
    count, run = sum(map(len, chosen.values())), CollectionRun(part, folder)
    with progress_bar("Answering") as progress:
        coming = (answers_to_come(run, protocol, each, rows, limits) for protocol, each in chosen.items())
        work_out(chain.from_iterable(coming), where, progress)
    with count_bar(count * sum(row.lacking is None for row in rows)) as advance:
        return [
            make_table(run, protocol, rows, limits, lambda method: advance(f"{name}: {method}"))
            for protocol in protocols
        ]


def _print(tables: list[Table]) -> None:
    from zoograph.training.evaluation.collections.markdown import cells, headings, notes, title
    from zoograph.training.evaluation.table import PROJECT

    for table in tables:
        if table.reason is not None:
            print_notes([f"{title(table)}: {table.reason}"])
            continue
        rows = cells(table)
        bold = {place for place, row in enumerate(rows) if row[0] == PROJECT}
        print_table(title(table), headings(table), rows, names={"method", "worst dataset"}, bold=bold)
        print_notes(notes(table))
