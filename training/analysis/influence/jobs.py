"""The two jobs of an ensemble in a process: pre-train a block of its models, transfer a block of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from zoograph.training.analysis.influence.batched_training import initial_weights, see, train_many
from zoograph.training.analysis.influence.members import Members
from zoograph.training.analysis.influence.recipe import Recipe
from zoograph.training.analysis.influence.small_tasks import SmallTask, load_small_task
from zoograph.training.measuring.head import head_logits
from zoograph.training.runtime.threads import one_thread

OUTCOMES = ("correct", "margin", "probability")
"""What is recorded of a model on a test image: 1 if it is right; the probability of the true class minus that of the
best other; and the probability of the true class."""


def train_block(
    path: Path, unit: str, recipe: Recipe, device: str, members: Members
) -> list[dict[str, NDArray[np.float32]]]:
    """Pre-train models; return for each its (P,) ``weights`` and its ``accuracy`` on held-out images of its classes.

    Args:
        path: of the source, as :meth:`SmallTask.save` wrote it.
        unit: ``class`` or ``example``.
        recipe: of the models.
        device: where to compute.
        members: the models, and what they see.
    """
    source, place = load_small_task(path), torch.device(device)
    seen = members.keep[:, source.train_labels] if unit == "class" else members.keep
    with one_thread():
        network = recipe.create(len(source.classes)).to(place)
        start = torch.stack([initial_weights(network, seed) for seed in members.seeds])
        images, labels = source.inputs("train", place)
        rows = [np.flatnonzero(one) for one in seen]
        weights = train_many(network, start, images, labels, rows, members.seeds, recipe.schedule)
        test, truth = source.inputs("test", place)
        found = []
        for row, own in enumerate(rows):
            known = torch.isin(truth, labels[torch.from_numpy(own).to(place)])
            right = see(network, weights[row], test[known])[1].argmax(1) == truth[known]
            accuracy = right.float().mean() if len(right) else torch.tensor(0.0)
            found.append({"weights": _array(weights[row]), "accuracy": _array(accuracy)})
    return found


def transfer_block(
    path: Path, recipe: Recipe, device: str, source_classes: int, weights: NDArray[np.float32], seeds: Sequence[int]
) -> list[dict[str, NDArray[np.float32]]]:
    """Transfer models to a target; return for each its (3, N) ``outcomes`` on the test images: see :data:`OUTCOMES`.

    Args:
        path: of the target, as :meth:`SmallTask.save` wrote it.
        recipe: of the models.
        device: where to compute.
        source_classes: outputs of the source models.
        weights: (M, P) of the source models.
        seeds: of each of them.
    """
    target, place = load_small_task(path), torch.device(device)
    with one_thread():
        logits = (_fine_tuned if recipe.transfer == "full" else _with_new_heads)(
            target, recipe, place, source_classes, torch.from_numpy(weights).to(place), seeds
        )
        truth = torch.from_numpy(target.test_labels).to(place)
        return [{"outcomes": _array(_outcomes(one, truth))} for one in logits]


def _with_new_heads(
    target: SmallTask, recipe: Recipe, place: torch.device, source_classes: int, weights: Tensor, seeds: Sequence[int]
) -> list[Tensor]:
    network = recipe.create(source_classes).to(place)
    train, labels = target.inputs("train", place)
    test, _ = target.inputs("test", place)
    both = torch.cat([train, test])
    features = (see(network, one, both)[0].split([len(train), len(test)]) for one in weights)
    return [head_logits(known, labels, asked) for known, asked in features]


def _fine_tuned(
    target: SmallTask, recipe: Recipe, place: torch.device, source_classes: int, weights: Tensor, seeds: Sequence[int]
) -> list[Tensor]:
    """Train all layers from the weights of a source model, whose classifier is drawn anew."""
    network = recipe.create(len(target.classes)).to(place)
    body = weights.shape[1] - _classifier_size(recipe.create(source_classes))
    fresh = torch.stack([initial_weights(network, seed) for seed in seeds]).to(place)
    start = torch.cat([weights[:, :body], fresh[:, body:]], dim=1)
    images, labels = target.inputs("train", place)
    everything = [np.arange(len(labels))] * len(seeds)
    tuned = train_many(network, start, images, labels, everything, seeds, recipe.fine_schedule)
    test, _ = target.inputs("test", place)
    return [see(network, one, test)[1] for one in tuned]


def _classifier_size(network: nn.Module) -> int:
    """Return how many of the parameters are the classifier's, which come last."""
    own = list(network.get_classifier().parameters())  # type: ignore[operator]
    assert [id(p) for p in network.parameters()][-len(own) :] == [id(p) for p in own]
    return sum(p.numel() for p in own)


def _outcomes(logits: Tensor, truth: Tensor) -> Tensor:
    """Return (3, N): see :data:`OUTCOMES`. A class without training images has no output, and is never right."""
    chances = logits.softmax(1)
    chances = nn.functional.pad(chances, (0, max(0, int(truth.max()) + 1 - chances.shape[1])))
    true = chances.gather(1, truth[:, None])[:, 0]
    others = chances.scatter(1, truth[:, None], -1.0).amax(1)
    return torch.stack([(true > others).float(), true - others, true])


def _array(values: Tensor) -> NDArray[np.float32]:
    return values.detach().cpu().float().numpy()
