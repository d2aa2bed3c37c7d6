"""The command that embeds the texts of the shipped zoo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.text.find_encoder import DEFAULT_ENCODER, find_encoder
from zoograph.data.text.lookup import SHIPPED
from zoograph.data.text.table import TextTable
from zoograph.data.text.words import zoo_texts

app = typer.Typer(help="Embed the names, domains and labels of the shipped zoo.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `build` a verb of its own, although it is the only one."""


@app.command()
def build(
    encoder: Annotated[str, typer.Option(help="Encoder: a name on the hub or a folder.")] = DEFAULT_ENCODER,
    out: Annotated[Path | None, typer.Option(help="File to write.", show_default="the file of the package")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Embed every text of the shipped cards and write the table."""
    path = out or SHIPPED
    zoo = read_tables(shipped_zoo())
    found = find_encoder(encoder)
    table = TextTable.empty(found).extended(found, zoo_texts(zoo.models, zoo.datasets))
    table.save(path)

    facts: dict[str, str | int] = {
        "file": str(path),
        "encoder": table.encoder,
        "digest": table.digest,
        "texts": len(table),
        "dim": table.dim,
        "bytes": path.stat().st_size,
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    shown = Table(show_header=False, title="Text table")
    for name, value in facts.items():
        shown.add_row(name, f"{value:,}" if isinstance(value, int) else value)
    Console().print(shown)
