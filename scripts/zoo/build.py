"""The commands that make the tables that ship with the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from zoograph.data.collections.domainnet import matrix_order, read_domainnet
from zoograph.data.collections.domainnet_masks import DOMAINNET_MASKS, convert_masks, write_masks
from zoograph.data.collections.tables import shipped_zoo, write_tables
from zoograph.data.collections.transfergraph import read_transfergraph
from zoograph.data.networks.architectures import get_architecture
from zoograph.data.records.collection import Collection, merge

app = typer.Typer(help="Make the tables of the zoo that ships with the package.", no_args_is_help=True)

# Name of a collection, which is its folder among the raw files too -> its reader.
READERS = {"domainnet": read_domainnet, "transfergraph_image": read_transfergraph}


@app.callback()
def _group() -> None:
    """Keep `build` a verb of its own, although it is the only one."""


@app.command()
def build(
    raw: Annotated[
        Path,
        typer.Argument(metavar="RAW_DIR", help=f"Folder that holds the raw tables in {' and '.join(READERS)}."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to.", show_default="the folder of the package")
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(help="The published DomainNet masks (`.npz`); without them, those that ship stay."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Read the raw collections, join them and write the tables."""
    folder = out or shipped_zoo()
    collections = _read(raw)
    zoo = merge(collections.values())
    write_tables(zoo, folder)
    if masks is not None:
        order = matrix_order(raw / "domainnet", collections["domainnet"])
        write_masks(convert_masks(masks, *order), folder / DOMAINNET_MASKS)

    counts = {name: part.counts() for name, part in {**collections, "zoo": zoo}.items()}
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "counts": counts}))
        return
    table = Table(title=f"Tables in {folder}", box=SIMPLE, pad_edge=False)
    for heading in ("collection", *zoo.counts()):
        table.add_column(heading, no_wrap=True)
    for name, row in counts.items():
        table.add_row(name, *(f"{count:,}" for count in row.values()))
    Console().print(table)


def _read(raw: Path) -> dict[str, Collection]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    collections = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        for name, read in READERS.items():
            progress.add_task(f"Reading {name}, and timm for its architectures", total=None)
            collections[name] = read(raw / name, get_architecture)
    return collections
