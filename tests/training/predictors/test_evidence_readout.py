"""What the evidence says beyond one accuracy agrees with what is predicted."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.evidence.accuracy_logit import expected_accuracy, slope
from zoograph.models.evidence.posterior import Posterior
from zoograph.models.method import INTERVAL_SIGMAS
from zoograph.training.predictors.evidence import EvidencePredictor
from zoograph.training.predictors.evidence_contrasts import scaled_contrasts
from zoograph.training.predictors.evidence_readout import similarities

HEAD = 3
MODELS = torch.arange(8)


def test_a_joint_prediction_of_one_dataset_is_that_of_predict(graph: HeteroData, fitted: EvidencePredictor) -> None:
    """On a dataset without records of its own there is none that makes a difference."""
    corpus = torch.tensor([graph[DATASET].ids.index("corpus")])
    joint = fitted.joint(MODELS, corpus)
    prediction = fitted.predict(torch.stack([MODELS, corpus.expand(8)]))
    for ours, theirs in zip(joint[:3], prediction, strict=True):
        assert torch.allclose(ours.float(), theirs, atol=1e-6)


def test_where_a_pair_was_measured_its_record_counts(graph: HeteroData, fitted: EvidencePredictor) -> None:
    dataset = graph[TRANSFERS_TO].edge_index[1, :1]
    joint = fitted.joint(MODELS, dataset)
    smoothed = fitted.smoothed(torch.stack([MODELS, dataset.expand(8)]))
    assert torch.allclose(joint.mean, smoothed)


def test_several_datasets_are_the_mean_of_each(fitted: EvidencePredictor) -> None:
    both = fitted.joint(MODELS, torch.tensor([2, 7]))
    each = [fitted.joint(MODELS, torch.tensor([dataset])) for dataset in (2, 7)]
    for column in range(3):
        assert torch.allclose(both[column], (each[0][column] + each[1][column]) / 2)


def test_draws_are_accuracies_about_the_expected_one_and_within_the_intervals(fitted: EvidencePredictor) -> None:
    joint = fitted.joint(MODELS, torch.tensor([3]))
    assert torch.allclose(joint.draws.mean(0), joint.mean)
    assert ((joint.draws > -0.02) & (joint.draws < 1.02)).all()
    truth = INTERVAL_SIGMAS * joint.draws.std(0)
    assert (truth < (joint.upper - joint.lower)).all()  # one more measurement has its noise besides
    assert joint.ranked.tolist() == [True]


def test_widths_of_intervals_move_no_draw(graph: HeteroData, fitted: EvidencePredictor) -> None:
    """Intervals allow for a level that is hard to know; who is better than whom does not depend on it."""
    tensors, values = fitted.state()
    wide = EvidencePredictor.from_state(tensors, {**values, "widths": [9.0] * 6}, graph)
    mine, theirs = (predictor.joint(MODELS, torch.tensor([3])) for predictor in (fitted, wide))
    assert torch.equal(mine.draws, theirs.draws)
    assert (theirs.upper - theirs.lower > mine.upper - mine.lower).all()


def test_draws_have_the_covariance_of_the_logits_at_their_slopes(fitted: EvidencePredictor) -> None:
    """To first order; where the posterior is narrow, that is all there is."""
    dataset = torch.tensor([3])
    joint, prior = fitted.joint(MODELS, dataset), fitted._prior(None)
    cells = prior.ask(torch.stack([MODELS, dataset.expand(8)]), HEAD)
    logits = Posterior(prior, dataset, HEAD).joint(cells, 8, 1)
    rises = slope(joint.mean, prior.features.chance[dataset])
    covariance = scaled_contrasts(logits.covariance, torch.full((8,), fitted._contrasts[0], dtype=torch.float64))
    assert torch.allclose(joint.covariance, rises[:, None] * covariance * rises[None], rtol=0.3, atol=2e-4)


def test_contrasts_move_draws_about_what_they_have_in_common(
    zoo: Zoo, graph: HeteroData, fitted: EvidencePredictor
) -> None:
    """Of a dataset without records it is the factor for new ones, of a known dataset's models each has its own."""
    corpus = torch.tensor([graph[DATASET].ids.index("corpus")])
    tensors, values = fitted.state()
    apart = []
    for new in (0.5, 1.0):
        predictor = EvidencePredictor.from_state(tensors, {**values, "contrasts": [9.0, new]}, graph)
        draws = predictor.joint(MODELS, corpus).draws
        apart.append((draws - draws.mean(1, keepdim=True)).std())
    assert apart[0] / apart[1] == pytest.approx(0.5, abs=0.15)
    newcomer = ModelCard(id="new", family="swin", parameters=10**8, input_size=224, source="t")
    grown = build_graph(zoo.with_cards([newcomer]), HashEmbedder(8), vocabulary=graph.vocabulary)
    dataset = grown[TRANSFERS_TO].edge_index[1, :1]
    models = torch.tensor([grown[MODEL].ids.index(name) for name in (*graph[MODEL].ids, "new")])
    spread = []
    for contrasts in ([1.0, 1.0], [1.0, 0.1]):
        predictor = EvidencePredictor.from_state(tensors, {**values, "contrasts": contrasts}, graph)
        draws = predictor.joint(models, dataset, grown).draws
        spread.append((draws - draws[:, :8].mean(1, keepdim=True)).std(0))
    assert spread[1][8] < 0.5 * spread[0][8]
    assert torch.allclose(spread[1][:8], spread[0][:8], rtol=0.15)


