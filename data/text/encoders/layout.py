"""Layouts of sentence-transformers: the modules of a model, and what they state that our own reader does not apply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from zoograph.data.errors import EncoderError
from zoograph.data.text.encoders.model_folder import MODULES, read_settings

_ACTIVATIONS = ("Identity", "Tanh", "ReLU", "GELU", "Sigmoid")

_LIBRARY = "sentence_transformers."
_KNOWN = ("Transformer", "Pooling", "Dense", "Dropout", "Normalize")
_ORDER = re.compile(r"Transformer( Pooling( Dense)*( Normalize)?)?")
_LIMITS = tuple(
    f"sentence_{kind}_config.json"
    for kind in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
# What a transformer may state without another vector coming of it: the length is read, the others are about speed.
_HARMLESS = frozenset({"max_seq_length", "unpad_inputs", "do_lower_case", "modality_config", "module_output_name"})
_PLAIN = {"transformer_task": "feature-extraction", "tokenizer_name_or_path": None}
_HIDDEN_STATES = {"method": "forward", "method_output_name": "last_hidden_state"}
_VECTOR = {"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding", "use_residual": False}


class Pooling(StrEnum):
    """What is taken of the tokens of a text."""

    MEAN = "mean"
    FIRST = "first"
    LAST = "last"
    MAX = "max"
    WEIGHTED = "weighted"
    """The mean, later tokens weighing more."""
    OWN = "own"
    """What the network itself says of the whole text, as the tower of CLIP does."""


NAMED_POOLINGS = {
    "cls": Pooling.FIRST,
    "lasttoken": Pooling.LAST,
    "max": Pooling.MAX,
    "mean": Pooling.MEAN,
    "weightedmean": Pooling.WEIGHTED,
}
"""What sentence-transformers calls the poolings that our own reader applies."""


class Part(NamedTuple):
    """One module of a model: what it is, and the folder with its files."""

    kind: str
    path: Path


def read_parts(folder: Path, name: str) -> tuple[Part, ...]:
    """Return the modules that ``modules.json`` lists, in order; none if there is no such file.

    Raises:
        EncoderError: if it is no list of modules, or one of them is code that comes with the model.
    """
    listed = read_settings(folder, MODULES, list)
    parts = []
    for about in listed:
        kind = about.get("type") if isinstance(about, dict) else None
        path = str(about.get("path") or "") if isinstance(about, dict) else ""
        if not isinstance(kind, str) or Path(path).is_absolute() or ".." in Path(path).parts:
            raise EncoderError(
                f"'{folder / MODULES}' must list modules with a type and a folder (got {about!r}). Download it again."
            )
        if not kind.startswith(_LIBRARY):
            raise EncoderError(
                f"Encoder '{name}' must be made of modules of sentence-transformers (got '{kind}', code that comes "
                "with the model and is not run). Choose another."
            )
        parts.append(Part(kind.rpartition(".")[2], folder / path))
    return tuple(parts)


def find_part(parts: tuple[Part, ...], kind: str) -> Path | None:
    """Return the folder of the first module of a kind."""
    return next((part.path for part in parts if part.kind == kind), None)


def transformer_settings(folder: Path) -> Mapping[str, Any]:
    """Return what sentence-transformers states of a transformer, such as the longest text."""
    return next((found for name in _LIMITS if (found := read_settings(folder, name))), {})


def activation_of(about: Mapping[str, Any]) -> str:
    """Return torch's name of the activation behind a linear layer, which is tanh where none is stated."""
    return str(about.get("activation_function") or "Tanh").rpartition(".")[2]


def named_modes(about: Mapping[str, Any]) -> list[str]:
    """Return the poolings that are stated by their names, as newer versions of the library do."""
    named = about.get("pooling_mode")
    return [named] if isinstance(named, str) else list(named or [])


def linear_shape(folder: Path) -> tuple[int, int, bool]:
    """Return how many numbers a linear layer takes and gives, and whether it adds a constant to each.

    Raises:
        EncoderError: if its settings do not say it.
    """
    about = read_settings(folder, "config.json")
    inputs, outputs = about.get("in_features"), about.get("out_features")
    if not (isinstance(inputs, int) and isinstance(outputs, int) and min(inputs, outputs) > 0):
        raise EncoderError(
            f"'{folder / 'config.json'}' must state 'in_features' and 'out_features' (got {inputs} and {outputs}). "
            "Download it again."
        )
    return inputs, outputs, bool(about.get("bias", True))


def beyond_our_reader(folder: Path, parts: tuple[Part, ...]) -> str | None:
    """Return what a layout states that only sentence-transformers applies, in words; None if our reader applies all.

    Ours applies a transformer, pooling, linear layers and, at the end, length one.

    Args:
        folder: of the model.
        parts: of the layout.
    """
    if not parts:
        return None
    if read_settings(folder, "config_sentence_transformers.json").get("truncate_dim") is not None:
        return "vectors that are cut off ('truncate_dim')"
    kinds = [part.kind for part in parts]
    if odd_kind := next((kind for kind in kinds if kind not in _KNOWN), None):
        return f"the module '{odd_kind}'"
    if not _ORDER.fullmatch(" ".join(kind for kind in kinds if kind != "Dropout")):
        return "the order of its modules"
    return next((odd for part in parts if (odd := _odd_setting(part)) is not None), None)


def _odd_setting(part: Part) -> str | None:
    if part.kind == "Transformer":
        return _odd_transformer(part.path)
    about = read_settings(part.path, "config.json")
    if part.kind == "Pooling":
        modes = named_modes(about)
        old = bool(about.get("pooling_mode_mean_sqrt_len_tokens")) and not modes
        return (
            f"the pooling of '{part.path.name}'" if old or any(mode not in NAMED_POOLINGS for mode in modes) else None
        )
    if part.kind in ("Dense", "Normalize"):
        odd = [key for key, usual in _VECTOR.items() if about.get(key) not in (usual, None)]
        if odd or activation_of(about) not in _ACTIVATIONS:
            return f"'{odd[0] if odd else activation_of(about)}' of '{part.path.name}'"
    return None


def _odd_transformer(folder: Path) -> str | None:
    """Return the setting of a transformer that changes its vectors, and that our reader does not know."""
    about = transformer_settings(folder)
    if about.get("do_lower_case") and not read_settings(folder, "tokenizer_config.json").get("do_lower_case"):
        return "texts in lower case ('do_lower_case')"
    ways = about.get("modality_config") or {"text": _HIDDEN_STATES}
    if ways.get("text") != _HIDDEN_STATES or about.get("module_output_name") not in ("token_embeddings", None):
        return "the output that its transformer names"
    odd = (key for key, value in about.items() if key not in _HARMLESS and value and _PLAIN.get(key) != value)
    return next((f"the setting '{key}' of its transformer" for key in odd), None)
