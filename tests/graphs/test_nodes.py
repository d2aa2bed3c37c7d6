import math
from dataclasses import replace

import pytest

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.pretraining import Objective, Speed
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.nodes import model_numbers, more_numbers
from zoograph.graphs.schema import DATASET, MODEL, MODEL_NUMBERS, MORE_MODEL_NUMBERS, PRETRAINED_ON

EMBED = HashEmbedder(8)


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


def test_corpora_are_datasets_and_texts_have_slots(graph, pairs_of):
    assert pairs_of(graph, PRETRAINED_ON) == [("small", "corpus")]
    assert graph[MODEL].x_text.shape == (3, 2, 8)
    assert graph[DATASET].x_text_mask.tolist() == [[True, True], [True, True], [True, True], [True, False]]
    assert not graph[DATASET].x_text[3, 1].any()


def cards_of(*fields):
    return [ModelCard(id=f"m{i}", source="t", **values) for i, values in enumerate(fields)]


def test_numbers_that_half_of_the_cards_have_are_carried():
    known, unknown = {"activations": 12.5}, {}
    assert more_numbers(cards_of(known, unknown), MORE_MODEL_NUMBERS) == ["activations"]
    assert more_numbers(cards_of(known, unknown, unknown), MORE_MODEL_NUMBERS) == []
    assert more_numbers([], MORE_MODEL_NUMBERS) == []


def test_objectives_and_modalities_that_set_models_apart_are_flags():
    supervised, distilled = {"objective": Objective.SUPERVISED}, {"objective": Objective.DISTILLED}
    assert more_numbers(cards_of(supervised, supervised), ()) == []
    flags = more_numbers(cards_of(supervised, distilled, {}), ())
    assert flags == ["objective:distilled", "objective:supervised"]
    assert more_numbers(cards_of(supervised, distilled, {}, {}, {}), ()) == []
    card = cards_of(distilled)[0]
    assert model_numbers(card, {}, flags)[-2:] == [1.0, 0.0]
    assert model_numbers(cards_of({})[0], {}, flags)[-2:] == [None, None]
    both = more_numbers(cards_of({}, {"modalities": ("image", "text")}), ())
    assert both == ["reads:text"]
    assert model_numbers(card, {}, both)[-1] == 0.0


def test_more_numbers_are_columns_after_those_of_every_zoo():
    zoo = make_toy_zoo()
    cards = {key: card.model_copy(update={"activations": 10.0}) for key, card in zoo.models.items()}
    texts = {key: card.model_copy(update={"text_length": 50.0}) for key, card in zoo.datasets.items()}
    graph = build_graph(replace(zoo, models=cards, datasets=texts), EMBED)
    assert graph.vocabulary["model_numbers"] == ["activations"]
    assert graph[MODEL].x_number.shape[1] == len(MODEL_NUMBERS) + 1
    assert graph[MODEL].x_number[:, -1].tolist() == pytest.approx([math.log(10)] * 3)
    assert graph[DATASET].x_number[:, -1].tolist() == pytest.approx([math.log(50)] * 4)
    # A vocabulary of before knows none of them.
    older = {kind: graph.vocabulary[kind] for kind in (MODEL, DATASET)}
    assert build_graph(replace(zoo, models=cards), EMBED, vocabulary=older)[MODEL].x_number.shape[1] == 7


def test_speeds_are_kept_beside_the_features():
    zoo = make_toy_zoo()
    fast = zoo.models["small"].model_copy(update={"speeds": (Speed(device="a100", images_per_second=512.0),)})
    graph = build_graph(replace(zoo, models={**zoo.models, "small": fast}), EMBED)
    assert graph[MODEL].speeds == [{"a100": 512.0}, {}, {}]
    assert not (graph[MODEL].x_number == math.log(512)).any()
