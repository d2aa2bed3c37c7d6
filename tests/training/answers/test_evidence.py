import pytest
import torch

from zoograph.data.records.records import Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.training.answers.evidence import find_evidence
from zoograph.training.answers.measured_pairs import measured_pairs
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig

TINY = TrainingConfig(num_steps=3, num_records=100)


@pytest.fixture(scope="module")
def zoo():
    """Six models on 20 datasets; ``twin`` has everything but the records of ``task_3``."""
    zoo = make_synthetic_zoo(6, 20).zoo
    twin = zoo.datasets["task_3"].model_copy(update={"id": "twin"})
    return zoo.with_cards(datasets=[twin])


@pytest.fixture(scope="module")
def graph(zoo):
    return build_graph(zoo, HashEmbedder(8))


@pytest.fixture(scope="module")
def fitted(graph):
    return EvidencePredictor(TINY).fit(graph)


def nodes(graph, *names):
    return torch.tensor([list(graph[DATASET].ids).index(name) for name in names])


@pytest.fixture(scope="module")
def twin(graph):
    return nodes(graph, "twin")


def measured_on(zoo, graph):
    return lambda names: measured_pairs(zoo, Protocol(graph.protocol), datasets=names)


@pytest.fixture(scope="module")
def explanation(zoo, graph, fitted, twin):
    return find_evidence(fitted, graph, graph[MODEL].ids[1], ["twin"], measured_on(zoo, graph))


def test_the_twin_is_nearest(zoo, graph, explanation):
    assert explanation.model == graph[MODEL].ids[1]
    nearest = explanation.datasets[0]
    there = zoo.runs[zoo.runs["dataset"] == "task_3"].set_index("model")["value"]
    assert nearest.dataset == "task_3"
    assert nearest.measured == there[explanation.model]
    assert (nearest.best_model, nearest.best_measured) == (there.idxmax(), there.max())
    similarities = [dataset.similarity for dataset in explanation.datasets]
    assert similarities == sorted(similarities, reverse=True)
    assert len(similarities) == 5
    assert all(0 <= similarity < 1 for similarity in similarities)
    assert similarities[0] - similarities[1] > 0.02


def test_most_of_the_influential_records_are_on_the_twin(zoo, explanation):
    on_twin = [record for record in explanation.records if record.dataset == "task_3"]
    assert len(on_twin) > len(explanation.records) / 2
    record = on_twin[0]
    there = zoo.runs[zoo.runs["dataset"] == "task_3"].set_index("model")["value"]
    assert record.measured == there[record.model]
    assert record.num_runs == 1
    sizes = [abs(record.points) for record in explanation.records]
    assert sizes == sorted(sizes, reverse=True)


def test_asked_tasks_and_the_model_itself_are_not_their_own_neighbours(zoo, graph, fitted):
    measured = measured_pairs(zoo, Protocol(graph.protocol))
    tasks = ["task_0", "task_3"]
    why = find_evidence(fitted, graph, graph[MODEL].ids[1], tasks, measured_on(zoo, graph), most=50)
    assert len(why.datasets) == 18
    assert not {"task_0", "task_3"} & {dataset.dataset for dataset in why.datasets}
    assert len(why.models) == 5
    name = graph[MODEL].ids[1]
    assert name not in {model.model for model in why.models}
    near = why.models[0]
    assert near.measured == pytest.approx(sum(measured[near.model, d].value for d in ("task_0", "task_3")) / 2)
    own = {record.dataset for record in why.records if record.model == name}
    assert {"task_0", "task_3"} <= own


def test_a_graph_without_the_record_predicts_about_so_much_less(zoo, graph, fitted, twin, explanation):
    """With everything conditioned anew: the spread of the dataset moves a little too."""
    record = explanation.records[0]
    gone = (zoo.runs["model"] == record.model) & (zoo.runs["dataset"] == record.dataset)
    less = build_graph(zoo.with_runs(zoo.runs[~gone]), HashEmbedder(8), vocabulary=graph.vocabulary)
    assert less[TRANSFERS_TO].num_edges == graph[TRANSFERS_TO].num_edges - 1
    pair = torch.stack([torch.tensor([1]), twin])
    change = fitted.predict(pair).mean - fitted.predict(pair, less).mean
    assert 100 * change.item() == pytest.approx(record.points, rel=0.5)
