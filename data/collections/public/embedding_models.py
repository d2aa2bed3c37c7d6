"""Cards of encoders that MTEB's model table describes: size, width, licence and release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoograph.data.collections.tables import make_row
from zoograph.data.records.cards import ModelCard


def embedding_model_card(cells: dict[str, str], source: str, path: Path, line: int, *, modality: str) -> ModelCard:
    """Return the card of one row; the id of a model is its address on the Hugging Face hub.

    Args:
        cells: ``model``, ``n_parameters``, ``embed_dim``, ``license``, ``release_date``, and for text ``max_tokens``
            and ``adapted_from``; an empty cell is not known.
        source: of the card.
        path: of the table.
        line: of the row.
        modality: what the encoder reads.

    Raises:
        RawDataError: if a cell does not fit.
    """
    fields: dict[str, Any] = {
        "id": cells["model"],
        "source": source,
        "modalities": (modality,),
        "hub_id": cells["model"],
        "parameters": _whole(cells.get("n_parameters")),
        "num_features": _whole(cells.get("embed_dim")),
        "licence": cells.get("license") or None,
        "released": cells.get("release_date") or None,
    }
    return make_row(ModelCard, fields, path, line)


def _whole(cell: str | None) -> int | None:
    return int(float(cell)) if cell and float(cell) >= 1 else None
