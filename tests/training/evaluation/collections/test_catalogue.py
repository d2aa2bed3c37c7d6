"""Which cells of a graph are a collection's, and what it measured itself."""

from __future__ import annotations

import pytest

from zoograph.data.errors import UnknownName
from zoograph.data.records.records import Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, TRANSFERS_TO
from zoograph.training.evaluation.collections.catalogue import PARTS, CollectionGraph, Part, get_part, read_collection


def test_the_cells_of_a_source_are_its_own_and_the_values_are_not_those_of_others(part, names):
    own = names(part.graph, TRANSFERS_TO, part.own)
    assert len(own) == 32
    assert {dataset for _, dataset, _ in own} == {"d0", "d1", "d2", "d3"}
    edge = next(
        e
        for e, (m, d) in enumerate(part.graph[TRANSFERS_TO].edge_index.t().tolist())
        if (part.graph[MODEL].ids[m], part.graph[DATASET].ids[d]) == ("m0", "d3")
    )
    # 0.36 is ours, 0.46 theirs; the graph has their mean.
    assert float(part.values[edge]) == pytest.approx(0.36)
    assert float(part.graph[TRANSFERS_TO].edge_label[edge]) == pytest.approx(0.41)
    assert part.values[~part.measured].isnan().all()


def test_what_the_source_measured_otherwise_is_told_from_what_others_did(part, names):
    evidence = names(part.graph, MEASURED_OTHERWISE, part.evidence)
    assert len(evidence) == 16
    assert {protocol for *_, protocol in evidence} == {"probe"}
    assert names(part.graph, MEASURED_OTHERWISE, ~part.evidence) == {
        ("m0", "x", "probe"),
        ("m0", "d0", "finetune"),
    }


def test_a_part_may_ask_some_models_and_still_takes_all_runs_of_its_source_along(zoo):
    about = Part("ours", "Ours", "ours", Protocol.HEAD, asked=lambda card: card.id in ("m0", "m1"))
    part = CollectionGraph.of(about, zoo, build_graph(zoo, HashEmbedder(4), Protocol.HEAD))
    assert int(part.own.sum()) == 8
    assert int(part.measured.sum()) == 32


def test_the_shipped_collections_are_what_their_tables_say():
    towers = read_collection("mieb-towers")
    # 27 timm towers on the 21 datasets of MIEB that have a top-1 accuracy, less the runs that failed.
    assert int(towers.own.sum()) == 27 * 21 - 7
    assert int(towers.measured.sum()) == int(read_collection("mieb").own.sum()) == 1064 - 15
    assert {word for word in towers.graph[DATASET].ids if "banking" in word} == set()


def test_an_unknown_collection_names_those_that_are():
    assert get_part("pets") is PARTS["pets"]
    with pytest.raises(UnknownName, match="pets"):
        get_part("pet")
