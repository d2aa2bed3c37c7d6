import pytest
import torch
from sklearn.linear_model import Ridge

from zoograph.models.baselines.least_squares import fit_ridge


@pytest.mark.parametrize(("num_rows", "width"), [(12, 3), (6, 20)])
def test_leave_one_out_errors_are_those_of_refits(num_rows, width):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(num_rows, width, dtype=torch.float64, generator=generator)
    y = torch.randn(num_rows, dtype=torch.float64, generator=generator)
    weight = torch.rand(num_rows, dtype=torch.float64, generator=generator) + 0.5
    weight = weight / weight.mean()
    fit = fit_ridge(x, y, weight, [0.7])
    whole = Ridge(alpha=0.7).fit(x, y, weight)
    assert fit.weight.numpy() == pytest.approx(whole.coef_)
    assert float(fit.bias) == pytest.approx(whole.intercept_)
    for i in range(num_rows):
        rest = torch.arange(num_rows) != i
        refit = Ridge(alpha=0.7).fit(x[rest], y[rest], weight[rest])
        assert float(fit.errors[i]) == pytest.approx(float(y[i]) - refit.predict(x[i : i + 1])[0])


def test_the_penalty_with_the_least_error_is_taken():
    x = torch.arange(8, dtype=torch.float64).unsqueeze(1)
    one = torch.ones(8, dtype=torch.float64)
    assert fit_ridge(x, 2 * x[:, 0], one, [100.0, 0.01]).penalty == 0.01
    noise = torch.tensor([1.0, -1, -1, 1, 1, -1, -1, 1], dtype=torch.float64)
    assert fit_ridge(x, noise, one, [0.01, 1e6]).penalty == 1e6


def test_one_row_and_constant_rows_give_the_mean():
    one = torch.ones(1, dtype=torch.float64)
    fit = fit_ridge(torch.ones(1, 2, dtype=torch.float64), 0.3 * one, one, [1.0])
    assert float(fit.bias + fit.weight.sum()) == pytest.approx(0.3)
    assert fit.errors.isfinite().all()


def test_columns_that_never_vary_have_no_weight_and_change_nothing():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(9, 2, dtype=torch.float64, generator=generator)
    y = torch.randn(9, dtype=torch.float64, generator=generator)
    one = torch.ones(9, dtype=torch.float64)
    bare = fit_ridge(x, y, one, [0.7])
    padded = fit_ridge(torch.stack([one, x[:, 0], 5 * one, x[:, 1]], 1), y, one, [0.7])
    assert padded.weight.tolist() == pytest.approx([0.0, *bare.weight[:1].tolist(), 0.0, *bare.weight[1:].tolist()])
    assert padded.errors.tolist() == pytest.approx(bare.errors.tolist())
    assert float(padded.bias) == pytest.approx(float(bare.bias))
