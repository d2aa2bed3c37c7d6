import math
from dataclasses import replace

import pytest
import torch

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL
from zoograph.models.evidence.node_features import DatasetFeatures, ModelFeatures, fill, like_siblings, one_hot

NAN = math.nan


def table(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def test_one_hot_has_a_column_for_what_occurs():
    assert one_hot(torch.tensor([7, 2, 7])).tolist() == [[0, 1], [1, 0], [0, 1]]


def test_a_model_without_numbers_has_those_of_its_architecture_and_one_alone_none():
    numbers = table([1.0, 2.0], [3.0, 6.0], [NAN, NAN], [NAN, NAN])
    found = like_siblings(numbers, torch.tensor([5, 5, 5, 9]))
    assert found[2].tolist() == [2.0, 4.0]
    assert found[3].isnan().all()
    assert torch.equal(found[:2], numbers[:2])


def test_a_missing_number_is_estimated_from_the_others():
    x = torch.linspace(-3, 3, 60, dtype=torch.float64)
    numbers = torch.stack([x, 2 * x + 1], 1)
    numbers[7, 1] = NAN
    found = fill(numbers, torch.zeros(60, 0, dtype=torch.float64))
    assert found[7, 1].item() == pytest.approx(2 * x[7].item() + 1, abs=0.1)
    known = ~numbers.isnan()
    assert torch.equal(found[known], numbers[known])


def test_what_nobody_has_is_zero_and_a_constant_is_the_mean():
    numbers = table([1.0, NAN], [3.0, NAN], [NAN, NAN])
    found = fill(numbers, torch.zeros(3, 0, dtype=torch.float64))
    assert found[:, 1].tolist() == [0, 0, 0]
    assert found[2, 0].item() == pytest.approx(2.0)


def test_features_of_models_are_finite_whatever_a_card_says():
    zoo = make_toy_zoo().with_cards([ModelCard(id="blank", source="t")])
    features = ModelFeatures.of(build_graph(zoo, HashEmbedder(8)))
    for name, block in features.blocks.items():
        assert len(block) == 4, name
        assert block.isfinite().all(), name
    assert (features.ancestors.norm(dim=1) <= 1 + 1e-9).all()


def test_some_models_are_rows_of_all(graph):
    everything, some = ModelFeatures.of(graph), torch.tensor([3, 0])
    few = everything.at(some)
    assert all(torch.equal(few.blocks[name], block[some]) for name, block in everything.blocks.items())
    assert torch.equal(few.family, everything.family[some])
    assert torch.equal(few.ancestors, everything.ancestors[some])


def test_features_of_datasets_by_hand():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    features = DatasetFeatures.of(graph)
    at = {name: i for i, name in enumerate(graph[DATASET].ids)}
    s1, s2, p1, corpus = (at[name] for name in ("s1", "s2", "p1", "corpus"))
    assert features.chance[[s1, p1, corpus]].tolist() == pytest.approx([1 / 2, 1 / 3, 1 / 1000])
    overlap = features.labels @ features.labels.t()
    assert overlap[s1, s2].item() == pytest.approx(1 / 2)  # one of two labels
    assert overlap[s1, p1].item() == pytest.approx(1 / math.sqrt(6))
    assert overlap[corpus].sum() == 0
    assert features.classes[s1].item() == pytest.approx(math.log(2) - 3)
    assert features.per_class[s2].item() == pytest.approx(math.log(40) - 4)
    assert features.per_class[corpus] == 0
    # A dataset without labels is read by its name.
    name, labels = (features.blocks[key][corpus] for key in ("name", "labels"))
    assert torch.allclose(name / name.norm(), labels / labels.norm())


def test_guessing_gives_nothing_where_the_number_of_classes_is_not_known_or_the_metric_is_no_accuracy():
    zoo = make_toy_zoo().with_cards(datasets=[DatasetCard(id="unknown", source="t")])
    graph = build_graph(zoo, HashEmbedder(8))
    assert DatasetFeatures.of(graph).chance[graph[DATASET].ids.index("unknown")] == 0
    assert not DatasetFeatures.of(graph, has_chance=False).chance.any()


def test_a_card_of_one_class_has_a_chance_below_one():
    zoo = make_toy_zoo().with_cards(datasets=[DatasetCard(id="one", num_classes=1, source="t")])
    graph = build_graph(zoo, HashEmbedder(8))
    assert DatasetFeatures.of(graph).chance[graph[DATASET].ids.index("one")] == 0.5


def test_accuracies_are_no_features(zoo):
    other = zoo.with_runs(zoo.runs.assign(value=0.123))
    graphs = [build_graph(part, HashEmbedder(8)) for part in (zoo, replace(other))]
    models = [ModelFeatures.of(graph).blocks for graph in graphs]
    datasets = [DatasetFeatures.of(graph).blocks for graph in graphs]
    assert graphs[0][MODEL].num_nodes == 8
    for one, two in (models, datasets):
        assert all(torch.equal(one[name], two[name]) for name in one)
