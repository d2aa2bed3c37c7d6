"""``zoograph picture``: the graph's schema and a piece of it, drawn from the graph itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.scripts.terminal.files import require_place, write_file
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.progress import progress_bar

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData


def picture(
    out: Annotated[Path, typer.Option(help="PNG file to write.")] = Path("graph.png"),
    as_json: AsJson = False,
) -> None:
    """Draw the graph of the shipped zoo: its schema, and an excerpt with real nodes and numbers.

    Example: `zoograph picture --out graph.png`
    """
    require_place(out, "--out")
    from zoograph.scripts.pictures.schema import draw_picture
    from zoograph.scripts.pictures.style import require_matplotlib, to_png

    require_matplotlib()

    with progress_bar("Drawing"):
        write_file(out, to_png(draw_picture(*_shipped_graphs())), "--out")
    if as_json:
        print_json("picture", {"file": str(out)})
    else:
        print(f"Wrote {out}.")


def _shipped_graphs() -> tuple[HeteroData, HeteroData]:
    from zoograph.data.records.records import Protocol
    from zoograph.data.store.store import RecordStore
    from zoograph.data.text.lookup import text_for
    from zoograph.graphs.builder import build_graph

    with RecordStore.open("sqlite://") as store:
        zoo = store.snapshot()
    text = text_for(zoo).lookup
    return build_graph(zoo, text, Protocol.HEAD), build_graph(zoo, text, Protocol.FINETUNE)
