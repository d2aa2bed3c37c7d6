import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL
from zoograph.models.networks.encoder import encode, make_encoders


def encoded(graph):
    torch.manual_seed(0)
    encoders = make_encoders(graph, 8)
    with torch.no_grad():
        return encode(encoders, graph)


def test_what_is_masked_does_not_count():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    before = encoded(graph)
    graph[MODEL].x_number = torch.where(graph[MODEL].x_number_mask, graph[MODEL].x_number, 123.0)
    graph[DATASET].x_text[3, 1] = 7.0  # the corpus has no domain
    after = encoded(graph)
    assert torch.equal(before[MODEL], after[MODEL])
    assert torch.equal(before[DATASET], after[DATASET])


def test_an_unknown_category_contributes_nothing():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    torch.manual_seed(0)
    encoders = make_encoders(graph, 8)
    graph[MODEL].x_category[:] = 0
    with torch.no_grad():
        before = encode(encoders, graph)[MODEL]
        encoders[MODEL].category.weight[0] = 99.0
        assert torch.equal(encode(encoders, graph)[MODEL], before)


def test_nodes_are_told_apart_by_their_cards_alone():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    order = torch.tensor([2, 0, 1])
    before = encoded(graph)[MODEL]
    for key in ("x_number", "x_number_mask", "x_category", "x_text", "x_text_mask"):
        graph[MODEL][key] = graph[MODEL][key][order]
    assert torch.allclose(encoded(graph)[MODEL], before[order], atol=1e-6)
