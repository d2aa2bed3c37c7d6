import pytest
import torch

from zoograph.models.gp.accuracy_scale import AccuracyScale


def test_few_records_a_dataset_share_one_scale():
    values = torch.tensor([0.2, 0.4, 0.6, 0.8]).double()
    scale = AccuracyScale.fitted(values, torch.tensor([0, 0, 1, 1]), 3)
    assert not scale.standardised
    assert scale.centre.tolist() == pytest.approx([0.5] * 3)
    assert scale.spread.tolist() == pytest.approx([values.std(correction=0).item()] * 3)
    assert scale.doubt == 0


def many(*means):
    wave = 0.1 * torch.linspace(-1, 1, 30).double()
    values = torch.cat([mean + wave for mean in means])
    return values, torch.arange(len(means)).repeat_interleave(30)


def test_many_records_a_dataset_give_each_its_own():
    values, datasets = many(0.3, 0.7)
    scale = AccuracyScale.fitted(values, datasets, 3)
    assert scale.standardised
    assert scale.centre.tolist() == pytest.approx([0.3, 0.7, 0.5])
    spread = values[:30].std().item()
    assert scale.spread.tolist() == pytest.approx([spread] * 3)
    assert scale.doubt == pytest.approx(0.4 / 2**0.5)
    latent = scale.latent(values, datasets)
    assert latent[:30].mean().item() == pytest.approx(0, abs=1e-9)
    assert latent[:30].std().item() == pytest.approx(1)


def test_a_tied_dataset_tells_nothing():
    values, datasets = many(0.3, 0.7)
    tied = torch.full((30,), 0.01).double()
    tied[0] = 0.6
    scale = AccuracyScale.fitted(torch.cat([values, tied]), torch.cat([datasets, torch.full((30,), 2)]), 3)
    assert scale.centre[2].item() == pytest.approx(0.01)


def test_latent_and_back():
    values, datasets = many(0.2, 0.4)
    scale = AccuracyScale.fitted(values, datasets, 2)
    assert torch.allclose(scale.values(scale.latent(values, datasets), datasets), values)
