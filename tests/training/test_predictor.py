import pytest
import torch
from zoograph.data.synthetic import make_synthetic_zoo
from zoograph.data.testing import HashEmbedder, make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO, reverse
from zoograph.graphs.splits import hold_out
from zoograph.models.linear import LinearRegression
from zoograph.training.predictor import GraphPredictor, TrainingConfig

EMBED = HashEmbedder(8)
TINY = TrainingConfig(hidden_channels=8, num_members=2, num_steps=8)


@pytest.fixture(scope="module")
def graph():
    return build_graph(make_synthetic_zoo(8, 30, scored=0.2, num_relations=10).zoo, EMBED)


@pytest.fixture(scope="module")
def fitted(graph):
    return GraphPredictor(TINY).fit(graph)


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_beats_linear_regression_on_unseen_cells():
    zoo = make_synthetic_zoo(10, 120, seed=3).zoo
    graph = build_graph(zoo, EMBED)
    held = torch.rand(graph[TRANSFERS_TO].num_edges, generator=torch.Generator().manual_seed(0)) < 0.3
    train, pairs, target = hold_out(graph, held)
    ours = GraphPredictor(TrainingConfig(num_steps=80)).fit(train).predict(pairs)
    theirs = LinearRegression().fit(train).predict(pairs)
    assert (ours.mean - target).abs().mean() < 0.9 * (theirs.mean - target).abs().mean()
    inside = (target >= ours.lower) & (target <= ours.upper)
    assert 0.85 < inside.float().mean() < 0.99


def test_a_held_out_answer_changes_nothing_from_training_to_intervals(graph):
    held = torch.arange(graph[TRANSFERS_TO].num_edges) % 5 == 0
    planted = graph.clone()
    planted[TRANSFERS_TO].edge_label = torch.where(held, 0.987654, graph[TRANSFERS_TO].edge_label)
    planted[reverse(TRANSFERS_TO)].edge_label = planted[TRANSFERS_TO].edge_label
    answers = [
        GraphPredictor(TINY).fit(split.train).predict(split.pairs)
        for split in (hold_out(graph, held), hold_out(planted, held))
    ]
    assert same(*answers)


def test_a_measured_pair_is_predicted_without_its_own_record(graph, fitted):
    """Planting another accuracy in one measured cell must not move the prediction of that cell."""
    cell = 7
    planted = graph.clone()
    planted[TRANSFERS_TO].edge_label = graph[TRANSFERS_TO].edge_label.clone()
    planted[TRANSFERS_TO].edge_label[cell] = 0.0123
    planted[reverse(TRANSFERS_TO)].edge_label = planted[TRANSFERS_TO].edge_label
    pair = graph[TRANSFERS_TO].edge_index[:, cell : cell + 1]
    again = GraphPredictor(TINY).fit(planted)
    assert fitted.predict(pair).mean.item() == again.predict(pair).mean.item()
    neighbors = graph[TRANSFERS_TO].edge_index
    assert not torch.equal(fitted.predict(neighbors).mean, again.predict(neighbors).mean)


def test_same_seed_same_predictor(graph, fitted):
    pairs = graph[TRANSFERS_TO].edge_index
    assert same(fitted.predict(pairs), GraphPredictor(TINY).fit(graph).predict(pairs))


def test_state_brings_back_the_same_answers(graph, fitted):
    tensors, values = fitted.state()
    pairs = torch.cartesian_prod(torch.arange(8), torch.arange(31)).t()
    assert same(fitted.predict(pairs), GraphPredictor.from_state(tensors, values, graph).predict(pairs))


def test_bounds_enclose_the_mean_and_stay_accuracies(graph, fitted):
    pairs = torch.cartesian_prod(torch.arange(8), torch.arange(31)).t()
    mean, lower, upper = fitted.predict(pairs)
    assert ((lower >= 0) & (lower <= mean) & (mean <= upper) & (upper <= 1)).all()


def test_progress_counts_to_the_end(graph):
    steps = []
    GraphPredictor(TINY, progress=lambda done, total: steps.append((done, total))).fit(graph)
    assert steps == [(i, 16) for i in range(1, 17)]


def test_too_few_records():
    with pytest.raises(ValueError, match=r"20 measured accuracies or more \(got 5\)"):
        GraphPredictor(TINY).fit(build_graph(make_toy_zoo(), EMBED))
