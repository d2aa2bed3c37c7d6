"""Cards of text encoders, made of the settings in their folder; no weights are read, and none are downloaded."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from zoograph.data.errors import EncoderError
from zoograph.data.records.cards import Modality, ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective
from zoograph.data.text.model_folder import ModelFolder, find_model_folder, read_settings
from zoograph.data.text.recipe import read_recipe
from zoograph.data.text.transformer import load_config, load_tokenizer, make_network, most_tokens, text_config

_HEADER = re.compile(r"\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_WRITERS = ("LMHeadModel", "ForCausalLM", "ForMaskedLM", "ForPreTraining", "ForConditionalGeneration")
_log = logging.getLogger(__name__)


def find_encoder_card(name: str) -> ModelCard | None:
    """Return the card of an encoder that a folder, the hub or a package has; None if it is nowhere.

    Raises:
        EncoderError: if the folder that has it holds no encoder.
    """
    found = find_model_folder(name, with_weights=False)
    return None if found is None else encoder_card(found)


def encoder_card(found: ModelFolder, parameters: int | None = None, width: int | None = None) -> ModelCard:
    """Return the card of the encoder in a folder.

    Args:
        found: the folder.
        parameters: number of them; default: counted on a network without memory for its weights.
        width: of its vectors; default: that of the hidden states.

    Raises:
        EncoderError: if the folder holds no encoder.
    """
    recipe = read_recipe(found.path, found.name)
    config = load_config(recipe.transformer, found.name)
    text = text_config(config)
    about = _read_header(found.path / "README.md")
    if parameters is None:
        with torch.device("meta"):
            parameters = sum(weight.numel() for weight in make_network(config).parameters())
    base = _base_model(about)
    return ModelCard(
        id=found.name,
        source="transformers",
        family=str(config.model_type),
        architecture=str(config.model_type),
        parameters=parameters,
        num_features=width or int(text.hidden_size),
        modalities=(Modality.TEXT.value,),
        objective=_objective(found.path, config),
        licence=_word(about.get("license")),
        hub_id=found.name if _HUB_ID.fullmatch(found.name) and not found.is_own else None,
        derived_from=() if base is None or base == found.name else (_step(about, base),),
        max_tokens=recipe.limit(most_tokens(config, load_tokenizer(recipe.transformer, found.name))),
        languages=_languages(about.get("language")),
        open_weights=True,
    )


def not_found(name: str) -> EncoderError:
    """Return the error of a name that no place has an encoder of."""
    return EncoderError(
        f"The encoder '{name}' must be a folder, a model in the Hugging Face cache or on the hub, or an installed "
        "package that carries one (got none of them). Check the name, allow the network (and unset HF_HUB_OFFLINE), or "
        "give the path of a folder."
    )


def _objective(folder: Path, config: Any) -> Objective | None:
    """Return what an encoder was trained for, as far as its settings tell."""
    if read_settings(folder, "modules.json"):
        prompts = read_settings(folder, "config_sentence_transformers.json").get("prompts") or {}
        return Objective.INSTRUCTION if any(prompts.values()) else Objective.SENTENCE_ENCODER
    if config.model_type != text_config(config).model_type:
        return Objective.IMAGE_TEXT
    written = any(str(name).endswith(_WRITERS) for name in config.architectures or ())
    return Objective.LANGUAGE_MODEL if written else None


def _read_header(path: Path) -> Mapping[str, Any]:
    """Return the fields before the text of a model card; none if they cannot be read."""
    import yaml

    try:
        found = _HEADER.match(path.read_text(encoding="utf-8"))
        fields = yaml.safe_load(found[1]) if found else None
    except (OSError, ValueError, yaml.YAMLError) as error:
        _log.info("'%s' is not read: %s", path, error)
        return {}
    return fields if isinstance(fields, dict) else {}


def _base_model(about: Mapping[str, Any]) -> str | None:
    bases = about.get("base_model")
    first = bases[0] if isinstance(bases, list) and len(bases) == 1 else bases
    return first if isinstance(first, str) and _HUB_ID.fullmatch(first) else None


def _step(about: Mapping[str, Any], base: str) -> Lineage:
    kinds = {"quantized": LineageKind.SAME_WEIGHTS}
    return Lineage(kind=kinds.get(str(about.get("base_model_relation")), LineageKind.FINE_TUNED), model=base)


def _languages(cell: Any) -> tuple[str, ...]:
    named = cell if isinstance(cell, list) else [cell]
    return tuple(dict.fromkeys(word for word in map(str, named) if _LANGUAGE.fullmatch(word)))


def _word(cell: Any) -> str | None:
    return cell.strip() or None if isinstance(cell, str) else None
