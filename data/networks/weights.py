"""Pre-trained networks of timm, with their card, a hash of their weights and the transform that they expect."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zoograph.data.errors import UnknownName
from zoograph.data.files.hub import hub_or_cache
from zoograph.data.files.optional_imports import import_torchvision
from zoograph.data.files.tensors import hash_tensors, read_about
from zoograph.data.networks.checkpoints.fitting import Fitted, fit_weights
from zoograph.data.networks.checkpoints.reading import read_checkpoint
from zoograph.data.networks.find_model import FROM_FILE, make_model_card, model_of_file
from zoograph.data.networks.foreign import foreign_code
from zoograph.data.networks.model_names import resolve_model_name
from zoograph.data.networks.registry.timm_names import import_timm, nearest_timm_names
from zoograph.data.networks.registry.torchvision_cards import model_card_from_torchvision
from zoograph.data.networks.timm_cards import model_card_from_timm
from zoograph.data.networks.weight_files import WeightFile, WeightsError, find_weight_file
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import LineageKind

RANDOM = "random"
_ALLOW = "Allow the network, or give a file of weights."
_ANY_CLASSES = 1000
_OTHER_FILE = "Check that the file is of this architecture."
_log = logging.getLogger(__name__)
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


@dataclass(frozen=True, eq=False)
class PretrainedModel:
    """A network that is ready to look at images or to read texts.

    Attributes:
        card: its id names the weights, not the architecture alone.
        network: in evaluation mode, on the CPU.
        digest: SHA-256 of the weights.
        transform: RGB picture -> (3, H, W) float32, as timm evaluates the model; or text -> (L,) tokens.
        folder: with the settings and the tokenizer of an encoder of texts; None for a network of timm.
        arguments: with which timm made the network, beside its name.
    """

    card: ModelCard
    network: nn.Module
    digest: str
    transform: Callable[[Any], Tensor]
    folder: Path | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


def load_pretrained(name: str, weights: str | Path | None = None, alone: bool = True) -> PretrainedModel:
    """Return a timm model with weights.

    Args:
        name: ``arch`` (timm's default weights are meant), ``arch.tag``, or any other name of such weights, see
            :mod:`zoograph.data.networks.model_names`. torchvision's are loaded where timm has the same.
        weights: a file, or a folder, see :func:`zoograph.data.networks.weight_files.find_weight_file`, of weights of
            the architecture, under whatever prefix, see
            :func:`zoograph.data.networks.checkpoints.fitting.fit_weights`; read without unpickling code. The number of
            source classes follows from it. A file that is called by the whole name of published weights, such as
            ``resnet50.a1_in1k.safetensors``, and has as many classes, is taken for them; all others are weights of
            their own, known by their content. ``random`` means weights drawn with seed 0, for those who want to compare
            with an untrained network. Default: the weights of the name, from the Hugging Face cache or hub.
        alone: whether no other model is to be found at ``weights``.

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
    source, arguments = "random weights", dict[str, Any]()
    if weights == RANDOM:
        network = random_network(card.id)
    else:
        found = find_weight_file(weights, name, alone)
        source, network = f"{FROM_FILE}{found.path.name}", _from_file(card.id, found)
        arguments = found.arguments
        if (published := _published_as(found, card, network)) is not None:
            return _ready(published, network, hash_tensors(network.state_dict()), arguments)
    digest = hash_tensors(network.state_dict())
    # What is known of the published weights is true of the network alone.
    own = ModelCard(
        id=f"{card.timm_name}@{digest[:12]}",
        source=source,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        **{name: getattr(card, name) for name in _OF_THE_NETWORK},
    )
    return _ready(own, network, digest, arguments)


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


def published_card(called: str) -> ModelCard | None:
    """Return the card of the published weights that a file is called like; None if it names none of them in full.

    >>> published_card("resnet50"), published_card("mine.v2")
    (None, None)
    """
    name = model_of_file(called)
    card = make_model_card(name) if "." in name else None
    return card if card is not None and card.id == name else None


def _published_as(found: WeightFile, card: ModelCard, network: nn.Module) -> ModelCard | None:
    """Return the card of the published weights that a file is taken for, on the word of its name; None if it is not."""
    published = published_card(found.called)
    if published is None or published.timm_name != card.timm_name or _is_ours(found.path):
        return None
    config = import_timm().get_pretrained_cfg(_find_copy(published.id)[1].id)
    has, should = int(getattr(network, "num_classes", 0)), 0 if config is None else config.num_classes
    return published if has in (0, should) else None


def _is_ours(path: Path) -> bool:
    """Return whether a file was written here, after training: whatever it is called, it is not published."""
    try:
        read_about(path)
    except (OSError, ValueError):
        return False
    return True


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


def read_weights(path: Path, name: str) -> dict[str, Tensor]:
    """Return the weights in a file under timm's names for an architecture, the classifier among them if there is one.

    Args:
        path: anything that :func:`load_pretrained` takes.
        name: that timm knows.

    Raises:
        WeightsError: if they cannot be read, or do not fit.
    """
    found = find_weight_file(path, name)
    with torch.device("meta"):
        network = _create(name, num_classes=_ANY_CLASSES, **found.arguments)
    state = _fit(found, network, name).state
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}


