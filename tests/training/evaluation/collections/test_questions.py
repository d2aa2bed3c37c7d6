"""What each protocol leaves out, what it asks, and what stays known."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from zoograph.data.errors import FoldsError
from zoograph.data.records.records import Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, SCORED_ON, TRANSFERS_TO
from zoograph.training.evaluation.collections.catalogue import CollectionGraph, Part
from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.evaluation.collections.hiding import ask
from zoograph.training.evaluation.collections.questions import PROTOCOLS

ALL = Limits(None, None)


@pytest.fixture
def left_of(part, names):
    """Return what finds the pairs that remain measured, and those that remain measured under other protocols."""

    def find(question):
        train = ask(part.graph, question).train
        return tuple(
            names(train, kind, torch.ones(train[kind].num_edges, dtype=torch.bool))
            for kind in (TRANSFERS_TO, MEASURED_OTHERWISE)
        )

    return find


@pytest.fixture
def asked_of(part, names):
    return lambda question: names(part.graph, TRANSFERS_TO, question.asked)


def test_a_dataset_goes_with_its_family_and_in_all_collections(part, left_of, asked_of):
    asked = PROTOCOLS["dataset_out"](part, ALL)
    assert [question.name for question in asked.questions] == ["d0 and 1 more", "d2", "d3"]
    family, _, third = asked.questions
    assert {dataset for _, dataset, _ in asked_of(family)} == {"d0", "d1"}
    runs, otherwise = left_of(family)
    assert not {"d0", "d1"} & {dataset for _, dataset, _ in runs | otherwise}
    # Their runs on d3 go as well, and are not asked; the collection's own value is.
    runs, otherwise = left_of(third)
    assert not {dataset for _, dataset, _ in runs | otherwise} & {"d3"}
    assert {("m0", "x", "probe"), ("m0", "d0", "finetune")} <= otherwise


def test_datasets_of_unknown_domain_are_in_no_domain(part, asked_of):
    asked = PROTOCOLS["domain_out"](part, ALL)
    assert [{d for _, d, _ in asked_of(question)} for question in asked.questions] == [{"d0", "d1"}, {"d2"}]


def test_a_model_goes_alone_and_a_family_together(part, left_of, asked_of):
    asked = PROTOCOLS["model_out"](part, ALL)
    assert asked.in_all == len(asked.questions) == 8
    first = asked.questions[0]
    assert asked_of(first) == {("m0", dataset, "head") for dataset in ("d0", "d1", "d2", "d3")}
    runs, otherwise = left_of(first)
    assert "m0" not in {model for model, *_ in runs | otherwise}
    family = PROTOCOLS["model_family_out"](part, ALL).questions[0]
    assert {model for model, *_ in asked_of(family)} == {"m0", "m1"}


def test_where_both_are_new_neither_has_anything_left_and_all_cells_are_asked_once(part, left_of, asked_of):
    asked = PROTOCOLS["both_new"](part, ALL)
    times = torch.stack([question.asked for question in asked.questions]).sum(0)
    assert times.tolist() == part.own.long().tolist()
    for question in asked.questions:
        pairs = asked_of(question)
        models, datasets = {m for m, *_ in pairs}, {d for _, d, _ in pairs}
        runs, otherwise = left_of(question)
        assert not any(m in models or d in datasets for m, d, _ in runs | otherwise)


def test_a_collection_takes_all_its_protocols_along_and_leaves_the_others(part, left_of, asked_of, names):
    asked = PROTOCOLS["collection_out"](part, ALL)
    (question,) = asked.questions
    assert asked_of(question) == names(part.graph, TRANSFERS_TO, part.own)
    runs, otherwise = left_of(question)
    # A pair that both measured under the asked protocol is asked, so that it goes too.
    assert runs == {(f"m{i}", "x", "head") for i in range(4)}
    assert otherwise == {("m0", "x", "probe"), ("m0", "d0", "finetune")}


@pytest.mark.parametrize("known", [1, 3])
def test_a_few_records_of_the_new_dataset_stay_with_what_else_is_known_of_these_pairs(part, known, left_of, asked_of):
    asked = PROTOCOLS[f"few_records_{known}"](part, ALL)
    assert asked.in_all == 4
    question = asked.questions[0]
    runs, otherwise = left_of(question)
    given = {model for model, dataset, _ in runs if dataset == "d0"}
    assert len(given) == known
    assert len(asked_of(question)) == 8 - known
    assert not any(dataset == "d1" for _, dataset, _ in runs)
    assert {model for model, dataset, _ in otherwise if dataset == "d0"} == given
    again = PROTOCOLS[f"few_records_{known}"](part, ALL).questions[0]
    assert torch.equal(again.held_out, question.held_out)


def test_ten_records_of_eight_models_cannot_be_known(part):
    with pytest.raises(FoldsError, match="No dataset has 15 models"):
        PROTOCOLS["few_records_10"](part, ALL)


def test_a_known_probe_is_what_a_cheaper_protocol_measured_of_what_is_asked(part, left_of, asked_of):
    asked = PROTOCOLS["probe_known"](part, ALL)
    assert [question.name for question in asked.questions] == ["d0", "d3"]
    question = asked.questions[0]
    # d1 was never probed, so that it is hidden and not asked; fine-tuning is dearer than a head.
    assert {dataset for _, dataset, _ in asked_of(question)} == {"d0"}
    runs, otherwise = left_of(question)
    assert not {"d0", "d1"} & {dataset for _, dataset, _ in runs}
    assert {(m, p) for m, dataset, p in otherwise if dataset == "d0"} == {(f"m{i}", "probe") for i in range(8)}


def test_of_a_new_dataset_the_probes_of_one_model_are_known(zoo, names):
    probes = pd.concat([zoo.scores.assign(name=name, value=0.5) for name in ("logistic", "logme")])
    scored = Zoo(zoo.models, zoo.datasets, zoo.runs, probes, zoo.relations)
    graph = build_graph(scored, HashEmbedder(4), Protocol.HEAD)
    part = CollectionGraph.of(Part("ours", "Ours", "ours", Protocol.HEAD), scored, graph)
    question = PROTOCOLS["one_probe_known"](part, ALL).questions[0]
    train = ask(graph, question).train
    (probed,) = {
        m for m, d, _ in names(graph, TRANSFERS_TO, question.held_out & part.own & ~question.asked) if d == "d0"
    }
    assert question.name == f"d0 and 1 more, {probed} probed"
    asked = {m for m, _, _ in names(graph, TRANSFERS_TO, question.asked)}
    assert len(asked) == 7
    assert probed not in asked
    store, d0 = train[MEASURED_OTHERWISE], graph[DATASET].ids.index("d0")
    left = store.edge_index[0, store.edge_index[1] == d0]
    assert [graph[MODEL].ids[model] for model in left.tolist()] == [probed]
    assert (train[SCORED_ON].edge_index[1] != d0).all()
    assert graph[SCORED_ON].num_edges == 8


def test_limits_choose_the_same_questions_every_time_and_say_how_many_there_are(part):
    asked = PROTOCOLS["model_out"](part, Limits(None, 3))
    assert (len(asked.questions), asked.in_all) == (3, 8)
    again = PROTOCOLS["model_out"](part, Limits(None, 3))
    assert [question.name for question in asked.questions] == [question.name for question in again.questions]


def test_what_makes_no_sense_says_why(zoo):
    zoo = zoo.with_runs(zoo.runs[(zoo.runs["source"] == "ours") & (zoo.runs["dataset"] == "d2")])
    part = CollectionGraph.of(
        Part("one", "One", "ours", Protocol.HEAD), zoo, build_graph(zoo, HashEmbedder(4), Protocol.HEAD)
    )
    for protocol, reason in {
        "dataset_out": "2 families of datasets",
        "domain_out": "2 known domains",
        "both_new": "2 families of datasets",
        "collection_out": "No other collection",
        "probe_known": "No pair was measured under a cheaper protocol",
        "one_probe_known": "No score of the collection is a probe",
    }.items():
        with pytest.raises(FoldsError, match=reason):
            PROTOCOLS[protocol](part, ALL)
    assert part.graph[DATASET].num_nodes == 5


def test_pairs_are_left_out_in_quarters_with_what_else_was_measured_of_them(part, names):
    questions = PROTOCOLS["pairs_out"](part, Limits(None, None)).questions
    asked = torch.stack([question.asked for question in questions])
    assert [question.name for question in questions] == [f"quarter {i}" for i in (1, 2, 3, 4)]
    assert torch.equal(asked.sum(0), part.own.long())
    for question in questions:
        assert torch.equal(question.asked, question.held_out)
        out = {(model, dataset) for model, dataset, _ in names(part.graph, TRANSFERS_TO, question.asked)}
        hidden = {(m, d) for m, d, _ in names(part.graph, MEASURED_OTHERWISE, question.hidden)}
        every = {(m, d) for m, d, _ in names(part.graph, MEASURED_OTHERWISE, torch.ones_like(question.hidden))}
        assert hidden == out & every
