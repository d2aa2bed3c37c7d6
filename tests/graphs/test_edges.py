import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective
from zoograph.data.records.records import Protocol
from zoograph.data.records.zoo import INFLUENCE_COLUMNS
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import (
    DERIVED_FROM,
    FORWARD_EDGE_TYPES,
    INFLUENCES,
    MEASURED_OTHERWISE,
    PRETRAINED_ON,
    RELATED_TO,
    SCORED_ON,
    TRANSFERS_TO,
    reverse,
)

EMBED = HashEmbedder(8)


def test_every_edge_has_its_reverse_in_the_same_order(graph):
    for kind in FORWARD_EDGE_TYPES:
        assert torch.equal(graph[reverse(kind)].edge_index, graph[kind].edge_index.flip(0))


def test_runs_of_a_pair_are_averaged_and_other_protocols_and_metrics_left_out(graph, pairs_of):
    store = graph[TRANSFERS_TO]
    values = dict(zip(pairs_of(graph, TRANSFERS_TO), store.edge_label.tolist(), strict=True))
    assert values == pytest.approx(
        {
            ("hub/other", "p1"): 0.4,
            ("large", "s1"): 0.8,
            ("large", "s2"): 0.6,
            ("small", "p1"): 0.9,
            ("small", "s1"): 0.6,
        }
    )
    assert store.num_runs.tolist() == [1, 1, 1, 1, 2]
    assert store.sample_size.tolist() == [30, 20, 80, 30, 20]
    assert "edge_attr" not in store


def test_scores_are_standardised_within_a_dataset(graph, pairs_of):
    store = graph[SCORED_ON]
    root = 1 / math.sqrt(2)
    found = dict(zip(pairs_of(graph, SCORED_ON), store.edge_attr[:, 0].tolist(), strict=True))
    assert found == pytest.approx({("small", "p1"): -root, ("large", "p1"): root})
    assert store.names == ["logme"]


def test_a_score_missing_of_a_pair_is_masked_and_a_constant_one_is_zero():
    zoo = make_toy_zoo()
    extra = pd.DataFrame([("small", "p1", "leep", 2.0, "t")], columns=list(zoo.scores.columns))
    store = build_graph(replace(zoo, scores=pd.concat([zoo.scores, extra])), EMBED)[SCORED_ON]
    assert store.names == ["leep", "logme"]
    assert store.edge_attr_mask[:, 0].sum() == 1
    assert not store.edge_attr[:, 0].any()


def test_influences_are_standardised_within_a_dataset_whatever_the_spelling_of_labels(pairs_of):
    zoo = make_toy_zoo()
    rows = [("Hot_Dog", "s1", 0.1), ("jail", "s1", 0.3), ("car", "s2", 0.7), ("car", "s2", 0.9)]
    influences = pd.DataFrame(
        [(label, "corpus", dataset, "influence_correct", value, None, "toy") for label, dataset, value in rows],
        columns=list(INFLUENCE_COLUMNS),
    )
    grown = build_graph(replace(zoo, influences=influences), EMBED)
    store, root = grown[INFLUENCES], 1 / math.sqrt(2)
    found = dict(zip(pairs_of(grown, INFLUENCES), store.edge_attr[:, 0].tolist(), strict=True))
    assert found == pytest.approx({("hot dog", "s1"): -root, ("jail", "s1"): root, ("car", "s2"): 0.0})
    assert store.names == ["influence_correct"]
    # A vocabulary of before there were influences leaves them out.
    older = {kind: words for kind, words in build_graph(zoo, EMBED).vocabulary.items() if kind != INFLUENCES[1]}
    assert build_graph(replace(zoo, influences=influences), EMBED, vocabulary=older)[INFLUENCES].edge_attr.shape == (
        0,
        0,
    )


def test_no_edge_attribute_depends_on_an_accuracy(graph):
    zoo = make_toy_zoo()
    other = build_graph(zoo.with_runs(zoo.runs.assign(value=0.123)), EMBED)
    for kind in (SCORED_ON, RELATED_TO, INFLUENCES):
        assert torch.equal(graph[kind].edge_attr, other[kind].edge_attr)
    assert not torch.equal(graph[TRANSFERS_TO].edge_label, other[TRANSFERS_TO].edge_label)


def with_runs(*rows):
    """Return the toy zoo with more runs of 'large' on 'p1', each a dictionary of what is not as usual."""
    zoo = make_toy_zoo()
    usual = {"model": "large", "dataset": "p1", "protocol": "head", "metric": "top1", "value": 0.5, "source": "toy"}
    return zoo.with_runs(pd.concat([zoo.runs, pd.DataFrame([{**usual, **row} for row in rows])], ignore_index=True))


def test_an_edge_says_how_its_accuracy_was_measured(pairs_of):
    zoo = with_runs({"shots": 16, "repeats": 10}, {"shots": 4})
    store = build_graph(zoo, EMBED)[TRANSFERS_TO]
    edge = pairs_of(build_graph(zoo, EMBED), TRANSFERS_TO).index(("large", "p1"))
    assert store.shots[edge].item() == 10
    assert (store.num_runs[edge].item(), store.repeats[edge].item()) == (2, 11)
    assert store.shots[:edge].isnan().all()
    assert set(store.protocol.tolist()) == {list(Protocol).index(Protocol.HEAD)}


