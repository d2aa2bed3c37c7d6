"""MIEB's probe: logistic regressions on 16 images of each class, drawn anew five times, tested on all test images.

Xiao et al., "MIEB: Massive Image Embedding Benchmark", ICCV 2025.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from zoograph.data.networks.features import extract_features
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.records.pretraining import Objective
from zoograph.data.tasks.task import LabelledTask
from zoograph.training.runtime.progress import Progress

SHOTS, REPEATS = 16, 5
_MOST_STEPS = 100


class ProbeResult(NamedTuple):
    """What a probe reached.

    Attributes:
        accuracies: top-1 of each draw, in [0, 1], higher is better.
        num_train: images of each draw.
        num_test: images that each was tested on.
        embedding: ``projected`` into the space that images share with texts, or ``pooled``.
    """

    accuracies: tuple[float, ...]
    num_train: int
    num_test: int
    embedding: str

    @property
    def mean(self) -> float:
        """Mean accuracy."""
        return fmean(self.accuracies)

    @property
    def spread(self) -> float:
        """Standard deviation of the accuracies."""
        return stdev(self.accuracies)


def draw_rows(labels: Sequence[int], name: str, shots: int = SHOTS, repeats: int = REPEATS) -> list[NDArray[np.int64]]:
    """Return the rows of each draw: of every class the first ``shots`` of a shuffled order, or all that it has.

    Args:
        labels: (N,) classes of the training images.
        name: of the dataset, from which the seeds follow: every model is trained on the same images.
        shots: images of a class.
        repeats: draws.
    """
    classes, drawn = np.asarray(labels), []
    for repeat in range(repeats):
        seed = int.from_bytes(hashlib.sha256(f"{name} {repeat}".encode()).digest()[:8], "little")
        order = np.random.default_rng(seed).permutation(len(classes))
        kept = [rows[:shots] for rows in (order[classes[order] == one] for one in np.unique(classes))]
        drawn.append(np.sort(np.concatenate(kept)))
    return drawn


@dataclass(frozen=True, eq=False)
class DrawnTask:
    """The images that a probe looks at, which are the same for every model.

    Attributes:
        task: of these images alone.
        draws: rows of it, for each draw.
        tested: rows of it.
    """

    task: LabelledTask
    draws: tuple[tuple[int, ...], ...]
    tested: tuple[int, ...]


def draw(task: LabelledTask, shots: int = SHOTS, repeats: int = REPEATS) -> DrawnTask:
    """Return the images of a task that a probe looks at; the task's authors must have set test images aside."""
    assert task.is_test is not None
    is_test = np.array(task.is_test)
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    draws = [train[rows] for rows in draw_rows([task.labels[row] for row in train], task.card.id, shots, repeats)]
    wanted = np.unique(np.concatenate([*draws, test]))
    places = [tuple(np.searchsorted(wanted, rows).tolist()) for rows in (*draws, test)]
    return DrawnTask(task.take(wanted.tolist()), tuple(places[:-1]), places[-1])


def probe(
    model: PretrainedModel, drawn: DrawnTask, place: torch.device, progress: Progress | None = None
) -> ProbeResult:
    """Measure a model by MIEB's probe. An image that cannot be read is left out.

    Args:
        model: whose embeddings are probed, see :func:`embed`.
        drawn: the images.
        place: where embeddings are computed.
        progress: called with (images done, images in all).

    Raises:
        ZoographError: if the network cannot look at these images.
    """
    seen = extract_features(model, drawn.task, place, progress=progress)
    embedded, embedding = embed(model, seen.features)
    x, y = embedded.double().cpu().numpy(), seen.labels.cpu().numpy()
    assert seen.rows is not None
    at = {row: number for number, row in enumerate(seen.rows.tolist())}
    tested = [at[row] for row in drawn.tested if row in at]
    trained = [[at[row] for row in rows if row in at] for rows in drawn.draws]
    accuracies = tuple(fit_and_test(x[rows], y[rows], x[tested], y[tested]) for rows in trained)
    return ProbeResult(accuracies, len(trained[0]), len(tested), embedding)


def fit_and_test(
    train: NDArray[np.float64], train_labels: NDArray[np.int64], test: NDArray[np.float64], labels: NDArray[np.int64]
) -> float:
    """Return the top-1 accuracy of scikit-learn's logistic regression after at most 100 steps, as MIEB fits it."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # MIEB stops there, too
        fitted = LogisticRegression(max_iter=_MOST_STEPS).fit(train, train_labels)
    return float((fitted.predict(test) == labels).mean())


def embed(model: PretrainedModel, features: Tensor) -> tuple[Tensor, str]:
    """Return what MIEB takes for a model's embedding, of the features that its classifier reads, and its kind.

    Of an image-text model that is the projection into the space that images share with texts, which timm keeps in the
    place of the classifier; of any other model it is the pooled features.
    """
    card, classifier = model.card, getattr(model.network, "get_classifier", nn.Identity)()
    if card.objective is Objective.IMAGE_TEXT and card.pretrained_on is None and isinstance(classifier, nn.Linear):
        with torch.inference_mode():
            return classifier.float().to(features.device)(features), "projected"
    return features, "pooled"
