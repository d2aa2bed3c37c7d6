"""Synthetic zoo: accuracies of latent factors, of any size and with known truth, for tests and studies of scale."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import INFLUENCE_COLUMNS, RELATION_COLUMNS, RUN_COLUMNS, Zoo

SOURCE = "synthetic"
_FAMILIES = ("convnext", "densenet", "efficientnet", "mobilenet", "resnet", "swin", "vit", "regnet")
_DOMAINS = ("clipart", "infograph", "painting", "quickdraw", "real", "sketch")
_CLASSES = (2, 4, 8, 16, 32)
_SHOTS = (10, 30, 50)
_NUM_FACTORS = 4


class SyntheticZoo(NamedTuple):
    """A zoo and the noiseless accuracies behind it, (num models, num datasets) in node order."""

    zoo: Zoo
    truth: np.ndarray


def make_synthetic_zoo(
    num_models: int = 10,
    num_datasets: int = 40,
    density: float = 1.0,
    scored: float = 0.0,
    num_relations: int = 0,
    num_influences: int = 0,
    protocol: Protocol = Protocol.HEAD,
    seed: int = 0,
) -> SyntheticZoo:
    r"""Draw a zoo with latent-factor accuracies.

    .. math:: a_{md} = \sigma(1 + \alpha_m - \beta_d + u_m^\top v_d), \quad
        \hat a_{md} \sim \mathrm{Binomial}(n_d, a_{md}) / n_d

    where :math:`\alpha` and :math:`u` depend on the model's size and family, :math:`\beta` and :math:`v` on
    the dataset's number of classes and domain, so that cards are informative but not sufficient.

    Args:
        num_models: models, in eight families.
        num_datasets: datasets, in six domains and five sizes of label set.
        density: share of pairs that are measured, in (0, 1].
        scored: share of pairs that have a ``logme`` score, in [0, 1].
        num_relations: measured ``domain_distance`` rows between random pairs of datasets.
        num_influences: ``influence_correct`` rows of classes on random datasets.
        protocol: of the runs.
        seed: everything is drawn from it.
    """
    rng = np.random.default_rng(seed)
    family = rng.integers(len(_FAMILIES), size=num_models)
    log_parameters = rng.normal(17.0, 1.0, size=num_models)
    domain = rng.integers(len(_DOMAINS), size=num_datasets)
    classes = np.array(_CLASSES)[rng.integers(len(_CLASSES), size=num_datasets)]
    shots = np.array(_SHOTS)[rng.integers(len(_SHOTS), size=num_datasets)]

    skill = 0.15 * (log_parameters - 17.0) + rng.normal(0, 0.15, num_models)
    hardness = 0.4 * np.log2(classes) - 0.2 * np.log(shots) + rng.normal(0, 0.3, num_datasets)
    taste = 0.3 * rng.normal(size=(len(_FAMILIES), _NUM_FACTORS))[family]
    taste = taste + 0.1 * rng.normal(size=(num_models, _NUM_FACTORS))
    appeal = rng.normal(size=(len(_DOMAINS), _NUM_FACTORS))[domain]
    appeal = appeal + 0.3 * rng.normal(size=(num_datasets, _NUM_FACTORS))
    truth = 1 / (1 + np.exp(-(1.0 + skill[:, None] - hardness[None, :] + taste @ appeal.T)))

    models = [
        ModelCard(
            id=f"{_FAMILIES[family[i]]}_{i}",
            family=_FAMILIES[family[i]],
            parameters=int(np.exp(log_parameters[i])),
            gmacs=float(np.exp(log_parameters[i] - 16.0)),
            input_size=224,
            pretrained_on="corpus",
            imagenet_top1=float(np.clip(0.75 + 0.1 * skill[i], 0, 1)),
            source=SOURCE,
        )
        for i in range(num_models)
    ]
    datasets = [
        DatasetCard(
            id=f"task_{j}",
            family=f"{_DOMAINS[domain[j]]}_{classes[j]}",
            domain=_DOMAINS[domain[j]],
            labels=tuple(f"class {k}" for k in rng.choice(200, size=classes[j], replace=False)),
            num_classes=int(classes[j]),
            num_samples=int(classes[j] * shots[j]),
            samples_per_class=float(shots[j]),
            source=SOURCE,
        )
        for j in range(num_datasets)
    ]
    corpus = DatasetCard(id="corpus", num_classes=1000, source=SOURCE)

    rows, columns = np.nonzero(rng.random(truth.shape) < density)
    sizes = (classes * shots)[columns]
    runs = pd.DataFrame(
        {
            "model": np.array([card.id for card in models], object)[rows],
            "dataset": np.array([card.id for card in datasets], object)[columns],
            "protocol": protocol.value,
            "metric": Metric.TOP1.value,
            "value": rng.binomial(sizes, truth[rows, columns]) / sizes,
            "train_size": np.nan,
            "test_size": sizes.astype(float),
            "source": SOURCE,
        }
    ).reindex(columns=list(RUN_COLUMNS))
    return SyntheticZoo(
        Zoo(
            {card.id: card for card in models},
            {card.id: card for card in (*datasets, corpus)},
            runs,
            _make_scores(rng, truth, scored, models, datasets),
            _make_relations(rng, appeal, num_relations, datasets),
            _make_influences(rng, num_influences, datasets),
        ),
        truth,
    )


def _make_scores(
    rng: np.random.Generator,
    truth: np.ndarray,
    share: float,
    models: list[ModelCard],
    datasets: list[DatasetCard],
) -> pd.DataFrame:
    rows, columns = np.nonzero(rng.random(truth.shape) < share)
    return pd.DataFrame(
        {
            "model": [models[i].id for i in rows],
            "dataset": [datasets[j].id for j in columns],
            "name": "logme",
            "value": truth[rows, columns] + rng.normal(0, 0.05, len(rows)),
            "source": SOURCE,
        }
    )


def _make_relations(
    rng: np.random.Generator, appeal: np.ndarray, count: int, datasets: list[DatasetCard]
) -> pd.DataFrame:
    pairs = sorted({tuple(sorted(rng.choice(len(datasets), 2, replace=False).tolist())) for _ in range(count)})
    return pd.DataFrame(
        [
            (
                datasets[a].id,
                datasets[b].id,
                "domain_distance",
                float(np.linalg.norm(appeal[a] - appeal[b])),
                SOURCE,
            )
            for a, b in pairs
        ],
        columns=list(RELATION_COLUMNS),
    )


def _make_influences(rng: np.random.Generator, count: int, datasets: list[DatasetCard]) -> pd.DataFrame:
    labels = sorted({label for card in datasets for label in card.labels})
    rows = [
        (
            labels[rng.integers(len(labels))],
            "corpus",
            datasets[rng.integers(len(datasets))].id,
            "influence_correct",
            float(rng.normal(0, 0.02)),
            0.01,
            SOURCE,
        )
        for _ in range(count)
    ]
    return pd.DataFrame(rows, columns=list(INFLUENCE_COLUMNS))
