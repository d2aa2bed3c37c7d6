import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.models.gp.covariances import Covariances
from zoograph.models.gp.inference import condition
from zoograph.training.predictors.exact import ExactPredictor, TrainingConfig
from zoograph.training.predictors.exact_readout import dataset_similarity

TINY = TrainingConfig(num_members=2, num_iterations=(2, 2, 2), num_records=(100, 100))


@pytest.fixture(scope="module")
def graph():
    return build_graph(make_synthetic_zoo(6, 20).zoo, HashEmbedder(8))


@pytest.fixture(scope="module")
def fitted(graph):
    return ExactPredictor(TINY).fit(graph)


def test_a_joint_prediction_agrees_with_single_ones(graph, fitted):
    """A new dataset: there no own record makes a difference."""
    models, corpus = torch.arange(6), torch.tensor([20])
    joint = fitted.joint(models, corpus)
    prediction = fitted.predict(torch.stack([models, corpus.expand(6)]))
    for ours, theirs in zip(joint[:3], prediction, strict=True):
        assert torch.allclose(ours.float(), theirs)
    assert joint.ranked.tolist() == [True]


def test_the_centres_of_the_members_have_the_mean_as_their_mean(fitted):
    joint = fitted.joint(torch.arange(6), torch.tensor([0, 3]))
    assert joint.centres.shape == (2, 6)
    assert torch.allclose(joint.centres.mean(0), joint.mean, atol=1e-6)
    assert torch.allclose(joint.covariances, joint.covariances.transpose(1, 2))
    assert (torch.linalg.eigvalsh(joint.covariances) > -1e-12).all()


def test_stretched_variances_are_as_wide_as_the_intervals_without_noise(fitted):
    """The interval of one more measurement is wider than that of the truth, by its noise alone."""
    joint = fitted.joint(torch.arange(6), torch.tensor([3]))
    truth = 1.6449 * joint.covariances.diagonal(dim1=1, dim2=2).mean(0).sqrt()
    assert (truth < (joint.upper - joint.lower) / 2 + 1e-9).all()


def test_a_model_and_a_dataset_are_like_themselves(fitted):
    akin, alike = fitted.similarities(2, torch.tensor([4]))
    assert (akin.shape, alike.shape) == ((6,), (21,))
    assert akin[2].item() == pytest.approx(1)
    assert alike[4].item() == pytest.approx(1)
    assert ((akin >= 0) & (akin <= 1)).all()


def test_the_effect_of_a_record_is_what_conditioning_without_the_record_changes(fitted):
    """Exactly so, for a mean over two datasets, with scales and noises as they are."""
    asked = torch.tensor([0, 3])
    pairs_of_records, points = fitted.record_effects(1, asked)
    conditioned = fitted.posterior()
    records = conditioned.records
    assert torch.equal(pairs_of_records, records.pairs)
    pairs = torch.stack([torch.ones(2, dtype=torch.long), asked])
    units = records.scale.spread[asked]
    for r in (0, 17, 60):
        kept = torch.arange(len(records.latent)) != r
        changes = []
        for posterior, noise in zip(conditioned.posteriors, conditioned.noises, strict=True):
            own = noise.of(records.pairs, records.num_runs)
            without = condition(posterior.covariances, records.pairs[:, kept], records.latent[kept], own[kept])
            changes.append((units * (posterior.predict(pairs)[0] - without.predict(pairs)[0])).mean())
        assert points[r].item() == pytest.approx(100 * torch.stack(changes).mean().item(), abs=1e-6)


def test_similarity_of_datasets_by_hand():
    prior = Covariances(
        level=torch.tensor([[1.0, 0.5], [0.5, 1.0]]),
        effect=torch.tensor([[1.0, 0.0], [0.0, 3.0]]),
        spread=torch.tensor([[0.5, 0.5], [0.5, 1.5]]),
        scores=torch.zeros(2, 2, 0),
        score_weight=torch.tensor(0.0),
    )
    expected = (0.5 + 2 * 0.5) / ((1 + 2 * 0.5) * (1 + 2 * 1.5)) ** 0.5
    assert dataset_similarity(prior)[0, 1].item() == pytest.approx(expected)
    assert dataset_similarity(prior).diagonal().tolist() == pytest.approx([1.0, 1.0])
