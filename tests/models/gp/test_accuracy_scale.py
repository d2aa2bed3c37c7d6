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
    assert scale.informative.tolist() == [True, True, False]
    assert scale.centre[2].item() == pytest.approx(0.01)


@pytest.mark.parametrize("means", [(0.2, 0.4, 0.9), (0.2, 0.4, 0.9, 0.7)])
def test_without_a_block_is_a_fit_to_the_rest(means):
    values, datasets = many(*means)
    values = values + 0.01 * torch.randn(len(values), generator=torch.Generator().manual_seed(0)).double()
    scale = AccuracyScale.fitted(values, datasets, 5)
    for block in (torch.arange(30), torch.arange(0, len(values), 30), torch.arange(28)):
        rest = torch.ones(len(values), dtype=torch.bool)
        rest[block] = False
        found = scale.without(values, datasets, block)
        expected = AccuracyScale.fitted(values[rest], datasets[rest], 5)
        assert torch.allclose(found.centre, expected.centre)
        assert torch.allclose(found.spread, expected.spread)
        assert found.doubt == pytest.approx(expected.doubt)


def test_without_keeps_one_scale_where_all_share_it():
    values = torch.tensor([0.2, 0.4, 0.6, 0.8]).double()
    datasets = torch.tensor([0, 0, 1, 1])
    found = AccuracyScale.fitted(values, datasets, 3).without(values, datasets, torch.tensor([0, 3]))
    assert found.centre.tolist() == pytest.approx([0.5] * 3)
    assert found.spread.tolist() == pytest.approx([0.1] * 3)


def test_without_never_uses_the_block_itself():
    values, datasets = many(0.2, 0.4, 0.9)
    block = torch.arange(60)
    moved = values.clone()
    moved[block] += 0.05 * torch.arange(60)  # only the block moves: what is said without it must not
    found, again = (AccuracyScale.fitted(v, datasets, 3).without(v, datasets, block) for v in (values, moved))
    assert found.centre.tolist() == again.centre.tolist() == pytest.approx([0.9] * 3)
    assert (found.spread.tolist(), found.doubt) == (again.spread.tolist(), again.doubt)


def test_latent_and_back():
    values, datasets = many(0.2, 0.4)
    scale = AccuracyScale.fitted(values, datasets, 2)
    assert torch.allclose(scale.values(scale.latent(values, datasets), datasets), values)
