"""What is left of a graph when a question is asked."""

from __future__ import annotations

import pytest
import torch

from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, TRANSFERS_TO
from zoograph.training.evaluation.collections.hiding import Question, ask, nothing, number_of_evidence


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
