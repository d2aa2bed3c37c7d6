"""One rule for names of models: an id is itself, and a bare architecture is timm's default weights.

Predicting, scoring, measuring and ingesting all find models here, so that a name means one set of weights everywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.files.counts import some_of
from zoograph.data.networks.registry.torchvision_names import PREFIX
from zoograph.data.records.cards import Modality, ModelCard
from zoograph.data.records.naming.names import NameIndex
from zoograph.data.records.pretraining import LineageKind
from zoograph.data.text.encoders.model_folder import holds_encoder

# How timm, people and browsers say that a name is one of the hub, and of its main branch.
_HUB = re.compile(r"(?:hf[-_]hub:|(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/)+", re.IGNORECASE)
_MAIN = re.compile(r"(?:@main|/(?:tree|blob|resolve)/main(?:/.*)?|/)$")
_OF_TIMM = "timm_"
_MOST_EXPLAINED = 3
OWN = "@"
"""In an id: before it what the weights are of, after it the digest of their content."""
FROM_FILE = "weights of "
"""What the source of such a card begins with; the name of the file or folder is behind it."""


class FoundModel(NamedTuple):
    """What a name stands for: an id, and its card if the store does not know the model."""

    id: str
    card: ModelCard | None = None

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """The card, if there is one."""
        return () if self.card is None else (self.card,)


def find_model(names: NameIndex, name: str, *, anywhere: bool = True) -> FoundModel:
    """Return the one set of weights that a name means.

    An id of the store is itself. What the store calls one model alone is that model: it calls each of timm's by all of
    timm's names. Any other name is asked of :func:`zoograph.data.networks.model_names.resolve_model_name`, and so is
    one that the store has several models for: a bare architecture is timm's default weights, whoever else is called
    so. timm is imported only then.

    Args:
        names: of the store.
        name: as somebody wrote it.
        anywhere: whether a folder, the hub and installed packages are looked into for an encoder of that name.

    Raises:
        UnknownName: with the nearest names.
        AmbiguousName: if the store has several models of a name that nobody else knows.
    """
    found = find_known_model(names, name) or (_find_encoder(names, name) if anywhere else None)
    return found or FoundModel(names.resolve_model(without_hub(name), more_names=lambda: _nearest(name)))


def find_known_model(names: NameIndex, name: str) -> FoundModel | None:
    """Return what :func:`find_model` does, and ``None`` for a name that nobody knows exactly as it is written."""
    for written in dict.fromkeys((name, without_hub(name))):
        known = names.models.get(written, ())
        if written in known:
            return FoundModel(written)
        if len(known) == 1:
            return FoundModel(known[0])
    return _ask_libraries(names, without_hub(name))


def explain_name(name: str, model: str) -> str | None:
    """Return the sentence that says which weights a name was taken for; None if the name says so itself.

    >>> explain_name("resnet50", "resnet50.a1_in1k")
    "'resnet50' means timm's default weights, 'resnet50.a1_in1k'."
    """
    if _is_bare(name, model):
        return f"'{name}' means timm's default weights, '{model}'."
    return None if without_prefix(name) == model else f"'{name}' means the weights '{model}'."


def explain_names(models: Mapping[str, str]) -> list[str]:
    """Return what :func:`explain_name` says of many names, in a sentence for each way in which they were read.

    >>> explain_names({"resnet50": "resnet50.a1_in1k", "vit.in1k": "vit.in1k"})
    ["'resnet50' means timm's default weights, 'resnet50.a1_in1k'."]

    Args:
        models: name -> the id of the model that it was taken for.
    """
    other = {name: model for name, model in models.items() if name != model}
    taken = {name: model for name, model in other.items() if explain_name(name, model) is not None}
    if len(taken) == 1:
        return [str(explain_name(*pair)) for pair in taken.items()]
    bare = {name: model for name, model in taken.items() if _is_bare(name, model)}
    others = {name: model for name, model in taken.items() if name not in bare}
    return [
        f"{said}: {some_of([f'{name!r} means {model!r}' for name, model in group.items()], _MOST_EXPLAINED)}."
        for said, group in (
            ("Names without weights mean timm's default weights", bare),
            ("Names in other spellings mean these weights", others),
        )
        if group
    ]


def _is_bare(name: str, model: str) -> bool:
    return bare_architecture(name) == model.partition(".")[0]


def bare_architecture(name: str) -> str | None:
    """Return the architecture that a name of timm consists of; None if it names weights, or is no name of timm.

    >>> bare_architecture("timm/resnet50"), bare_architecture("resnet50.a1_in1k"), bare_architecture("owner/model")
    ('resnet50', None, None)
    """
    bare = without_prefix(name)
    return None if {"/", ".", OWN} & set(bare) else bare


def without_prefix(name: str) -> str:
    """Return a name without what says that it is one of the hub, or of timm."""
    return without_hub(name).removeprefix("timm/")


def without_hub(name: str) -> str:
    """Return a name without what says that it is one of the hub, as timm or the address in a browser does.

    >>> without_hub("hf-hub:timm/resnet50.a1_in1k"), without_hub("https://huggingface.co/timm/resnet50.a1_in1k/tree/main")
    ('timm/resnet50.a1_in1k', 'timm/resnet50.a1_in1k')
    """
    found = _HUB.match(name)
    return _MAIN.sub("", name[found.end() :]) if found else name.removesuffix("@main")


def file_names(model: str) -> tuple[str, str]:
    """Return what a file or a folder of a model's weights is called without its ending, as people and as timm have it.

    >>> file_names("torchvision/resnet50.IMAGENET1K_V1")
    ('torchvision_resnet50.IMAGENET1K_V1', 'timm_torchvision_resnet50.IMAGENET1K_V1')
    """
    plain = model.replace("/", "_")
    return plain, f"{_OF_TIMM}{plain}"


def model_of_file(called: str) -> str:
    """Return the id of timm or torchvision that a file is called like: the other way round of :func:`file_names`.

    >>> model_of_file("timm_resnet50.a1_in1k"), model_of_file("torchvision_resnet50.IMAGENET1K_V1")
    ('resnet50.a1_in1k', 'torchvision/resnet50.IMAGENET1K_V1')
    """
    name, torchvision = called.removeprefix(_OF_TIMM), file_names(PREFIX)[0]
    return f"{PREFIX}{name.removeprefix(torchvision)}" if name.startswith(torchvision) else name


def is_own(card: ModelCard) -> bool:
    """Return whether a card is of weights from somebody's file or at random, see ``networks.weights``."""
    return OWN in card.id and card.id.partition(OWN)[0] == card.timm_name


