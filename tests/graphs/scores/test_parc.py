"""PARC against published values, against SciPy's Spearman coefficient, and in bins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor

from zoograph.graphs.scores import parc as module
from zoograph.graphs.scores.parc import parc
from zoograph.graphs.scores.undefined import UndefinedScore

CASES = ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"]


@pytest.mark.parametrize("name", CASES)
def test_published_pipeline_with_exact_ties_of_labels_is_met(name: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("PARC", "diagnostic_exact_label_ties", name)
    assert parc(arrays["X"], arrays["y"]) == pytest.approx(published.value, rel=published.rel)


def test_authors_value_is_met_where_rounding_splits_no_ties(case: Any, reference: Any) -> None:
    arrays = case("c2_n_lt_d")
    published = reference("PARC", "parc_full", "c2_n_lt_d")
    assert parc(arrays["X"], arrays["y"]) == pytest.approx(published.value, rel=published.rel)


def _spearman(features: Tensor, labels: Tensor) -> float:
    standardised = (features - features.mean(dim=0)) / features.std(dim=0, correction=0)
    i, j = np.triu_indices(len(labels), 1)
    distances = (1 - np.corrcoef(standardised))[i, j].round(12)
    return 100 * float(spearmanr(distances, (labels[i] != labels[j]).numpy()).statistic)


def test_it_is_the_rank_correlation_of_all_pairs_with_ties() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randint(0, 3, (40, 3), generator=generator).double()  # on a lattice: many equal distances
    features = features[features.std(dim=1) > 0]
    labels = torch.arange(len(features)) % 4
    assert parc(features, labels) == pytest.approx(_spearman(features, labels), rel=1e-12)


@pytest.mark.parametrize(("name", "rel"), [("c2_n_lt_d", 1e-5), ("c4_singleton", 1e-6), ("c6_many", 1e-7)])
def test_counting_in_bins_is_the_same(name: str, rel: float, case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = case(name)
    exact = parc(arrays["X"], arrays["y"])
    monkeypatch.setattr(module, "_EXACT_PAIRS", 0)
    monkeypatch.setattr(module, "_BLOCK_CELLS", 70 * len(arrays["y"]))  # several blocks, the last one smaller
    assert parc(arrays["X"], arrays["y"]) == pytest.approx(exact, rel=rel)


def test_classes_in_opposite_directions_are_perfectly_ordered() -> None:
    features = torch.tensor([[1.0, -2.0, 3.0], [1.0, -2.0, 3.0], [-1.0, 2.0, -3.0], [-1.0, 2.0, -3.0]])
    assert parc(features, torch.tensor([0, 0, 1, 1])) == pytest.approx(100.0)
    assert parc(features, torch.tensor([0, 1, 0, 1])) == pytest.approx(-50.0)  # -4 / 8 over 2 and 4 pairs


def test_what_has_no_rank_correlation_is_undefined() -> None:
    with pytest.raises(UndefinedScore, match="no class has two samples"):
        parc(torch.randn(4, 3), torch.arange(4))
    with pytest.raises(UndefinedScore, match="features of a sample do not vary over the dimensions"):
        parc(torch.randn(4, 1), torch.tensor([0, 0, 1, 1]))
    with pytest.raises(UndefinedScore, match="all pairs of samples are equally far apart"):
        parc(torch.eye(3), torch.tensor([0, 0, 1]))
