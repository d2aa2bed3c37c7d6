"""``zoograph picture``: the graph's schema and a piece of it, drawn from the graph itself."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.files.atomic import replace_file
from zoograph.scripts.pictures.schema import draw_picture

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData


def picture(
    out: Annotated[Path, typer.Option(help="PNG file to write.")] = Path("graph.png"),
) -> None:
    """Draw the graph of the shipped zoo: its schema, and an excerpt with real nodes and numbers."""
    from PIL import Image

    figure = draw_picture(*_shipped_graphs())
    drawn, small = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png")
    # The colours are few, and a palette keeps the file small.
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(256).save(small, format="PNG", optimize=True)
    try:
        replace_file(out, small.getvalue())
    except OSError as error:
        raise ZoographError(
            f"The picture cannot be written to '{out}' ({error.strerror}). Choose another file with --out."
        ) from error
    typer.echo(f"Wrote {out}.")


def _shipped_graphs() -> tuple[HeteroData, HeteroData]:
    from zoograph.data.records.records import Protocol
    from zoograph.data.store.store import RecordStore
    from zoograph.data.text.lookup import text_for
    from zoograph.graphs.builder import build_graph

    with RecordStore.open("sqlite://") as store:
        zoo = store.snapshot()
    text = text_for(zoo).lookup
    return build_graph(zoo, text, Protocol.HEAD), build_graph(zoo, text, Protocol.FINETUNE)
