"""Models ordered by how they did elsewhere, and pairs that have what was measured of them otherwise."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from zoograph.data.records.records import Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL
from zoograph.models.baselines.otherwise import AsMeasured, MeanElsewhere

RUNS = [
    ("small", "s1", "head", 0.5),
    ("large", "s1", "head", 0.6),
    ("hub/other", "s1", "head", 0.7),
    ("small", "s2", "probe", 0.9),
    ("large", "s2", "probe", 0.6),
    ("hub/other", "s2", "probe", 0.6),
    ("small", "p1", "head", 0.1),
    ("large", "p1", "head", 0.2),
]


@pytest.fixture
def graph():
    zoo = make_toy_zoo()
    rows = [
        dict.fromkeys(zoo.runs.columns)
        | {"model": m, "dataset": d, "protocol": p, "metric": "top1", "value": v, "source": "toy"}
        for m, d, p, v in RUNS
    ]
    return build_graph(zoo.with_runs(pd.DataFrame(rows)), HashEmbedder(4), Protocol.HEAD)


def pairs_of(graph, *names):
    ends = [(graph[MODEL].ids.index(m), graph[DATASET].ids.index(d)) for m, d in names]
    return torch.tensor(ends).t()


def test_the_mean_is_of_standardised_values_of_other_datasets_under_any_protocol(graph):
    pairs = pairs_of(graph, ("small", "p1"), ("large", "p1"), ("hub/other", "p1"), ("small", "s1"), ("small", "s2"))
    signal, known = MeanElsewhere().fit(graph)._signal(graph, pairs)
    # s1: -1.2247, 0, 1.2247; s2: 1.4142, -.7071, -.7071; p1 has two models, too few to standardise.
    assert signal.tolist() == pytest.approx([0.0948, -0.3536, 0.2588, 1.4142, -1.2247], abs=1e-4)
    assert known.all()


def test_a_model_without_a_record_elsewhere_is_not_known(graph):
    few = graph.clone()
    del few["model", "measured_otherwise_on", "dataset"]
    _, known = MeanElsewhere().fit(few)._signal(few, pairs_of(few, ("small", "s1"), ("small", "p1")))
    assert known.tolist() == [False, True]


def test_a_pair_has_what_the_dearest_cheaper_protocol_measured_and_any_other_its_datasets_mean(graph):
    pairs = pairs_of(graph, ("small", "s2"), ("large", "s2"), ("small", "s1"), ("hub/other", "p1"))
    said = AsMeasured().fit(graph).predict(pairs)
    # Probes of s2; no probe of s1, whose heads have mean .6, or of p1, .15.
    assert said.mean.tolist() == pytest.approx([0.9, 0.6, 0.6, 0.15])
    graph.protocol = Protocol.ZERO_SHOT.value
    # A probe is dearer than zero-shot classification, and is not read; s2 has no head, so that the mean of all counts.
    dear = AsMeasured().fit(graph).predict(pairs[:, :1])
    assert float(dear.mean) == pytest.approx(sum(v for *_, p, v in RUNS if p == "head") / 5)


def test_a_score_that_is_an_accuracy_is_read_where_no_protocol_measured_the_pair(graph):
    store = graph["model", "measured_otherwise_on", "dataset"]
    pairs = pairs_of(graph, ("small", "s2"), ("small", "p1"))
    more = pairs_of(graph, ("small", "s2"), ("small", "p1"), ("small", "p1"))
    store.edge_index = torch.cat([store.edge_index, more], 1)
    store.protocol = torch.cat([store.protocol, torch.tensor([5, 6, 5])])
    store.edge_label = torch.cat([store.edge_label, torch.tensor([0.2, 0.3, 0.4])])
    said = AsMeasured().fit(graph).predict(pairs)
    assert said.mean.tolist() == pytest.approx([0.9, 0.4])