def named_in_full(names: NameIndex, card: ModelCard) -> str | None:
    """Return the encoder that a folder of weights is called like, with an underscore for the slash; None for none.

    Args:
        names: of the store.
        card: of the weights in a folder.
    """
    folder = card.id.partition(OWN)[0]
    if Modality.TEXT not in card.modalities or "/" in folder or card.source != f"{FROM_FILE}{folder}":
        return None
    ids = (id for id, known in names.models.items() if id in known and "/" in id)
    return next((id for id in ids if file_names(id)[0] == folder), None)


def loading_name(card: ModelCard) -> str | None:
    """Return what a command calls a model whose images it is to look at; None if timm does not load the weights."""
    if is_own(card):
        return f"{card.timm_name} --weights FILE"
    if Modality.TEXT in card.modalities:
        return None if card.open_weights is False else card.id
    if card.id.startswith(PREFIX):
        return card.id if any(step.kind is LineageKind.SAME_WEIGHTS for step in card.derived_from) else None
    return None if "/" in card.id else card.id


def loading_code(card: ModelCard, num_classes: int, weights: Path | None = None) -> str:
    """Return Python that loads a model with a new classifier, by the library that has it.

    A file of images' weights is read by :func:`zoograph.data.networks.weights.load_pretrained`, which gives timm's
    network: timm itself does not read all the layouts that are taken here.

    Args:
        card: of the model.
        num_classes: of the classifier.
        weights: file or folder of its weights; None for those of the name.
    """
    if Modality.TEXT in card.modalities:
        name = card.id if weights is None else str(weights)
        return (
            "from transformers import AutoModelForSequenceClassification, AutoTokenizer\n\n"
            f"tokenizer = AutoTokenizer.from_pretrained({json.dumps(name)})\n"
            "model = AutoModelForSequenceClassification.from_pretrained("
            f"{json.dumps(name)}, num_labels={num_classes})"
        )
    if weights is not None:
        architecture = card.timm_name if is_own(card) else card.id
        return (
            "from zoograph.data.networks.weights import load_pretrained\n\n"
            f"model = load_pretrained({json.dumps(architecture)}, {json.dumps(str(weights))}).network  # timm's\n"
            f"model.reset_classifier({num_classes})"
        )
    return (
        f"import timm\n\nmodel = timm.create_model({json.dumps(card.id)}, pretrained=True, num_classes={num_classes})"
    )


