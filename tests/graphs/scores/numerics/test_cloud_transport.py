"""Transport against the dense network simplex, with and without column generation."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import torch

from zoograph.graphs.scores.numerics import cloud_transport as module
from zoograph.graphs.scores.numerics.cloud_transport import Cloud, transport
from zoograph.graphs.scores.undefined import UndefinedScore


def _cloud(seed: int, size: int, dimensions: int = 5, shift: float = 0.0) -> Cloud:
    generator = torch.Generator().manual_seed(seed)
    weights = torch.rand(size, generator=generator, dtype=torch.float64) + 0.1
    points = torch.randn(size, dimensions, generator=generator, dtype=torch.float64) + shift
    return Cloud(points, weights / weights.sum())


@pytest.mark.parametrize("kept_cells", [2**25, 0])
@pytest.mark.parametrize("dense_cells", [2**22, 2000])
@pytest.mark.parametrize("sizes", [(300, 300), (150, 400), (400, 40), (500, 1), (1, 1)])
def test_it_is_the_optimum_of_all_pairs(
    sizes: tuple[int, int], dense_cells: int, kept_cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DENSE_CELLS", dense_cells)
    monkeypatch.setattr(module, "_KEPT_CELLS", kept_cells)
    monkeypatch.setattr(module, "_CANDIDATES", 5)
    monkeypatch.setattr(module, "_BLOCK_CELLS", 3000)
    source, target = _cloud(0, sizes[0]), _cloud(1, sizes[1], shift=1.0)
    plan = transport(source, target)
    cost = ot.dist(source.points.numpy(), target.points.numpy())
    expected = ot.emd(source.weights.numpy(), target.weights.numpy(), cost)
    assert plan.cost == pytest.approx(float((expected * cost).sum()), rel=1e-9)
    found = torch.zeros(sizes, dtype=torch.float64)
    found.index_put_((plan.source, plan.target), plan.mass, accumulate=True)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    np.testing.assert_allclose(found.sum(dim=1), source.weights, atol=1e-12)
    np.testing.assert_allclose(found.sum(dim=0), target.weights, atol=1e-12)


@pytest.mark.parametrize("kept_cells", [2**25, 0])
@pytest.mark.parametrize("dense_cells", [2**22, 2000])
def test_a_cloud_goes_to_itself_at_no_cost(dense_cells: int, kept_cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DENSE_CELLS", dense_cells)
    monkeypatch.setattr(module, "_KEPT_CELLS", kept_cells)
    cloud = _cloud(2, 200, shift=1000.0)
    plan = transport(cloud, cloud)
    assert plan.cost == pytest.approx(0.0, abs=1e-9)
    assert torch.equal(plan.source, plan.target)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_the_unit_of_features_does_not_matter(scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DENSE_CELLS", 2000)
    source, target = _cloud(3, 100), _cloud(4, 120)
    plain = transport(source, target)
    scaled = transport(*(cloud._replace(points=scale * cloud.points) for cloud in (source, target)))
    assert scaled.cost / scale**2 == pytest.approx(plain.cost, rel=1e-9)


def test_an_outlier_that_float32_blurs_does_not_keep_it_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DENSE_CELLS", 2000)
    source, target = _cloud(5, 300), _cloud(6, 300)
    source.points[0] += 1e4
    target.points[0] += 1e4
    plan = transport(source, target)
    cost = ot.dist(source.points.numpy(), target.points.numpy())
    assert plan.cost == pytest.approx(ot.emd2(source.weights.numpy(), target.weights.numpy(), cost), rel=1e-6)


def test_distances_beyond_float64_are_undefined() -> None:
    with pytest.raises(UndefinedScore, match="leave the range of floating-point numbers"):
        transport(_cloud(0, 3, shift=1e200), _cloud(1, 3))
