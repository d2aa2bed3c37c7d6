"""A zoo that was measured under several protocols, and a predictor of its heads that hardly learned."""

from __future__ import annotations

import pandas as pd
import pytest
from torch_geometric.data import HeteroData

from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig


@pytest.fixture(scope="module")
def zoo() -> Zoo:
    """8 models on 20 datasets, some of them fine-tuned or asked by name as well."""
    zoo = make_synthetic_zoo(8, 20, density=0.8, scored=0.3, num_relations=8).zoo
    tuned = zoo.runs.iloc[::3].assign(protocol="finetune", value=(zoo.runs["value"].iloc[::3] + 0.05).clip(0, 1))
    asked = zoo.runs.iloc[1::4].assign(protocol="zero_shot", value=(zoo.runs["value"].iloc[1::4] - 0.1).clip(0, 1))
    return zoo.with_runs(pd.concat([zoo.runs, tuned, asked], ignore_index=True))


@pytest.fixture(scope="module")
def graph(zoo: Zoo) -> HeteroData:
    return build_graph(zoo, HashEmbedder(8))


@pytest.fixture(scope="module")
def fitted(graph: HeteroData) -> EvidencePredictor:
    return EvidencePredictor(TrainingConfig(num_steps=3, num_records=80)).fit(graph)
