"""A zoo of two sources: ours measured heads of eight models on four datasets and some probes, theirs a few more."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Protocol
from zoograph.data.records.zoo import RELATION_COLUMNS, RUN_COLUMNS, SCORE_COLUMNS, Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL, EdgeType
from zoograph.training.evaluation.collections.catalogue import CollectionGraph, Part

MODELS = tuple(f"m{i}" for i in range(8))
DATASETS = ("d0", "d1", "d2", "d3")


def make_runs() -> list[tuple[str, str, str, float, str]]:
    """Return model, dataset, protocol, value and source of every run."""
    value = {(m, d): 0.3 + 0.05 * i + 0.02 * j for i, m in enumerate(MODELS) for j, d in enumerate(DATASETS)}
    ours = [(m, d, "head", value[m, d], "ours") for m in MODELS for d in DATASETS]
    ours += [(m, d, "probe", value[m, d] - 0.1, "ours") for m in MODELS for d in ("d0", "d3")]
    theirs = [(m, "d3", "head", value[m, "d3"] + 0.1, "theirs") for m in MODELS[:2]]
    theirs += [(m, "x", "head", 0.5 + 0.1 * i, "theirs") for i, m in enumerate(MODELS[:4])]
    theirs += [("m0", "x", "probe", 0.4, "theirs"), ("m0", "d0", "finetune", 0.9, "theirs")]
    return ours + theirs


@pytest.fixture(scope="session")
def zoo() -> Zoo:
    models = [
        ModelCard(id=m, family=f"family {i // 2}", parameters=10 ** (i + 3), source="ours")
        for i, m in enumerate(MODELS)
    ]
    about = {
        "d0": ("f", "photo"),
        "d1": ("f", "photo"),
        "d2": (None, "sketch"),
        "d3": (None, None),
        "x": (None, "x ray"),
    }
    datasets = [DatasetCard(id=d, family=f, domain=w, num_classes=4, source="ours") for d, (f, w) in about.items()]
    rows = [
        {"model": m, "dataset": d, "protocol": p, "metric": "top1", "value": v, "source": s}
        for m, d, p, v, s in make_runs()
    ]
    scores = [(m, "d0", "logme", float(i), "ours") for i, m in enumerate(MODELS)]
    return Zoo(
        {card.id: card for card in models},
        {card.id: card for card in datasets},
        pd.DataFrame(rows).reindex(columns=list(RUN_COLUMNS)),
        pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        pd.DataFrame([], columns=list(RELATION_COLUMNS)),
    )


@pytest.fixture(scope="session")
def part(zoo: Zoo) -> CollectionGraph:
    """Our heads."""
    about = Part("ours", "Ours", "ours", Protocol.HEAD)
    return CollectionGraph.of(about, zoo, build_graph(zoo, HashEmbedder(4), Protocol.HEAD))


Names = Callable[[HeteroData, EdgeType, Tensor], set[tuple[str, str, str]]]


@pytest.fixture(scope="session")
def names() -> Names:
    """Return what names the model, the dataset and the protocol of some edges."""

    def find(graph: HeteroData, kind: EdgeType, mask: Tensor) -> set[tuple[str, str, str]]:
        store = graph[kind]
        rows = zip(*store.edge_index[:, mask].tolist(), store.protocol[mask].tolist(), strict=True)
        return {(graph[MODEL].ids[m], graph[DATASET].ids[d], list(Protocol)[p].value) for m, d, p in rows}

    return find
