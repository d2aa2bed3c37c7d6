"""Cards of encoders that MTEB's model table describes: size, width, licence and release."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from zoograph.data.collections.tables import make_row
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind

_OPEN = {"True": True, "False": False}
_HUB = "https://huggingface.co/"
_ADDRESS = re.compile(r"[\w.-]+/[\w.-]+")
# The table does not say how a model was adapted. These are students of the encoder (static word vectors made by
# Model2Vec, and a small BERT); the others were trained on from it.
_DISTILLED = frozenset(
    {
        *("minishlab/M2V_base_glove", "minishlab/potion-base-32M", "minishlab/potion-multilingual-128M"),
        *("cnmoro/static-nomic-384-pten-v2-st", "cointegrated/rubert-tiny"),
    }
)


def embedding_model_card(cells: dict[str, str], source: str, path: Path, line: int, *, modality: str) -> ModelCard:
    """Return the card of one row; the id of a model is its address on the Hugging Face hub.

    Args:
        cells: ``model``, ``n_parameters``, ``embed_dim``, ``license``, ``release_date``, and for text ``max_tokens``,
            ``open_weights`` and ``adapted_from``; an empty cell is not known.
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
        "max_tokens": _whole(cells.get("max_tokens")),
        "open_weights": _OPEN.get(cells.get("open_weights", "")),
        "derived_from": _base(cells["model"], cells.get("adapted_from", "")),
    }
    return make_row(ModelCard, fields, path, line)


def _base(model: str, cell: str) -> tuple[Lineage, ...]:
    """Return what an encoder was adapted from, if that is an address on the hub."""
    base = cell.removeprefix(_HUB)
    if not _ADDRESS.fullmatch(base) or base == model:
        return ()
    kind = LineageKind.DISTILLED if model in _DISTILLED else LineageKind.FINE_TUNED
    return (Lineage(kind=kind, model=base),)


def _whole(cell: str | None) -> int | None:
    """Read a count that may be written as ``512.0``; one without a bound is not known."""
    number = float(cell) if cell else 0.0
    return int(number) if 1 <= number < math.inf else None