def test_models_and_datasets_are_like_themselves_and_relatives_more_than_strangers(
    graph: HeteroData, fitted: EvidencePredictor
) -> None:
    akin, alike = fitted.similarities(2, torch.tensor([4]))
    assert (akin.shape, alike.shape) == ((8,), (graph[DATASET].num_nodes,))
    assert (akin[2].item(), alike[4].item()) == (pytest.approx(1), pytest.approx(1))
    for part in (akin, alike):
        assert ((part >= 0) & (part <= 1)).all()
    family = graph[MODEL].group
    kin = (family == family[2]) & (MODELS != 2)
    if kin.any():
        assert akin[kin].min() > akin[family != family[2]].mean()


def test_datasets_are_like_several_by_their_mean(fitted: EvidencePredictor) -> None:
    prior = fitted._prior(None)
    both = similarities(prior, 0, torch.tensor([1, 4]))[1]
    each = [similarities(prior, 0, torch.tensor([dataset]))[1] for dataset in (1, 4)]
    assert torch.allclose(both, (each[0] + each[1]) / 2)


def test_the_effect_of_a_record_is_what_conditioning_without_it_changes(
    graph: HeteroData, fitted: EvidencePredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mean of the logit exactly, its variance as it is with the record; for a mean over two datasets."""
    asked = torch.tensor([0, 3])
    pairs, points = fitted.record_effects(1, asked)
    assert torch.equal(pairs, graph[TRANSFERS_TO].edge_index)
    prior = fitted._prior(None)
    whole = Posterior(prior, asked, HEAD)
    monkeypatch.setattr("zoograph.models.evidence.posterior.spreads_of", lambda _: whole.spread)
    cells = prior.ask(torch.stack([torch.ones_like(asked), asked]), HEAD)
    chance = prior.features.chance[asked]
    mean, variance = whole.predict(cells)
    expected = expected_accuracy(mean, variance, chance)
    for record in (0, 17, 60):
        hidden = torch.arange(graph[TRANSFERS_TO].num_edges) == record
        less = Posterior(prior, asked, HEAD, prior.records.without(hidden))
        moved = expected - expected_accuracy(less.predict(cells)[0], variance, chance)
        assert points[record].item() == pytest.approx(100 * moved.mean().item(), rel=1e-5)


def test_the_own_record_counts_most(graph: HeteroData, fitted: EvidencePredictor) -> None:
    model, dataset = graph[TRANSFERS_TO].edge_index[:, 30].tolist()
    posterior = Posterior(fitted._prior(None), torch.tensor([dataset]), HEAD)
    weights, _ = posterior.weights(posterior.prior.ask(torch.tensor([[model], [dataset]]), HEAD))
    assert posterior.records.edge[weights[0].argmax()] == 30
