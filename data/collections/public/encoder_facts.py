"""What is known of MTEB's text encoders beside the benchmark's table: family, what they were trained for, languages.

The table ``data/zoo/encoder_facts.csv`` is ours. It has what the names of an encoder and of those that it was adapted
from state, and what the benchmark's list of frameworks tells; where they say nothing, its cell is empty. It is for
people who read a card: what predicts knows the cards of the store alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zoograph.data.collections.tables import read_rows
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Objective

_TABLE = Path(__file__).parents[2] / "zoo" / "encoder_facts.csv"
_COLUMNS = ("model", "family", "objective", "languages")


def with_encoder_facts(card: ModelCard) -> ModelCard:
    """Return a card with what the table knows of the encoder and the card does not.

    Args:
        card: of any model; that of another model is returned as it is.

    Raises:
        RawDataError: if the shipped table is missing.
    """
    facts = read_encoder_facts().get(card.id, {})
    unknown = {name: value for name, value in facts.items() if not getattr(card, name)}
    return card.model_copy(update=unknown) if unknown else card


@cache
def read_encoder_facts() -> Mapping[str, Mapping[str, Any]]:
    """Return id of the encoder -> field of a card -> its value.

    Raises:
        RawDataError: if the shipped table is missing, or does not fit.
    """
    found: dict[str, dict[str, Any]] = {}
    for _, cells in read_rows(_TABLE, _COLUMNS):
        facts: dict[str, Any] = {"family": cells["family"]}
        facts["objective"] = Objective(cells["objective"]) if cells["objective"] else None
        facts["languages"] = tuple(filter(None, cells["languages"].split(";")))
        found[cells["model"]] = {name: value for name, value in facts.items() if value}
    return MappingProxyType(found)
