"""What is left of a graph when a question is asked."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.records.records import Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, PROBE_SCORES, TRANSFERS_TO
from zoograph.training.evaluation.collections.catalogue import CollectionGraph, Part
from zoograph.training.evaluation.collections.hiding import Question, ask, leave_out, nothing, number_of_evidence


def test_a_question_takes_its_cells_and_only_the_evidence_that_it_names(part, names):
    asked = torch.zeros_like(part.own)
    asked[0] = True
    hidden = nothing(part.graph)
    hidden[0] = True
    split = ask(part.graph, Question("one", asked, asked, torch.zeros_like(asked), hidden=hidden))
    assert split.pairs.tolist() == part.graph[TRANSFERS_TO].edge_index[:, :1].tolist()
    assert split.train[TRANSFERS_TO].num_edges == part.graph[TRANSFERS_TO].num_edges - 1
    assert split.train[DATASET, "rev_transfers_to", MODEL].num_edges == split.train[TRANSFERS_TO].num_edges
    everything = torch.ones_like(hidden)
    left = names(split.train, MEASURED_OTHERWISE, torch.ones(len(hidden) - 1, dtype=torch.bool))
    gone = names(part.graph, MEASURED_OTHERWISE, everything) - left
    assert gone == names(part.graph, MEASURED_OTHERWISE, hidden)
    assert part.graph[MEASURED_OTHERWISE].num_edges == number_of_evidence(part.graph) == 18


def test_a_question_needs_what_it_asks_to_be_held_out(part):
    none = torch.zeros_like(part.own)
    with pytest.raises(ValueError, match="'asked' within 'held_out'"):
        Question("wrong", none, part.own, none, hidden=nothing(part.graph))


def test_where_two_kinds_of_newcomers_cross_is_asked_and_both_lose_everything(part, names):
    models = torch.tensor([name == "m0" for name in part.graph[MODEL].ids])
    datasets = torch.tensor([name == "d0" for name in part.graph[DATASET].ids])
    question = leave_out(part, "both", models, datasets)
    assert names(part.graph, TRANSFERS_TO, question.asked) == {("m0", "d0", "head")}
    # m0 on four of ours and on x; the seven others on d0.
    assert int(question.held_out.sum()) == 12
    # m0 probed on d0, d3 and x, fine-tuned on d0; the seven others probed on d0.
    assert int(question.hidden.sum()) == 11


def test_scores_of_newcomers_stay_known(zoo, names):
    """They are computed of the dataset before anything is trained on it."""
    scores = zoo.scores.assign(name="logistic", value=0.5)
    scored = Zoo(zoo.models, zoo.datasets, zoo.runs, scores, zoo.relations)
    graph = build_graph(scored, HashEmbedder(4), Protocol.HEAD)
    part = CollectionGraph.of(Part("ours", "Ours", "ours", Protocol.HEAD), scored, graph)
    assert not part.evidence[graph[MEASURED_OTHERWISE].protocol >= len(Protocol)].any()
    datasets = torch.tensor([name == "d0" for name in graph[DATASET].ids])
    left = ask(graph, leave_out(part, "d0", None, datasets)).train[MEASURED_OTHERWISE]
    on_d0 = left.edge_index[1] == graph[DATASET].ids.index("d0")
    assert left.protocol[on_d0].tolist() == [PROBE_SCORES["logistic"]] * 8
