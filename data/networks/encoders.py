"""Pre-trained encoders of texts, and the one function that loads what reads the samples of a task."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zoograph.data.errors import EncoderError, UnknownName
from zoograph.data.networks.find_model import FROM_FILE, make_model_card, may_be_encoder, require_reader
from zoograph.data.networks.foreign import foreign_code
from zoograph.data.networks.registry.encoder_cards import (
    applied_recipe,
    digest_encoder,
    encoder_card,
    find_encoder_card,
    label_of,
    not_found,
)
from zoograph.data.networks.weight_files import WeightsError
from zoograph.data.networks.weights import RANDOM, PretrainedModel, load_pretrained
from zoograph.data.records.cards import Modality
from zoograph.data.text.encoders.layout import activation_of, linear_shape
from zoograph.data.text.encoders.model_folder import ModelFolder, find_model_folder, read_settings
from zoograph.data.text.encoders.recipe import Recipe
from zoograph.data.text.encoders.sentence_library import load_with_library
from zoograph.data.text.encoders.sentence_network import UNPOOLED, SentenceNetwork, TextNetwork
from zoograph.data.text.encoders.transformer import (
    digest_tokenizer,
    load_config,
    load_network,
    load_tokenizer,
    make_network,
    most_tokens,
    output_width,
    weight_files,
)

_log = logging.getLogger(__name__)
_DENSE = ("linear.weight", "linear.bias")


class Tokens:
    """The transform of an encoder: a text becomes a row of tokens, cut where the model stops reading.

    Args:
        tokenizer: of the library ``transformers``.
        recipe: its prefix is put before every text.
        most: tokens of a text at most, those that the tokenizer adds included.
    """

    def __init__(self, tokenizer: Any, recipe: Recipe, most: int) -> None:
        self._tokenizer, self._prefix, self.most = tokenizer, recipe.prefix, most
        self._unpooled = 0 if recipe.prefix_pooled or not recipe.prefix else self._length_of(recipe.prefix)
        self._about = f"tokens {most} {recipe.prefix!r} {self._unpooled} {digest_tokenizer(tokenizer).hex()[:16]}"

    def __call__(self, text: str) -> Tensor:
        """Return (L,) int64 tokens; a text that the tokenizer knows nothing of is one token of padding."""
        found = self._tokenizer(self._prefix + text, truncation=True, max_length=self.most)["input_ids"]
        tokens = torch.tensor(found or [self._tokenizer.pad_token_id or 0])
        tokens[: self._unpooled] += UNPOOLED
        return tokens

    def cuts(self, text: str, tokens: Tensor) -> bool:
        """Return whether a text is longer than its tokens, which are read of it."""
        return len(tokens) >= self.most and len(self._tokens(self._prefix + text)) > self.most

    def _length_of(self, prefix: str) -> int:
        """Return how many tokens a prefix has, with the sign before it and without the one at the end of a text."""
        tokens = self._tokens(prefix)
        return len(tokens) - (tokens[-1] in self._tokenizer.all_special_ids)

    def _tokens(self, text: str) -> list[int]:
        return list(self._tokenizer(text, truncation=False, verbose=False)["input_ids"])

    def __repr__(self) -> str:
        return self._about


def load_reader(
    name: str,
    weights: str | Path | None = None,
    alone: bool = True,
    modality: Modality = Modality.IMAGE,
    dataset: str = "a dataset",
) -> PretrainedModel:
    """Return a model that reads samples of a modality.

    Args:
        name: see :func:`zoograph.data.networks.weights.load_pretrained` and :func:`load_encoder`.
        weights: likewise.
        alone: whether no other model is to be found at ``weights``.
        modality: of the samples.
        dataset: whose samples, for the sentences.

    Raises:
        ZoographError: if it cannot be had, or reads something else.
    """
    if modality is Modality.TEXT:
        try:
            return load_encoder(name, weights)
        except EncoderError:
            if (card := make_model_card(name)) is not None:
                require_reader(card, dataset, modality)
            raise
    try:
        return load_pretrained(name, weights, alone)
    except UnknownName:
        if may_be_encoder(name) and (card := find_encoder_card(name)) is not None:
            require_reader(card, dataset, modality)
        raise


def load_encoder(name: str, weights: str | Path | None = None) -> PretrainedModel:
    """Return an encoder of texts with its weights; no code that comes with them is run, and nothing is unpickled.

    Args:
        name: of a folder, of a model on the Hugging Face hub, or of an installed package that carries one, see
            :func:`zoograph.data.text.encoders.model_folder.find_model_folder`.
        weights: a folder that holds the model, whatever it is called; ``random`` means weights drawn with seed 0.

    Raises:
        EncoderError: if it is nowhere, or cannot be read.
        WeightsError: if ``weights`` is no folder.
    """
    found = _find(name, weights)
    recipe = applied_recipe(found.path, found.name)
    network, transform, digest = (_load_ours if recipe.beyond is None else _load_theirs)(found, recipe, weights)
    card = encoder_card(found, sum(weight.numel() for weight in network.parameters()), network.num_features)
    if found.is_own or weights is not None:
        source = "random weights" if weights == RANDOM else f"{FROM_FILE}{found.path.resolve().name}"
        card = card.model_copy(
            update={"id": label_of(found.path, digest), "aliases": (), "source": source, "hub_id": None}
        )
    if recipe.prefix:
        _log.info("'%s' is given %r before each text, as it states.", found.name, recipe.prefix)
    return PretrainedModel(card, network, digest, transform, found.path)


_Loaded = tuple[TextNetwork, Callable[[Any], Tensor], str]


def _load_theirs(found: ModelFolder, recipe: Recipe, weights: str | Path | None) -> _Loaded:
    """Return the network that sentence-transformers makes, its transform and its digest."""
    assert recipe.beyond is not None
    if weights == RANDOM:
        raise WeightsError(
            f"Encoder '{found.name}' cannot be drawn at random: sentence-transformers makes it, for {recipe.beyond}. "
            "Leave '--weights random' away, or choose another."
        )
    return load_with_library(found.path, found.name, recipe.prefix, recipe.beyond)


def _load_ours(found: ModelFolder, recipe: Recipe, weights: str | Path | None) -> _Loaded:
    """Return the network that transformers makes with pooling as the recipe has it, its transform and its digest."""
    config = load_config(recipe.transformer, found.name)
    tokenizer = load_tokenizer(_tokenizer_folder(found.path, recipe), found.name)
    if not recipe.stated:
        _log.warning("'%s' does not state its pooling: the mean of its tokens is taken.", found.name)
    drawn = weights == RANDOM
    if drawn:
        with (
            torch.random.fork_rng(devices=[]),
            foreign_code("The network must be made", "Choose another.", EncoderError),
        ):
            torch.manual_seed(0)
            body = make_network(config).float().eval()
    else:
        body = load_network(recipe.transformer, found.name, config)
    dense = [_load_dense(path, found.name) for path in recipe.dense]
    network = SentenceNetwork(body, recipe, output_width(config), tokenizer.pad_token_id or 0, dense).eval()
    tokens = Tokens(tokenizer, recipe, recipe.limit(most_tokens(config, tokenizer)))
    if drawn:
        made_of = repr((*recipe.pooling, recipe.normalise)).encode() + b"drawn with seed 0" + repr(config).encode()
        return network, tokens, hashlib.sha256(made_of).hexdigest()
    return network, tokens, digest_encoder(found.path, found.name, recipe)


def _find(name: str, weights: str | Path | None) -> ModelFolder:
    if weights not in (None, RANDOM):
        path = Path(str(weights)).expanduser()
        if not path.is_dir():
            raise WeightsError(
                f"The weights of an encoder of texts must be a folder that 'save_pretrained' wrote (got '{path}'). "
                "Give the folder."
            )
        return ModelFolder(path, name)
    found = find_model_folder(name, with_weights=weights is None)
    if found is None:
        raise not_found(name)
    return found


def _tokenizer_folder(folder: Path, recipe: Recipe) -> Path:
    inside = recipe.transformer
    return inside if any(inside.glob("tokenizer*")) or any(inside.glob("vocab*")) else folder


def _load_dense(folder: Path, name: str) -> nn.Module:
    """Return a linear layer of sentence-transformers, with its activation.

    Raises:
        EncoderError: if it cannot be read.
    """
    from safetensors.torch import load_file

    about = read_settings(folder, "config.json")
    inputs, outputs, bias = linear_shape(folder)
    with foreign_code(f"Encoder '{name}' needs a linear layer in '{folder}'", "Download it again.", EncoderError):
        layer = nn.Linear(inputs, outputs, bias=bias)
        held = load_file(weight_files(folder, name)[0])
        layer.load_state_dict(
            {key.removeprefix("linear."): value.float() for key, value in held.items() if key in _DENSE}
        )
        activation: nn.Module = getattr(nn, activation_of(about))()
    return nn.Sequential(layer, activation)
