import pytest
import torch

from zoograph.models.intervals import Widths, around, bounded, dataset_folds, random_folds, without_own


def test_bounded_leaves_the_middle_and_keeps_every_order():
    inside = torch.tensor([0.001, 0.25, 0.999], dtype=torch.float64)
    assert torch.equal(bounded(inside), inside)
    result = bounded(torch.linspace(-3, 4, 401, dtype=torch.float64))
    assert (result.diff() > 0).all()
    assert (bounded(torch.linspace(-0.1, 1.1, 401)).diff() > 0).all()
    assert result[0] > 0
    assert result[-1] < 1


def test_a_newcomer_is_never_narrower():
    widths = Widths.of(torch.full((10,), 0.3), torch.full((10,), 0.1))
    assert widths == (pytest.approx(0.3), pytest.approx(0.3))
    widths = Widths.of(torch.full((10,), 0.1), torch.full((3,), 0.1))
    assert widths.at(torch.tensor([True, False])).tolist() == pytest.approx([0.1, 1.0])


def test_without_own_is_what_leaving_out_gives():
    parts = torch.tensor([0.2, 0.5, 0.9])
    left_out = torch.stack([parts[i] - parts[torch.arange(3) != i].mean() for i in range(3)])
    assert torch.allclose(without_own(parts - parts.mean(), 3), left_out)
    assert len(without_own(parts, 1)) == 0


def test_around_is_cut_and_ordered():
    mean, lower, upper = around(torch.tensor([-0.5, 0.5, 1.5]), 0.1)
    assert lower.tolist() == pytest.approx([0, 0.4, 0.9], abs=1e-3)
    assert upper.tolist() == pytest.approx([0.1, 0.6, 1.0], abs=1e-3)
    assert ((lower <= mean) & (mean <= upper)).all()


def test_folds_hold_everything_out_once():
    folds = random_folds(11, 3)
    assert sorted(folds.bincount().tolist()) == [3, 4, 4]
    assert torch.equal(folds, random_folds(11, 3))
    datasets = torch.tensor([7, 7, 3, 9, 3])
    masks = dataset_folds(datasets, 2)
    assert torch.stack(masks).sum(0).tolist() == [1] * 5
    for mask in masks:
        assert not set(datasets[mask].tolist()) & set(datasets[~mask].tolist())
    assert dataset_folds(torch.tensor([4, 4])) == []
