"""Toy zoo: a few models and datasets with records written by hand, for tests."""

from __future__ import annotations

import pandas as pd

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.zoo import RELATION_COLUMNS, RUN_COLUMNS, SCORE_COLUMNS, Zoo


def make_toy_zoo() -> Zoo:
    """Return three models, two sketch tasks of one family, a photo task and a corpus, with six runs written by hand."""
    models = [
        ModelCard(
            id="small",
            family="resnet",
            parameters=10,
            imagenet_top1=0.7,
            pretrained_on="corpus",
            source="toy",
        ),
        ModelCard(id="large", family="resnet", parameters=100, imagenet_top1=0.8, source="toy"),
        ModelCard(id="hub/other", aliases=("other",), family="vit", source="toy"),
    ]
    datasets = [
        DatasetCard(
            id="s1",
            family="s",
            domain="sketch",
            labels=("Cat", "dog"),
            num_classes=2,
            num_samples=20,
            source="toy",
        ),
        DatasetCard(
            id="s2",
            family="s",
            domain="sketch",
            labels=("dog", "hot_dog"),
            num_classes=2,
            num_samples=80,
            source="toy",
        ),
        DatasetCard(
            id="p1",
            domain="photo",
            labels=("cat", "car", "jail"),
            num_classes=3,
            num_samples=30,
            source="toy",
        ),
        DatasetCard(id="corpus", num_classes=1000, source="toy"),
    ]
    values = [
        ("small", "s1", 0.5),
        ("small", "s1", 0.7),
        ("small", "p1", 0.9),
        ("large", "s1", 0.8),
        ("large", "s2", 0.6),
        ("hub/other", "p1", 0.4),
    ]
    runs = [
        *((model, dataset, "head", "top1", value, None, None, "toy") for model, dataset, value in values),
        ("small", "s2", "finetune", "top1", 0.1, None, 12, "toy"),
        ("small", "s2", "head", "f1", 0.2, None, None, "toy"),
    ]
    scores = [("small", "p1", "logme", 1.0, "toy"), ("large", "p1", "logme", 3.0, "toy")]
    relations = [("s1", "corpus", "domain_distance", 5.0, "toy")]
    return Zoo(
        {card.id: card for card in models},
        {card.id: card for card in datasets},
        pd.DataFrame(runs, columns=list(RUN_COLUMNS[:8])).reindex(columns=list(RUN_COLUMNS)),
        pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        pd.DataFrame(relations, columns=list(RELATION_COLUMNS)),
    )
