"""A zoo that was measured under several protocols, and the kernel before it has learned."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.records.zoo import SCORE_COLUMNS, Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.models.evidence.kernel import DatasetCovariances, EvidenceKernel, ModelCovariances
from zoograph.models.evidence.posterior import Prior


@pytest.fixture(scope="module")
def zoo() -> Zoo:
    """8 models on 14 datasets: heads, and some fine-tuned, asked by name, scored or probed."""
    zoo = make_synthetic_zoo(8, 14, density=0.8, scored=0.3, num_relations=6).zoo
    tuned = zoo.runs.iloc[::3].assign(protocol="finetune", value=(zoo.runs["value"].iloc[::3] + 0.05).clip(0, 1))
    asked = zoo.runs.iloc[1::4].assign(protocol="zero_shot", value=(zoo.runs["value"].iloc[1::4] - 0.1).clip(0, 1))
    rows = zoo.runs.iloc[2::5]
    probes = pd.DataFrame(
        {"model": rows["model"], "dataset": rows["dataset"], "name": "knn", "value": rows["value"], "source": "t"}
    )
    scores = pd.concat([zoo.scores, probes[list(SCORE_COLUMNS)]], ignore_index=True)
    return Zoo(zoo.models, zoo.datasets, pd.concat([zoo.runs, tuned, asked], ignore_index=True), scores, zoo.relations)


@pytest.fixture(scope="module")
def graph(zoo: Zoo) -> HeteroData:
    return build_graph(zoo, HashEmbedder(8))


@pytest.fixture(scope="module")
def kernel() -> EvidenceKernel:
    return EvidenceKernel().requires_grad_(False)


@pytest.fixture(scope="module")
def prior(kernel: EvidenceKernel, graph: HeteroData) -> Prior:
    with torch.no_grad():
        return Prior.of(kernel, graph)


@pytest.fixture(scope="module")
def models(prior: Prior) -> ModelCovariances:
    """Of all models with each other."""
    every = torch.arange(8)
    return prior.between_models(every, every)


@pytest.fixture(scope="module")
def datasets(prior: Prior) -> DatasetCovariances:
    """Of all datasets with each other."""
    every = torch.arange(len(prior.features.domain))
    return prior.between_datasets(every, every)
