from dataclasses import replace

import pytest
import torch

from zoograph.data.records.pretraining import Lineage, LineageKind, Objective
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, DERIVED_FROM, HAS, MODEL, PRETRAINED_ON, RELATED_TO, SCORED_ON, TRANSFERS_TO
from zoograph.models.gp.gated_conv import GatedConv
from zoograph.models.gp.structural_gnn import StructuralGNN, attributed_edges, node_text, principal_axes


@pytest.fixture
def graph():
    return build_graph(make_synthetic_zoo(6, 12, scored=0.4, num_relations=8).zoo, HashEmbedder(8))


def network_for(graph):
    torch.manual_seed(0)
    network = StructuralGNN(graph, 8, 3, 2, 4, GatedConv).double()
    network.fit_scale(graph, {MODEL: torch.arange(6), DATASET: torch.arange(12)})
    return network


def embed(network, graph):
    return network(network.inputs(graph))


def test_no_accuracy_reaches_an_embedding(graph):
    network = network_for(graph)
    before = embed(network, graph)
    graph[TRANSFERS_TO].edge_label = torch.rand_like(graph[TRANSFERS_TO].edge_label)
    del graph[DATASET, "rev_transfers_to", MODEL]
    assert torch.equal(before, embed(network, graph))


@pytest.mark.parametrize("edge", [HAS, SCORED_ON])
def test_structure_does_reach_it(graph, edge):
    network = network_for(graph)
    before = embed(network, graph)
    source, target = graph[edge].edge_index
    graph[edge].edge_index = torch.stack([source, target.roll(1)])
    assert not torch.allclose(before, embed(network, graph))


def test_principal_axes_are_scaled_and_have_a_fixed_sign():
    rows = torch.randn(20, 5) * torch.tensor([5.0, 1, 1, 1, 1])
    mean, basis = principal_axes(rows, 2)
    projected = (rows - mean) @ basis
    assert projected[:, 0].std().item() == pytest.approx(1, abs=1e-4)
    assert projected[:, 1].std() < 1
    order = torch.randperm(20)
    assert torch.allclose(principal_axes(rows[order], 2)[1], basis, atol=1e-4)
    assert not principal_axes(torch.ones(4, 5), 2)[1].any()
    assert not principal_axes(torch.ones(1, 5), 2)[1].any()


def test_a_domain_says_more_than_a_name():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    text = node_text(graph, DATASET)
    assert torch.equal(text[0], graph[DATASET].x_text[0, 1])
    assert torch.equal(text[3], graph[DATASET].x_text[3, 0])


def test_near_edges_lead_from_a_model_to_what_its_corpus_is_related_to():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    edges = attributed_edges(graph)
    index, attributes, mask = edges["near"]
    assert index.tolist() == [[0], [0]]  # small comes from the corpus, which was measured against s1
    assert attributes.tolist() == [[5.0]]
    assert mask.all()
    assert edges["related_to"][0].shape == (2, 0)  # the corpus itself is no target


def test_two_newcomers_with_one_card_get_one_embedding(graph):
    for key in ("x_number", "x_number_mask", "x_category", "x_text", "x_text_mask"):
        graph[DATASET][key][1] = graph[DATASET][key][0]
    for edge in (SCORED_ON, PRETRAINED_ON, RELATED_TO, HAS):  # the two have nothing else of their own
        ends = graph[edge].edge_index
        graph[edge].edge_index = torch.where(ends < 2, 5, ends)
    datasets = embed(network_for(graph), graph)
    assert torch.allclose(datasets[0], datasets[1])


def test_without_rounds_a_dataset_is_what_its_own_card_says(graph):
    torch.manual_seed(0)
    network = StructuralGNN(graph, 8, 3, 0, 4, GatedConv).double()
    network.fit_scale(graph, {MODEL: torch.arange(6), DATASET: torch.arange(12)})
    before = embed(network, graph)
    graph[MODEL].x_number[:] = 1.0
    for edge in (SCORED_ON, PRETRAINED_ON, RELATED_TO, HAS):
        graph[edge].edge_index = graph[edge].edge_index.roll(1, 1)
    assert torch.equal(before, embed(network, graph))


def test_the_last_round_reaches_datasets_alone(graph):
    first, last = network_for(graph).layers
    assert {"has", "rev_has", "pretrained_on", "rev_pretrained_on"} <= set(first)
    assert {"rev_has", "pretrained_on"} <= set(last)
    assert not {"has", "rev_pretrained_on"} & set(last)


def related(zoo):
    """Return a zoo in which the second model comes from the first, by way of two corpora, with another objective."""
    first, second, *_ = zoo.models
    target, corpus, *_ = zoo.datasets
    lineage = (Lineage(kind=LineageKind.FINE_TUNED, model=first),)
    cards = {
        first: {"objective": Objective.SUPERVISED},
        second: {"objective": Objective.DISTILLED, "derived_from": lineage, "corpora": (corpus, target)},
    }
    return replace(zoo, models={k: card.model_copy(update=cards.get(k, {})) for k, card in zoo.models.items()})


def test_kinds_of_edges_that_a_zoo_lacks_have_no_weights(graph):
    plain = network_for(graph).state_dict()
    assert not any("derived_from" in name for name in plain)
    assert plain["layers.0.pretrained_on.gate.weight"].shape[1] == 1
    rich = build_graph(related(make_synthetic_zoo(6, 12, scored=0.4, num_relations=8).zoo), HashEmbedder(8))
    state = network_for(rich).state_dict()
    assert state["layers.0.derived_from.gate.weight"].shape[1] == 2
    assert state["layers.0.pretrained_on.gate.weight"].shape[1] == 6
    assert {name for name in plain if plain[name].shape != state[name].shape} == {
        *(
            f"layers.{layer}pretrained_on.{part}.weight"
            for layer in ("0.", "0.rev_", "1.")
            for part in ("gate", "shift")
        ),
    }


@pytest.mark.parametrize("edge", [PRETRAINED_ON, DERIVED_FROM])
def test_chains_and_lineage_reach_an_embedding(edge):
    rich = build_graph(related(make_synthetic_zoo(6, 12, scored=0.4, num_relations=8).zoo), HashEmbedder(8))
    network = network_for(rich)
    before = embed(network, rich)
    rich[edge].edge_attr = 1 - rich[edge].edge_attr
    assert not torch.allclose(before, embed(network, rich))
