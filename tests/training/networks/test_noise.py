import pytest
import torch

from zoograph.training.networks.noise import measurement_variance


def test_variance_falls_with_the_sample_size_and_is_zero_where_not_known():
    variance = measurement_variance(torch.tensor([20.0, 2000.0, float("nan")]))
    assert variance[0].sqrt().item() == pytest.approx(0.107, abs=1e-3)
    assert variance[1].item() == pytest.approx(variance[0].item() / 100)
    assert variance[2] == 0
