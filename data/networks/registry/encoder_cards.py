"""Cards of text encoders, made of the settings in their folder; no weights are read, and none are downloaded."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from zoograph.data.errors import EncoderError
from zoograph.data.files.safetensors_header import check_safetensors_file
from zoograph.data.records.cards import Modality, ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective
from zoograph.data.text.encoders.layout import Pooling, find_part, linear_shape, read_parts
from zoograph.data.text.encoders.model_folder import MODULES, ModelFolder, find_model_folder, read_settings
from zoograph.data.text.encoders.recipe import Recipe, read_recipe
from zoograph.data.text.encoders.sentence_library import digest_folder
from zoograph.data.text.encoders.transformer import (
    digest_weights,
    load_config,
    load_tokenizer,
    make_network,
    most_tokens,
    output_width,
    text_config,
    weight_files,
)

_HEADER = re.compile(r"\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
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


def label_of(folder: Path, digest: str) -> str:
    """Return the id of weights in somebody's folder: its name, and the digest of what decides the vectors."""
    return f"{folder.resolve().name}@{digest[:12]}"


def digest_encoder(folder: Path, name: str, recipe: Recipe) -> str:
    """Return the digest of an encoder's weights and of how a vector is made with them.

    Args:
        folder: with the encoder.
        name: of it.
        recipe: as it is applied.

    Raises:
        EncoderError: if there are no safetensors, or they cannot be read.
    """
    if recipe.beyond is not None:
        return digest_folder(folder)
    digest = hashlib.sha256(repr((*recipe.pooling, recipe.normalise)).encode())
    files = [file for path in (recipe.transformer, *recipe.dense) for file in weight_files(path, name)]
    digest.update(digest_weights(files, name))
    return digest.hexdigest()


def applied_recipe(folder: Path, name: str) -> Recipe:
    """Return the recipe of an encoder as it is applied: a tower of texts pools by itself.

    Raises:
        EncoderError: if the folder holds no encoder.
    """
    recipe = read_recipe(folder, name)
    if recipe.beyond is not None:
        return recipe
    config = load_config(recipe.transformer, name)
    if config.model_type == text_config(config).model_type:
        return recipe
    return Recipe(recipe.transformer, (Pooling.OWN,), max_tokens=recipe.max_tokens, stated=True)


def find_own_label(name: str) -> str | None:
    """Return the id of the weights in a folder of somebody's own; None if there is no such folder, or no weights.

    Raises:
        EncoderError: if the folder holds no encoder.
    """
    found = find_model_folder(name, with_weights=False)
    if found is None or not found.is_own or not any(found.path.rglob("*.safetensors")):
        return None
    return label_of(found.path, digest_encoder(found.path, found.name, applied_recipe(found.path, found.name)))


def encoder_card(found: ModelFolder, parameters: int | None = None, width: int | None = None) -> ModelCard:
    """Return the card of the encoder in a folder.

    Args:
        found: the folder.
        parameters: number of them; default: counted on a network without memory for its weights, or in the files of
            the weights if sentence-transformers makes the network.
        width: of its vectors; default: what the settings tell.

    Raises:
        EncoderError: if the folder holds no encoder.
    """
    recipe = read_recipe(found.path, found.name)
    about = _read_header(found.path / "README.md")
    base = _base_model(about)
    known: dict[str, Any] = {
        "id": found.name,
        "source": "transformers",
        "modalities": (Modality.TEXT.value,),
        "licence": _word(about.get("license")),
        "hub_id": found.name if _HUB_ID.fullmatch(found.name) and not found.is_own else None,
        "derived_from": () if base is None or base == found.name else (_step(about, base),),
        "languages": _languages(about.get("language")),
        "open_weights": True,
    }
    parts = read_parts(found.path, found.name)
    if parts and find_part(parts, "Transformer") is None:
        family = _CAPITAL.sub("_", parts[0].kind).lower()
        known |= {"family": family, "architecture": family, "objective": Objective.SENTENCE_ENCODER}
    else:
        config = load_config(recipe.transformer, found.name)
        linear = [linear_shape(path) for path in recipe.dense]
        if width is None and recipe.beyond is None:
            width = linear[-1][1] if linear else output_width(config) * len(recipe.pooling)
        known |= {
            "family": str(config.model_type),
            "architecture": str(config.model_type),
            "objective": _objective(found.path, config),
            "max_tokens": recipe.limit(most_tokens(config, load_tokenizer(recipe.transformer, found.name))),
        }
        if parameters is None and recipe.beyond is None:
            with torch.device("meta"):
                parameters = sum(weight.numel() for weight in make_network(config).parameters())
            parameters += sum((inputs + bias) * outputs for inputs, outputs, bias in linear)
    return ModelCard(**known, num_features=width, parameters=parameters or _count_stored(found.path) or None)


def not_found(name: str) -> EncoderError:
    """Return the error of a name that no place has an encoder of."""
    return EncoderError(
        f"The encoder '{name}' must be a folder, a model in the Hugging Face cache or on the hub, or an installed "
        "package that carries one (got none of them). Check the name, allow the network (and unset HF_HUB_OFFLINE), or "
        "give the path of a folder."
    )


def _count_stored(folder: Path) -> int:
    """Return the number of values in the safetensors files of a folder, by their headers; 0 without such files."""
    count = 0
    for path in sorted(folder.rglob("*.safetensors")):
        try:
            check_safetensors_file(path)
            with safe_open(path, framework="pt") as stored:
                count += sum(prod(stored.get_slice(name).get_shape()) for name in stored.keys())  # noqa: SIM118
        except (OSError, ValueError, SafetensorError) as error:
            _log.info("'%s' is not counted: %s", path, error)
    return count


def _objective(folder: Path, config: Any) -> Objective | None:
    """Return what an encoder was trained for, as far as its settings tell."""
    if (folder / MODULES).is_file():
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
