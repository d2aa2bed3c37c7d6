import pytest
from scipy.stats import norm

from zoograph.models.method import COVERAGE, INTERVAL_SIGMAS


def test_a_gaussian_lies_within_the_interval_as_often_as_promised() -> None:
    assert norm.cdf(INTERVAL_SIGMAS) - norm.cdf(-INTERVAL_SIGMAS) == pytest.approx(COVERAGE, abs=1e-12)
