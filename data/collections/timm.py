"""timm's published weights: a card each, made from its registry, and the corpora behind them.

The ImageNet accuracies on the cards come from timm's tables of results. They are not runs: those are somebody else's
to read.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from zoograph.data.collections.tables import read_rows
from zoograph.data.errors import RawDataError
from zoograph.data.networks.model_names import other_names
from zoograph.data.networks.registry.corpora import CORPORA
from zoograph.data.networks.registry.timm_names import published_weights
from zoograph.data.networks.registry.torchvision_cards import DOMAINNET_WEIGHTS, model_card_from_torchvision
from zoograph.data.networks.timm_cards import make_card
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.pretraining import ImagenetAccuracy

SOURCE = "timm"
_TORCHVISION = "torchvision"

# Field of the card -> the table that it is in.
_RESULTS = {
    "imagenet": "results-imagenet.csv",
    "real": "results-imagenet-real.csv",
    "v2": "results-imagenetv2-matched-frequency.csv",
    "a": "results-imagenet-a.csv",
    "r": "results-imagenet-r.csv",
    "sketch": "results-sketch.csv",
}


def read_timm(raw: Path | None = None) -> Collection:
    """Return the cards of all weights that timm knows, of torchvision's that the zoo has records of, and of corpora.

    Args:
        raw: folder of the public tables; without it, no card has ImageNet accuracies.

    Raises:
        RawDataError: if a table of results is missing, or has weights that timm does not know.
    """
    accuracies = {} if raw is None else read_accuracies(raw / SOURCE)
    unknown = accuracies.keys() - published_weights()
    if unknown:
        raise RawDataError(
            f"The results of timm need weights that the installed timm knows (got '{min(unknown)}'). "
            "Install the version that the tables were made with, or a later one."
        )
    models = [_complete(make_card(name), accuracies.get(name, {})) for name in sorted(published_weights())]
    for name in DOMAINNET_WEIGHTS.values():
        card = model_card_from_torchvision(name)
        if card is not None:
            models.append(card.model_copy(update={"source": _TORCHVISION}))
    return Collection(models=tuple(models), datasets=tuple(corpus.card for corpus in CORPORA.values())).validate()


def read_accuracies(folder: Path) -> dict[str, dict[int, ImagenetAccuracy]]:
    """Return the six top-1 accuracies of each weight at each image size, as fractions.

    Args:
        folder: timm's tables of results.

    Raises:
        RawDataError: if a table is missing, or a value is no percentage.
    """
    found: dict[str, dict[int, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for field, name in _RESULTS.items():
        for line, cells in read_rows(folder / name, ("model", "img_size", "top1")):
            try:
                found[cells["model"]][int(cells["img_size"])][field] = _fraction(cells["top1"])
            except ValueError as error:
                raise RawDataError(
                    f"The row at '{folder / name}', line {line}, needs an image size and a percentage "
                    f"(got {cells['img_size']!r} and {cells['top1']!r}). Correct or remove it."
                ) from error
    return {
        model: {size: ImagenetAccuracy(image_size=size, **values) for size, values in sizes.items()}
        for model, sizes in found.items()
    }


def _fraction(percent: str) -> float:
    value = float(percent)
    if not 0 <= value <= 100:
        raise ValueError(percent)
    return round(value / 100, 6)


def _complete(card: ModelCard, accuracies: dict[int, ImagenetAccuracy]) -> ModelCard:
    """Return the card with its names elsewhere, and its accuracy at the size of its input, or else the only one."""
    accuracy = accuracies.get(card.input_size or 0)
    if accuracy is None and len(accuracies) == 1:
        (accuracy,) = accuracies.values()
    return card.model_copy(
        update={
            "source": SOURCE,
            "aliases": (*card.aliases, *other_names().get(card.id, ())),
            "imagenet": accuracy,
            "imagenet_top1": accuracy.imagenet if accuracy else None,
        }
    )
