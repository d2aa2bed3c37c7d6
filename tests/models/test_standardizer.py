import torch

from zoograph.models.standardizer import Standardizer


def test_what_is_missing_is_not_read():
    numbers = torch.tensor([[1.0, 5.0], [3.0, 0.0], [0.0, 0.0]])
    mask = torch.tensor([[True, True], [True, False], [False, False]])
    scale = Standardizer(2).fit(numbers, mask)
    assert scale.mean.tolist() == [2.0, 5.0]
    assert scale.std.tolist() == [1.0, 1.0]
    assert scale(numbers, mask).tolist() == [[-1, 0, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]]


def test_fitted_to_nothing_it_is_the_identity():
    scale = Standardizer(2).fit(torch.zeros(0, 2), torch.zeros(0, 2, dtype=torch.bool))
    numbers = torch.tensor([[7.0, -3.0]])
    assert torch.equal(scale.scale(numbers), numbers)


def test_scales_are_kept_with_the_weights():
    scale = Standardizer(1).fit(torch.tensor([[1.0], [5.0]]), torch.ones(2, 1, dtype=torch.bool))
    copy = Standardizer(1)
    copy.load_state_dict(scale.state_dict())
    assert copy.scale(torch.tensor([[7.0]])).item() == 2.0
    assert list(scale.parameters()) == []