def _ready(
    card: ModelCard, network: nn.Module, digest: str, arguments: Mapping[str, Any] | None = None
) -> PretrainedModel:
    from timm.data import create_transform, resolve_model_data_config

    with foreign_code(f"timm must know how '{card.id}' sees images", "Choose another model."):
        transform: Any = create_transform(**resolve_model_data_config(network), is_training=False)
    return PretrainedModel(card, network.eval(), digest, transform, arguments=arguments or {})


def _create(name: str, needs: str = "", hint: str = "Choose another version of timm.", **options: Any) -> nn.Module:
    import_torchvision()
    import timm

    guard = foreign_code(needs or f"timm must be able to make the network '{name}'", hint, WeightsError)
    with warnings.catch_warnings(), guard:
        warnings.simplefilter("ignore")  # a deprecated name is mapped to the present one, which the card tells
        network: nn.Module = timm.create_model(name.removeprefix("timm/"), **options)
    return network


def _from_hub(name: str) -> nn.Module:
    needs, hint = f"The weights of '{name}' must be in the Hugging Face cache or on the hub", _ALLOW
    with hub_or_cache() as why_not:
        if why_not is not None and not _has_hub_id(name):
            raise WeightsError(f"{needs} (got: they are elsewhere, and {why_not}). {hint}")
        try:
            return _create(name, needs, hint, pretrained=True)
        except WeightsError as error:
            if why_not is None or not isinstance(error.__cause__, OSError):
                raise
            raise WeightsError(f"{needs} (got: {why_not}, and the cache does not have them). {hint}") from error


def _has_hub_id(name: str) -> bool:
    """Return whether timm has the weights on the hub; others come from addresses that its client knows nothing of."""
    config = import_timm().get_pretrained_cfg(name.removeprefix("timm/"))
    return config is None or bool(config.hf_hub_id)


def _from_file(name: str, found: WeightFile) -> nn.Module:
    with torch.device("meta"):
        empty = _create(name, num_classes=_ANY_CLASSES, **found.arguments)
    fitted = _fit(found, empty, name)
    network = _create(name, num_classes=fitted.num_classes, pretrained_cfg_overlay=found.sees, **found.arguments)
    parameters = {key for key, _ in network.named_parameters()}
    with foreign_code(f"The weights in '{found.path}' must fit '{name}'", _OTHER_FILE, WeightsError):
        missing = [key for key in network.load_state_dict(fitted.state, strict=False).missing_keys if key in parameters]
        if missing:
            raise ValueError(f"nothing for {', '.join(missing[:5])}")
    return network


def _fit(found: WeightFile, empty: nn.Module, name: str) -> Fitted:
    _require_architecture(found, name)
    fitted = fit_weights(read_checkpoint(found.path), empty, name, found.path.name)
    for sentence in fitted.said:
        _log.warning("%s", sentence)
    return fitted


def _require_architecture(found: WeightFile, name: str) -> None:
    card = model_card_from_timm(name)
    wanted = name if card is None else str(card.timm_name)
    if found.architecture is not None and found.architecture.partition(".")[0] != wanted.partition(".")[0]:
        raise WeightsError(
            f"The weights in '{found.path.parent}' must be of the architecture '{wanted}' "
            f"(got '{found.architecture}'). Name the model '{found.architecture}'."
        )
