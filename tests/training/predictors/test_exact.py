from dataclasses import replace

import pandas as pd
import pytest
import torch

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.zoo import SCORE_COLUMNS
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL, SCORED_ON, TRANSFERS_TO, reverse
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines.linear import LinearRegression
from zoograph.training.predictors.exact import ExactPredictor, TrainingConfig

EMBED = HashEmbedder(8)
TINY = TrainingConfig(num_members=2, num_iterations=(2, 2, 2), num_records=(60, 60))


@pytest.fixture(scope="module")
def zoo():
    return make_synthetic_zoo(8, 30, scored=0.2, num_relations=10).zoo


@pytest.fixture(scope="module")
def graph(zoo):
    return build_graph(zoo, EMBED)


@pytest.fixture(scope="module")
def fitted(graph):
    return ExactPredictor(TINY).fit(graph)


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def planted(graph, cells, value):
    """Return a copy of ``graph`` whose accuracies at ``cells`` are ``value``, in both directions."""
    copy = graph.clone()
    copy[TRANSFERS_TO].edge_label = torch.where(cells, value, graph[TRANSFERS_TO].edge_label)
    copy[reverse(TRANSFERS_TO)].edge_label = copy[TRANSFERS_TO].edge_label
    return copy


def test_beats_linear_regression_on_unseen_cells_and_intervals_hold():
    graph = build_graph(make_synthetic_zoo(10, 80, seed=3).zoo, EMBED)
    held = torch.rand(graph[TRANSFERS_TO].num_edges, generator=torch.Generator().manual_seed(0)) < 0.3
    train, pairs, target = hold_out(graph, held)
    ours = ExactPredictor(TrainingConfig(num_records=(300, 300))).fit(train).predict(pairs)
    theirs = LinearRegression().fit(train).predict(pairs)
    assert (ours.mean - target).abs().mean() < 0.8 * (theirs.mean - target).abs().mean()
    inside = (target >= ours.lower) & (target <= ours.upper)
    assert 0.84 < inside.float().mean() < 0.96


def test_a_held_out_answer_changes_nothing_from_training_to_intervals(graph):
    held = torch.arange(graph[TRANSFERS_TO].num_edges) % 5 == 0
    answers = [
        ExactPredictor(TINY).fit(split.train).predict(split.pairs)
        for split in (hold_out(graph, held), hold_out(planted(graph, held, 0.987654), held))
    ]
    assert same(*answers)


def test_a_measured_pair_is_predicted_without_its_own_record(graph, fitted):
    """Planting another accuracy in one measured cell must not move the prediction of that cell."""
    cell = torch.arange(graph[TRANSFERS_TO].num_edges) == 7
    pair = graph[TRANSFERS_TO].edge_index[:, cell]
    again = ExactPredictor(TINY).fit(planted(graph, cell, 0.0123))
    assert fitted.predict(pair).mean.item() == again.predict(pair).mean.item()
    others = graph[TRANSFERS_TO].edge_index
    assert not torch.equal(fitted.predict(others).mean, again.predict(others).mean)


def test_the_same_with_datasets_on_scales_of_their_own():
    graph = build_graph(make_synthetic_zoo(30, 5).zoo, EMBED)
    cell = torch.arange(graph[TRANSFERS_TO].num_edges) == 11
    pair = graph[TRANSFERS_TO].edge_index[:, cell]
    before = ExactPredictor(TINY).fit(graph)
    assert before.posterior().records.scale.standardised
    again = ExactPredictor(TINY).fit(planted(graph, cell, 0.0123))
    assert before.predict(pair).mean.item() == again.predict(pair).mean.item()


def test_same_seed_same_predictor(graph, fitted):
    pairs = graph[TRANSFERS_TO].edge_index
    assert same(fitted.predict(pairs), ExactPredictor(TINY).fit(graph).predict(pairs))


def test_state_brings_back_the_same_answers(graph, fitted):
    tensors, values = fitted.state()
    pairs = torch.cartesian_prod(torch.arange(8), torch.arange(31)).t()
    assert same(fitted.predict(pairs), ExactPredictor.from_state(tensors, values, graph).predict(pairs))


def test_bounds_enclose_the_mean_and_stay_accuracies(fitted):
    pairs = torch.cartesian_prod(torch.arange(8), torch.arange(31)).t()
    mean, lower, upper = fitted.predict(pairs)
    assert ((lower >= 0) & (lower <= mean) & (mean <= upper) & (upper <= 1)).all()


def test_newcomers_get_wider_intervals(zoo, graph, fitted):
    newcomer = ModelCard(id="new", family="swin", parameters=10**8, input_size=224, source="t")
    mine = DatasetCard(id="mine", domain="xray", labels=("bone", "lung"), num_classes=2, num_samples=40, source="t")
    grown = build_graph(zoo.with_cards([newcomer], [mine]), EMBED, vocabulary=graph.vocabulary)
    at = {name: i for i, name in enumerate(grown[MODEL].ids)}
    to = {name: i for i, name in enumerate(grown[DATASET].ids)}
    old = graph[MODEL].ids[0]
    sized = next(card.id for card in zoo.datasets.values() if card.num_samples == 40)
    pairs = torch.tensor([[at[old], at["new"], at[old], at["new"]], [to[sized], to[sized], to["mine"], to["mine"]]])
    mean, lower, upper = fitted.predict(pairs, grown)
    known, new_model, new_dataset, both = (upper - lower).tolist()
    assert known < new_model
    assert known < new_dataset
    assert both >= max(new_model, new_dataset) - 0.1 or mean[3] > 0.8  # a bound at 1 may cut it


def test_a_score_measured_after_the_training_moves_its_dataset_and_an_unknown_kind_of_score_nothing(zoo, graph, fitted):
    unscored = set(range(graph[DATASET].num_nodes)) - set(graph[SCORED_ON].edge_index[1].tolist())
    dataset = graph[DATASET].ids[min(unscored)]
    pairs = torch.stack([torch.arange(graph[MODEL].num_nodes), torch.full((graph[MODEL].num_nodes,), min(unscored))])

    def answered_with(name):
        rows = [(model, dataset, name, float(i), "later") for i, model in enumerate(graph[MODEL].ids)]
        scores = pd.concat([zoo.scores, pd.DataFrame(rows, columns=list(SCORE_COLUMNS))])
        grown = build_graph(replace(zoo, scores=scores), EMBED, vocabulary=graph.vocabulary)
        return fitted.predict(pairs, grown).mean

    before = fitted.predict(pairs, graph.clone()).mean
    after = answered_with(graph[SCORED_ON].names[0])
    assert (after - before).abs().max() > 1e-4
    assert (after - before)[-1] > (after - before)[0]  # the better the score, the better the answer
    assert torch.equal(answered_with("a score of tomorrow"), before)


def test_progress_goes_up_to_the_end(graph):
    steps = []
    ExactPredictor(TINY, progress=lambda done, total: steps.append((done, total))).fit(graph)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1] == (6, 6)


def test_too_few_records():
    with pytest.raises(ValueError, match=r"20 measured accuracies or more \(got 5\)"):
        ExactPredictor(TINY).fit(build_graph(make_toy_zoo(), EMBED))