def find_others(model: str, architecture: str, cards: Iterable[ModelCard]) -> Sequence[ModelCard]:
    """Return those of ``cards`` that are weights of an architecture as timm or torchvision publish it, but ``model``.

    Weights from a file or at random are none of these, nor are somebody's uploads.
    """
    theirs = (card for card in cards if "/" not in card.id or card.id.startswith(PREFIX))
    return [card for card in theirs if card.timm_name == architecture and card.id != model and not is_own(card)]


def require_reader(card: ModelCard, dataset: str, modality: str) -> None:
    """Raise unless a model reads what a dataset is made of.

    Raises:
        ZoographError: if it does not.
    """
    if modality not in card.modalities:
        reads = " and ".join(f"{name}s" for name in card.modalities)
        raise ZoographError(
            f"The model '{card.id}' must read {modality}s to be asked about '{dataset}' (got one that reads {reads}). "
            f"Choose another model, or a dataset of {reads}."
        )


def make_model_card(model: str) -> ModelCard | None:
    """Return the card of the weights with an id, made without a download; None if no library has them."""
    from zoograph.data.networks.registry.torchvision_cards import model_card_from_torchvision
    from zoograph.data.networks.timm_cards import model_card_from_timm

    return model_card_from_torchvision(model) or model_card_from_timm(model)


def _ask_libraries(names: NameIndex, name: str) -> FoundModel | None:
    """Return what timm, torchvision and the table of names know by a name; None if they do not."""
    from zoograph.data.networks.model_names import resolve_model_name

    try:
        model = resolve_model_name(name)
    except UnknownName:
        return None
    known = names.models.get(model, ())
    if model in known or len(known) == 1:
        return FoundModel(model if model in known else known[0])
    card = make_model_card(model)
    return None if card is None else FoundModel(card.id, card)


def _find_encoder(names: NameIndex, name: str) -> FoundModel | None:
    """Return the encoder of texts that a folder, the hub or an installed package has; None if it is nowhere.

    Weights in a folder that something was measured of are known by their content.
    """
    from zoograph.data.networks.registry.encoder_cards import find_encoder_card, find_own_label

    card = find_encoder_card(without_hub(name)) if may_be_encoder(name) else None
    if card is None:
        return None
    if any(known.startswith(card.id + OWN) for known in names.models):
        label = find_own_label(name)
        if label is not None and label in names.models:
            return FoundModel(label)
    return FoundModel(card.id, card)


def may_be_encoder(name: str) -> bool:
    """Return whether a name can be one of a folder, the hub or a package: looking for it there takes time."""
    module = name.replace("-", "_")
    if "/" in name or holds_encoder(Path(name).expanduser()):
        return True
    return module.isidentifier() and find_spec(module) is not None


def _nearest(name: str) -> Sequence[str]:
    from zoograph.data.networks.registry.timm_names import nearest_timm_names

    return nearest_timm_names(without_prefix(name))
