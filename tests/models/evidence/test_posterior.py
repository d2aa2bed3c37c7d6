from dataclasses import replace

import pytest
import torch

from zoograph.data.records.cards import DatasetCard
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.graphs.builder import build_graph
from zoograph.graphs.new_datasets import with_new_datasets
from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.models.evidence import posterior as posterior_module
from zoograph.models.evidence.accuracy_logit import to_accuracy
from zoograph.models.evidence.cells import Cells
from zoograph.models.evidence.posterior import ModelPrior, Posterior, Prior
from zoograph.models.evidence.relevant import choose_relevant

PROBE, HEAD, TUNED = 2, 3, 4


@pytest.fixture(scope="module")
def every(graph):
    return torch.arange(graph[DATASET].num_nodes)


@pytest.fixture(scope="module")
def posterior(prior, every):
    return Posterior(prior, every, HEAD)


@pytest.fixture
def same_spread(posterior, monkeypatch):
    """Whatever is left out, the spreads are those of all records."""
    monkeypatch.setattr(posterior_module, "spreads_of", lambda _: posterior.spread)


def pairs_of(graph, count=40):
    return torch.cartesian_prod(torch.arange(8), torch.arange(graph[DATASET].num_nodes))[:: 120 // count].t()


def dense(posterior):
    """Return the covariance of the records, noise included, and a callable for that of other cells."""
    prior, kernel = posterior.prior, posterior.prior.kernel
    models, datasets = torch.arange(8), torch.arange(len(prior.features.domain))
    models, datasets = prior.between_models(models, models), prior.between_datasets(datasets, datasets)

    def covariance(a, b):
        unit_a, unit_b = posterior.unit(a), posterior.unit(b)
        skill = kernel.skill(a, b, datasets, models)
        skill = skill + kernel.value("scores") * prior.scores.at(a) @ prior.scores.at(b).t()
        return kernel.level(a, b, datasets) + unit_a[:, None] * skill * unit_b[None]

    records = posterior.records
    unit = posterior.unit(records.cells)
    noise = records.variance * kernel.value("noise.test") + kernel.value("noise.run") * unit.square() + 1e-6
    return covariance(records.cells, records.cells) + torch.diag(noise), covariance


def test_it_is_gaussian_conditioning(prior, posterior, graph):
    asked = prior.ask(pairs_of(graph), HEAD)
    own, covariance = dense(posterior)
    cross = covariance(asked, posterior.records.cells)
    expected = prior.kernel.expected_level(posterior.records.cells, prior.features.classes)
    solved = torch.linalg.solve(own, torch.stack([posterior.records.logit - expected], 1))
    mean, variance = posterior.predict(asked)
    said = prior.kernel.expected_level(asked, prior.features.classes) + posterior.lead(asked)
    assert torch.allclose(mean, said + (cross @ solved)[:, 0])
    left = covariance(asked, asked) - cross @ torch.linalg.solve(own, cross.t())
    assert torch.allclose(variance, left.diagonal().clamp(min=1e-6))


@pytest.mark.usefixtures("same_spread")
@pytest.mark.parametrize("hidden", ["model", "dataset", "some"])
def test_leaving_out_in_closed_form_is_conditioning_on_the_others(prior, posterior, every, hidden):
    records = posterior.records
    block = {
        "model": records.cells.model == 3,
        "dataset": records.cells.dataset == records.cells.dataset[0],
        "some": torch.arange(len(records)) % 6 == 0,
    }[hidden]
    rows, inside = block.nonzero().flatten(), torch.tensor([2, 0])
    ((mean, between),) = posterior.left_out([(rows, inside)])
    without = Posterior(prior, every, HEAD, prior.records.at((~block).nonzero().flatten()))
    asked = records.cells.at(rows[inside])
    for one, other in zip((mean, between.diagonal()), without.predict(asked), strict=True):
        assert torch.allclose(one, other)
    own, covariance = dense(without)
    cross = covariance(asked, without.records.cells)
    assert torch.allclose(between, covariance(asked, asked) - cross @ torch.linalg.solve(own, cross.t()))


def test_covariances_in_parts_are_those_of_all(posterior, monkeypatch):
    known = posterior._known
    whole = posterior._covariance(known, known)
    monkeypatch.setattr(posterior_module, "_ENTRIES_AT_ONCE", 7 * len(known.unit))
    assert torch.allclose(posterior._covariance(known, known), whole)
    assert torch.allclose(posterior._covariance(known, known, lower=True).tril(), whole.tril())


@pytest.mark.usefixtures("same_spread")
def test_a_prediction_moves_by_the_weight_of_a_record_that_is_not_there(prior, posterior, every, graph):
    asked = prior.ask(pairs_of(graph), HEAD)
    weights, beyond = posterior.weights(asked)
    for row in (0, 17, 60):
        kept = (torch.arange(len(prior.records)) != row).nonzero().flatten()
        less = Posterior(prior, every, HEAD, prior.records.at(kept))
        moved = posterior.predict(asked)[0] - less.predict(asked)[0]
        faded = posterior.lead(asked) - less.lead(asked)  # of size, which a record counts against whatever it says
        assert torch.allclose(moved - faded, weights[:, row] * beyond[row])


def test_records_leave_less_doubt_and_more_records_less_still(prior, every, graph, posterior):
    asked = prior.ask(pairs_of(graph), HEAD)
    half = prior.records.at(torch.arange(0, len(prior.records), 2))
    none, some = (Posterior(prior, every, HEAD, part) for part in (prior.records.at(torch.arange(0)), half))
    unit = (posterior.unit(asked) / some.unit(asked)).max()  # spreads differ a little
    assert (some.predict(asked)[1] < none.predict(asked)[1] * 4).all()
    assert (posterior.predict(asked)[1] < some.predict(asked)[1] * unit.square().clamp(min=1)).double().mean() > 0.9


def test_without_records_the_card_says_the_mean(prior, every, graph):
    none = Posterior(prior, every, HEAD, prior.records.at(torch.arange(0)))
    asked = prior.ask(pairs_of(graph), HEAD)
    said = prior.kernel.expected_level(asked, prior.features.classes) + none.lead(asked)
    assert torch.allclose(none.predict(asked)[0], said)


def test_covariances_of_means_over_datasets_are_those_of_all_cells(prior, posterior):
    models, datasets = torch.tensor([4, 0, 2]), torch.tensor([1, 5])
    asked = prior.ask(torch.cartesian_prod(models, datasets).t(), HEAD)
    own, covariance = dense(posterior)
    cross = covariance(asked, posterior.records.cells)
    joint = covariance(asked, asked) - cross @ torch.linalg.solve(own, cross.t())
    mean = torch.block_diag(*[torch.full((1, 2), 0.5, dtype=torch.float64)] * 3)
    found = posterior.joint(asked, 3, 2).covariance
    assert torch.allclose(found, mean @ joint @ mean.t())
    assert torch.allclose(found, found.t())
    assert torch.linalg.eigvalsh(found).min() > 0


def test_contenders_are_those_that_may_well_do_better_than_the_best(prior, posterior):
    asked = prior.ask(torch.cartesian_prod(torch.arange(8), torch.tensor([1, 5])).t(), HEAD)
    whole, few = posterior.joint(asked, 8, 2), posterior.joint(asked, 8, 2, most=3)
    assert whole.contenders.tolist() == list(range(8))
    assert torch.equal(few.mean, whole.mean)
    chosen = few.contenders
    assert torch.allclose(few.covariance, whole.covariance[chosen[:, None], chosen[None]])
    centre = whole.mean.reshape(8, 2).mean(1)
    best = centre.argmax().item()
    assert best in chosen.tolist()
    spread = whole.covariance.diagonal() + whole.covariance[best, best] - 2 * whole.covariance[best]
    doubt = (centre[best] - centre) / spread.clamp(min=1e-9).sqrt()
    left_out = [model for model in range(8) if model not in chosen.tolist()]
    assert doubt[chosen].max() < doubt[left_out].min() + 0.2


def test_what_is_conditioned_on_does_not_grow_with_what_is_not_known(prior):
    """Nodes that occur neither in the records nor in the question are in no matrix."""
    few = prior.records.at((prior.records.cells.dataset < 3).nonzero().flatten())
    posterior = Posterior(prior, torch.tensor([1]), HEAD, few)
    assert len(posterior._datasets.where) == len(torch.unique(few.cells.dataset))
    with pytest.raises(IndexError):
        posterior.predict(prior.ask(torch.tensor([[0], [9]]), HEAD))


def test_the_noise_of_a_run_is_that_of_its_test_set_and_of_training(prior, posterior):
    asked = prior.ask(torch.tensor([[0], [0]]), HEAD)
    few, many = (posterior.noise(torch.zeros(1).double(), asked, torch.tensor([n]).double()) for n in (20.0, 1e12))
    chance = prior.features.chance[0].item()
    accuracy = (1 + chance) / 2
    binomial = accuracy * (1 - accuracy) / 20 / ((1 - chance) / 4) ** 2
    assert many.item() == pytest.approx(0.08 * posterior.unit(asked).item() ** 2)
    assert (few - many).item() == pytest.approx(binomial)


def test_a_probe_of_the_pair_itself_moves_it_more_than_others(prior, every, graph):
    """Model 2 is scored alone on a dataset on which nobody was measured."""
    new = graph[TRANSFERS_TO].edge_index[1][0]
    others = prior.records.at((prior.records.cells.dataset != new).nonzero().flatten())
    models = torch.arange(8)
    asked = prior.ask(torch.stack([models, new.expand(8)]), TUNED)

    def answered(logit):
        cell = Cells(torch.tensor([2]), new[None], torch.tensor([PROBE]), prior.features.per_class[new][None])
        value = torch.tensor([logit], dtype=torch.float64)
        probe = replace(others.at(torch.tensor([0])), cells=cell, logit=value, variance=0 * value + 0.01)
        joined = replace(
            probe,
            cells=others.cells.and_(cell),
            **{
                name: torch.cat([getattr(others, name), getattr(probe, name)]) for name in ("logit", "variance", "edge")
            },
        )
        return Posterior(prior, every, TUNED, joined).predict(asked)[0]

    low, high = answered(-1.0), answered(1.0)
    moved = high - low
    assert moved[2] > 0
    assert (moved[2] > moved[models != 2]).all()


def test_a_better_measurement_of_a_pair_never_lowers_it(prior, posterior, graph):
    """The weight of a record of the very pair is positive, under whichever protocol."""
    records = posterior.records
    own = records.cells.at(torch.arange(len(records)))
    for protocol in (HEAD, TUNED):
        asked = prior.ask(torch.stack([own.model, own.dataset]), protocol)
        assert (posterior.weights(asked)[0].diagonal() > 0).all()


def test_far_records_as_means_change_little(prior, graph, every, monkeypatch):
    """Asked of one dataset, with records of the nearest ones and means of the others."""
    asked = prior.ask(torch.stack([torch.arange(8), torch.full((8,), 3)]), HEAD)
    whole = Posterior(prior, torch.tensor([3]), HEAD)
    monkeypatch.setattr(posterior_module, "choose_relevant", lambda *given: choose_relevant(*given, most=60))
    few = Posterior(prior, torch.tensor([3]), HEAD)
    assert 0 < len(few.records) < len(whole.records) / 2
    assert len(few.alpha) > len(few.records)
    chance = prior.features.chance[3]
    one, other = (to_accuracy(each.predict(asked)[0], chance) for each in (whole, few))
    assert (one - other).abs().max() < 0.03
    none = to_accuracy(Posterior(prior, every, HEAD, prior.records.at(torch.arange(0))).predict(asked)[0], chance)
    assert (one - other).abs().max() < 0.3 * (one - none).abs().max()


def test_what_models_have_in_common_is_worked_out_once_for_both_orders(prior, kernel, monkeypatch):
    monkeypatch.setattr(posterior_module, "_ENTRIES_IN_CACHE", 24)  # three rows at a time
    found = posterior_module._between_all(kernel, prior.models)
    for part, whole in zip(found, kernel.models(prior.models), strict=True):
        assert torch.allclose(part, whole, rtol=0, atol=1e-12)
        assert torch.equal(part, part.t())


def test_new_datasets_have_the_prior_of_a_graph_that_is_made_of_all(zoo, kernel):
    def text(words):
        return HashEmbedder(8)(list(words))

    card = DatasetCard(id="new", labels=("a", "b"), num_samples=90, domain="photo", source="me")
    plain = build_graph(zoo, text, plain=True)
    whole = build_graph(zoo.with_cards((), [card]), text, vocabulary=plain.vocabulary, plain=True)
    base = Prior.of(kernel, plain)
    of_models = ModelPrior(base.models, base.every)
    found = Prior.of(kernel, with_new_datasets(plain, zoo, [card], text), of_models)
    expected = Prior.of(kernel, whole)
    assert found.every is base.every
    asked = torch.stack([torch.arange(8).repeat(2), torch.tensor([0, 3]).repeat_interleave(8)])
    answers = [
        Posterior(prior, torch.tensor([0, 3]), HEAD).predict(prior.ask(asked, HEAD)) for prior in (found, expected)
    ]
    for one, other in zip(*answers, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-9)
