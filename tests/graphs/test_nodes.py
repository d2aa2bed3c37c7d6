import math

import pytest

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.nodes import model_numbers
from zoograph.graphs.schema import DATASET, MODEL, MODEL_NUMBERS, PRETRAINED_ON

EMBED = HashEmbedder(8)


@pytest.fixture
def graph():
    return build_graph(make_toy_zoo(), EMBED)


def pairs_of(graph, edge_type):
    source, _, target = edge_type
    a, b = graph[edge_type].edge_index.tolist()
    return [(graph[source].ids[i], graph[target].ids[j]) for i, j in zip(a, b, strict=True)]


def test_numbers_of_a_model_are_logarithms_of_sizes_and_fractions_as_they_are():
    card = ModelCard(id="m", parameters=1000, imagenet_top1=0.7, pretrained_on="corpus", source="toy")
    corpus = DatasetCard(id="corpus", num_classes=21, source="toy")
    found = dict(zip(MODEL_NUMBERS, model_numbers(card, {"corpus": corpus}), strict=True))
    known = {"parameters": math.log(1000), "imagenet_top1": 0.7, "pretrained_classes": math.log(21)}
    assert {name: value for name, value in found.items() if value is not None} == pytest.approx(known)
    assert model_numbers(card, {})[-1] is None


def test_missing_numbers_are_masked(graph):
    store = graph[MODEL]
    column = MODEL_NUMBERS.index("parameters")
    assert store.x_number[:, column].tolist() == pytest.approx([math.log(10), math.log(100), 0.0])
    assert store.x_number_mask[:, column].tolist() == [True, True, False]
    classes = MODEL_NUMBERS.index("pretrained_classes")
    assert store.x_number[0, classes].item() == pytest.approx(math.log(1000))
    assert store.x_number_mask[:, classes].tolist() == [True, False, False]
    assert not graph[DATASET].sample_size[:3].isnan().any()
    assert graph[DATASET].sample_size[3].isnan()


def test_groups_are_families(graph):
    assert graph[MODEL].group.tolist() == [0, 0, 1]
    assert graph[DATASET].group.tolist() == [0, 0, 1, 2]


def test_corpora_are_datasets_and_texts_have_slots(graph):
    assert pairs_of(graph, PRETRAINED_ON) == [("small", "corpus")]
    assert graph[MODEL].x_text.shape == (3, 2, 8)
    assert graph[DATASET].x_text_mask.tolist() == [[True, True], [True, True], [True, True], [True, False]]
    assert not graph[DATASET].x_text[3, 1].any()
