"""The command that embeds the texts of the shipped zoo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.text.encoders.find_encoder import DEFAULT_ENCODER, find_encoder
from zoograph.data.text.lookup import SHIPPED
from zoograph.data.text.table import TextTable
from zoograph.data.text.words import zoo_texts
from zoograph.scripts.terminal.files import require_place
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_table
from zoograph.scripts.terminal.program import new_app
from zoograph.scripts.terminal.progress import progress_bar

app = new_app("Embed the names, domains and labels of the shipped zoo.")


@app.callback()
def _group() -> None:
    """Keep `build` a verb of its own, although it is the only one."""


@app.command()
def build(
    encoder: Annotated[str, typer.Option(help="Encoder: a name on the hub or a folder.")] = DEFAULT_ENCODER,
    out: Annotated[Path | None, typer.Option(help="File to write.", show_default="the file of the package")] = None,
    as_json: AsJson = False,
) -> None:
    """Embed every text of the shipped cards and write the table.

    Example: `zoograph text build --out text.safetensors`
    """
    path = out or SHIPPED
    require_place(path, "--out")
    zoo = read_tables(shipped_zoo())
    with progress_bar("Embedding the texts"):
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
        print_json("text build", facts)
        return
    rows = [(name, f"{value:,}" if isinstance(value, int) else value) for name, value in facts.items()]
    print_table("Text table", ("what", "value"), rows, names={"what", "value"})