def test_without_a_protocol_each_is_an_edge_of_its_own(pairs_of):
    graph = build_graph(make_toy_zoo(), EMBED, None)
    tuned = pairs_of(graph, TRANSFERS_TO).index(("small", "s2"))
    assert graph[TRANSFERS_TO].num_edges == 6
    assert list(Protocol)[graph[TRANSFERS_TO].protocol[tuned]] == Protocol.FINETUNE
    both = build_graph(with_runs({"protocol": "probe"}, {}), EMBED, None)
    assert pairs_of(both, TRANSFERS_TO).count(("large", "p1")) == 2


def test_what_was_measured_otherwise_says_how_as_what_was_asked_does():
    """A graph of heads and one of probes hold the same records, each as the other's."""
    zoo = with_runs(
        {"protocol": "probe", "shots": 16, "repeats": 10},
        {"protocol": "probe", "shots": 4, "value": 0.7, "test_size": 40},
        {"protocol": "zero_shot"},
        {"protocol": "finetune", "value": 0.01, "failure": "chance level"},
    )
    heads = build_graph(zoo, EMBED, with_failed=True)[MEASURED_OTHERWISE]
    probes = build_graph(zoo, EMBED, Protocol.PROBE)
    assert [list(Protocol)[code].value for code in heads.protocol] == ["probe", "zero_shot", "finetune"]
    assert heads.edge_label.tolist() == pytest.approx([0.6, 0.5, 0.1])
    own = probes[TRANSFERS_TO]
    assert own.num_edges == 1
    assert set(heads.keys()) == set(own.keys())
    for key, value in own.items():
        first = heads[key][:, :1] if key == "edge_index" else heads[key][:1]
        assert torch.equal(first, value), key
    assert (own.shots.item(), own.sample_size.item(), own.repeats.item(), own.num_runs.item()) == (10, 40, 11, 2)
    assert probes[MEASURED_OTHERWISE].num_edges == 7


def test_a_run_that_failed_is_no_edge_unless_asked_for(pairs_of):
    zoo = with_runs({"value": 0.01, "failure": "chance level"})
    assert ("large", "p1") not in pairs_of(build_graph(zoo, EMBED), TRANSFERS_TO)
    graph = build_graph(zoo, EMBED, with_failed=True)
    assert graph[TRANSFERS_TO].failed.sum() == 1
    assert graph[TRANSFERS_TO].failed[pairs_of(graph, TRANSFERS_TO).index(("large", "p1"))]


def test_beside_a_sound_run_a_failed_one_does_not_count(pairs_of):
    zoo = with_runs({"value": 0.01, "failure": "chance level"}, {"value": 0.75})
    for graph in (build_graph(zoo, EMBED), build_graph(zoo, EMBED, with_failed=True)):
        edge = pairs_of(graph, TRANSFERS_TO).index(("large", "p1"))
        assert graph[TRANSFERS_TO].edge_label[edge] == 0.75
        assert not graph[TRANSFERS_TO].failed.any()


def rich_zoo():
    """Return three related models: 'tuned' comes from 'small' by way of two corpora."""
    zoo = make_toy_zoo()
    tuned = ModelCard(
        id="tuned",
        source="toy",
        corpora=("web", "corpus"),
        pretrained_on="corpus",
        objective=Objective.IMAGE_TEXT,
        derived_from=(
            Lineage(kind=LineageKind.FINE_TUNED, model="small"),
            Lineage(kind=LineageKind.DISTILLED, model="elsewhere"),
        ),
    )
    small = zoo.models["small"].model_copy(update={"objective": Objective.SUPERVISED})
    return replace(zoo, models={**zoo.models, "small": small}).with_cards(
        [tuned], [DatasetCard(id="web", source="toy")]
    )


def test_corpora_are_a_chain_with_the_objective(pairs_of):
    graph = build_graph(rich_zoo(), EMBED)
    store = graph[PRETRAINED_ON]
    assert store.names == ["position", "objective:image_text", "objective:supervised"]
    found = dict(zip(pairs_of(graph, PRETRAINED_ON), store.edge_attr.tolist(), strict=True))
    assert found == {
        ("small", "corpus"): [0.0, 0.0, 1.0],
        ("tuned", "web"): [1.0, 1.0, 0.0],
        ("tuned", "corpus"): [0.0, 1.0, 0.0],
    }
    assert store.edge_attr_mask.all()
    assert store.position.tolist() == store.edge_attr[:, 0].tolist()


def test_lineage_is_edges_between_known_models_with_their_kind(pairs_of):
    graph = build_graph(rich_zoo(), EMBED)
    assert pairs_of(graph, DERIVED_FROM) == [("tuned", "small")]
    assert graph[DERIVED_FROM].names == ["fine_tuned"]
    assert graph[DERIVED_FROM].edge_attr.tolist() == [[1.0]]
    # A vocabulary without that kind leaves it out.
    words = {**graph.vocabulary, DERIVED_FROM[1]: [], PRETRAINED_ON[1]: []}
    older = build_graph(rich_zoo(), EMBED, vocabulary=words)
    assert older[DERIVED_FROM].num_edges == 0
    assert "edge_attr" not in older[PRETRAINED_ON]


def test_a_zoo_of_one_objective_and_one_corpus_each_has_plain_edges(graph):
    assert graph[PRETRAINED_ON].names == graph[DERIVED_FROM].names == []
    assert "edge_attr" not in graph[PRETRAINED_ON]
    assert graph[PRETRAINED_ON].position.tolist() == [0]
