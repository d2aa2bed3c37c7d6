"""Pre-trained networks of timm, with their card, a hash of their weights and the transform that they expect."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.files.tensors import hash_tensors
from zoograph.data.networks.foreign import foreign_code
from zoograph.data.networks.model_names import resolve_model_name
from zoograph.data.networks.registry.timm_names import nearest_timm_names
from zoograph.data.networks.timm_cards import model_card_from_timm
from zoograph.data.networks.torchvision_cards import model_card_from_torchvision
from zoograph.data.optional_imports import import_torchvision
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import LineageKind

if TYPE_CHECKING:
    from PIL import Image

RANDOM = "random"
_OF_THE_NETWORK = (
    "family",
    "timm_name",
    "architecture",
    "size_class",
    "gmacs",
    "activations",
    "speeds",
    "input_size",
    "num_features",
)


class WeightsError(ZoographError):
    """Weights that cannot be had, or that do not fit the architecture."""


@dataclass(frozen=True, eq=False)
class PretrainedModel:
    """A network that is ready to look at images.

    Attributes:
        card: its id names the weights, not the architecture alone.
        network: in evaluation mode, on the CPU.
        digest: SHA-256 of the weights.
        transform: RGB picture -> (3, H, W) float32, as timm evaluates the model.
    """

    card: ModelCard
    network: nn.Module
    digest: str
    transform: Callable[[Image.Image], Tensor]


def load_pretrained(name: str, weights: str | Path | None = None) -> PretrainedModel:
    """Return a timm model with weights.

    Args:
        name: ``arch`` (timm's default weights are meant), ``arch.tag``, or any other name of such weights, see
            :mod:`zoograph.data.networks.model_names`. torchvision's are loaded where timm has the same.
        weights: a checkpoint or safetensors file for the architecture, read without unpickling code; the
            number of source classes follows from it. ``random`` means weights drawn with seed 0, for those
            who want to compare with an untrained network. Default: the weights of the name, from the Hugging
            Face cache or hub.

    Raises:
        UnknownName: if timm has no such model.
        WeightsError: if the weights cannot be had or do not fit, or are others than timm's.
    """
    card = model_card_from_timm(name)
    if card is None:
        elsewhere, card = _find_copy(name)
        if weights is None and elsewhere is not None:
            network = _from_hub(card.id)
            return _ready(elsewhere, network, hash_tensors(network.state_dict()))
    if weights is None:
        network = _from_hub(card.id)
        config: Any = network.pretrained_cfg
        # The id says which weights were looked at, also when the name left them to timm.
        tagged = model_card_from_timm(".".join(filter(None, (config["architecture"], config.get("tag")))))
        return _ready(tagged or card, network, hash_tensors(network.state_dict()))
    source = "random weights"
    if weights == RANDOM:
        network = random_network(card.id)
    else:
        path = Path(weights).expanduser()
        source, network = f"weights of {path.name}", _from_file(card.id, path)
    digest = hash_tensors(network.state_dict())
    # What is known of the published weights is true of the network alone.
    own = ModelCard(
        id=f"{card.timm_name}@{digest[:12]}",
        source=source,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        **{name: getattr(card, name) for name in _OF_THE_NETWORK},
    )
    return _ready(own, network, digest)


def _find_copy(name: str) -> tuple[ModelCard | None, ModelCard]:
    """Return the card of the weights that a name means, if these are not timm's, and that of timm's copy of them."""
    try:
        model = resolve_model_name(name)
    except UnknownName as error:
        raise UnknownName("model", name, nearest_timm_names(name)) from error
    card = model_card_from_timm(model)
    if card is not None:
        return None, card
    elsewhere = model_card_from_torchvision(model)
    steps = () if elsewhere is None else elsewhere.derived_from
    copies = [model_card_from_timm(step.model) for step in steps if step.kind is LineageKind.SAME_WEIGHTS]
    if not copies or copies[0] is None:
        raise WeightsError(
            f"The weights '{model}' must be timm's to be loaded (got somebody else's). "
            "Give a name of timm, with --weights if they are in a file."
        )
    return elsewhere, copies[0]


def random_network(name: str, seed: int = 0, num_classes: int | None = None) -> nn.Module:
    """Return a timm model with random weights, the same ones for the same seed.

    Args:
        name: that timm knows.
        seed: of the weights.
        num_classes: of the classifier; default: as many as timm's weights of that name have.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _create(name) if num_classes is None else _create(name, num_classes=num_classes)


def empty_network(name: str) -> nn.Module:
    """Return a timm model that has the names and shapes of its weights, and no memory for them.

    Raises:
        UnknownName: if timm has no such model.
    """
    if model_card_from_timm(name) is None:
        raise UnknownName("model", name, nearest_timm_names(name))
    with torch.device("meta"):
        return _create(name)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file.

    Raises:
        WeightsError: if it is anything else.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise WeightsError(f"The checkpoint '{path}' must be a file (got nothing there). Check the path.")
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise WeightsError(
            f"The checkpoint '{path}' must be a safetensors file (got: {str(error).rstrip('.')}). "
            "Save the state dict with safetensors.torch.save_file."
        ) from error


def _ready(card: ModelCard, network: nn.Module, digest: str) -> PretrainedModel:
    from timm.data import create_transform, resolve_model_data_config

    with foreign_code(f"timm must know how '{card.id}' sees images", "Choose another model."):
        transform: Any = create_transform(**resolve_model_data_config(network), is_training=False)
    return PretrainedModel(card, network.eval(), digest, transform)


def _create(name: str, needs: str = "", hint: str = "Choose another version of timm.", **options: Any) -> nn.Module:
    import_torchvision()
    import timm

    guard = foreign_code(needs or f"timm must be able to make the network '{name}'", hint, WeightsError)
    with warnings.catch_warnings(), guard:
        warnings.simplefilter("ignore")  # a deprecated name is mapped to the present one, which the card tells
        network: nn.Module = timm.create_model(name.removeprefix("timm/"), **options)
    return network


def _from_hub(name: str) -> nn.Module:
    needs = f"The weights of '{name}' must be in the Hugging Face cache or on the hub"
    return _create(name, needs, "Allow the network, or give a file of weights.", pretrained=True)


def _from_file(name: str, path: Path) -> nn.Module:
    state = _read_state(path)
    with torch.device("meta"):
        classifier = _classifier_names(_create(name))
    heads = [state[f"{layer}.weight"] for layer in classifier if f"{layer}.weight" in state]
    num_classes = heads[0].shape[0] if heads else 0
    network = _create(name, num_classes=num_classes)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise WeightsError(
            f"The weights in '{path}' must fit '{name}' (got: {reason}). Check that the file is of this architecture."
        ) from error
    return network


def _read_state(path: Path) -> dict[str, Tensor]:
    import_torchvision()
    from timm.models import load_state_dict

    if not path.is_file():
        raise WeightsError(f"The weights '{path}' must be a file (got nothing there). Check the path.")
    try:
        state: Any = load_state_dict(str(path), weights_only=True)
        if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
            raise TypeError("it holds something else than named tensors")
    except Exception as error:
        raise WeightsError(
            f"The weights '{path}' must be a safetensors file or a checkpoint of tensors alone "
            f"(got: {str(error).partition(chr(10))[0].rstrip('.')}). Save the state dict again."
        ) from error
    return state


def _classifier_names(network: nn.Module) -> tuple[str, ...]:
    config: Any = network.pretrained_cfg
    names = config.get("classifier") or ()
    return (names,) if isinstance(names, str) else tuple(names)
