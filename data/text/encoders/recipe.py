"""Recipes: how the hidden states of a text become one vector, read from the model's own configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoograph.data.text.encoders.layout import (
    NAMED_POOLINGS,
    Pooling,
    beyond_our_reader,
    find_part,
    named_modes,
    read_parts,
    transformer_settings,
)
from zoograph.data.text.encoders.model_folder import read_settings

USUAL_TOKENS = 512
"""Tokens that are read of a text where the model states no limit, or one that nobody would wait for."""

_UNSTATED = 8192
_CLASSIFICATION = "classification"


# In the order in which sentence-transformers joins them, which a linear layer behind them relies on.
_MODES = {
    "pooling_mode_cls_token": Pooling.FIRST,
    "pooling_mode_max_tokens": Pooling.MAX,
    "pooling_mode_mean_tokens": Pooling.MEAN,
    "pooling_mode_weightedmean_tokens": Pooling.WEIGHTED,
    "pooling_mode_lasttoken": Pooling.LAST,
}


@dataclass(frozen=True)
class Recipe:
    """How a model makes one vector of a text.

    Attributes:
        pooling: of the hidden states; several are joined.
        transformer: folder of the transformer.
        dense: folders of the linear layers after pooling, in order.
        normalise: whether vectors have length one in the end.
        prefix: that is put before every text; empty if there is none.
        prefix_pooled: whether the tokens of the prefix are pooled too.
        max_tokens: that are read of a text at most; None if the model does not state it.
        stated: whether the model states its pooling, or it is the mean because nothing is said.
        beyond: what the model states that only the library sentence-transformers applies, in words; None if the rest
            of this recipe is all.
    """

    transformer: Path
    pooling: tuple[Pooling, ...] = (Pooling.MEAN,)
    dense: tuple[Path, ...] = ()
    normalise: bool = False
    prefix: str = ""
    prefix_pooled: bool = True
    max_tokens: int | None = None
    stated: bool = False
    beyond: str | None = None

    def limit(self, most: int | None) -> int:
        """Return how many tokens are read, of a network that takes ``most``."""
        wanted = self.max_tokens or (most if most is not None and most < _UNSTATED else USUAL_TOKENS)
        return min(wanted, most or wanted)


def read_recipe(folder: Path, name: str) -> Recipe:
    """Return the recipe that the files of sentence-transformers in a folder state; the mean of the tokens without them.

    Raises:
        EncoderError: if the files are none of sentence-transformers, or name code that comes with the model.
    """
    parts = read_parts(folder, name)
    prefix = _choose_prompt(read_settings(folder, "config_sentence_transformers.json"))
    if not parts:
        return Recipe(folder, prefix=prefix)
    transformer = find_part(parts, "Transformer") or folder
    limit = (transformer_settings(transformer) or transformer_settings(folder)).get("max_seq_length")
    place = find_part(parts, "Pooling")
    pooling = read_settings(place, "config.json") if place else {}
    return Recipe(
        transformer,
        _poolings(pooling),
        tuple(part.path for part in parts if part.kind == "Dense"),
        any(part.kind == "Normalize" for part in parts),
        prefix=prefix,
        prefix_pooled=bool(pooling.get("include_prompt", True)),
        max_tokens=limit if isinstance(limit, int) else None,
        stated=bool(pooling),
        beyond=beyond_our_reader(folder, parts),
    )


def _poolings(config: dict[str, Any]) -> tuple[Pooling, ...]:
    known = [NAMED_POOLINGS[mode] for mode in named_modes(config) if mode in NAMED_POOLINGS]
    return tuple(known or (pooling for mode, pooling in _MODES.items() if config.get(mode))) or (Pooling.MEAN,)


def _choose_prompt(config: dict[str, Any]) -> str:
    """Return the prompt that is meant for every text, or else that of classification."""
    prompts = config.get("prompts") or {}
    default = config.get("default_prompt_name")
    named = next((name for name in prompts if name.casefold() == _CLASSIFICATION), None)
    chosen = prompts.get(default if default in prompts else named, "")
    return chosen if isinstance(chosen, str) else ""
