"""k-NN against scikit-learn, and its ties."""

from __future__ import annotations

import pytest
import torch
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from zoograph.graphs.scores import knn as module
from zoograph.graphs.scores.knn import knn
from zoograph.graphs.scores.undefined import UndefinedScore


@pytest.mark.parametrize("k", [1, 3, 5])
def test_it_is_leave_one_out_of_scikit_learn(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(90) % 2  # two classes and odd k: no ties of votes
    features = torch.randn(90, 6, generator=generator) + labels[:, None]
    expected = cross_val_score(KNeighborsClassifier(k), features.numpy(), labels.numpy(), cv=LeaveOneOut()).mean()
    assert 0.6 < expected < 0.95
    monkeypatch.setattr(module, "_BLOCK_CELLS", 90 * 40)  # three blocks
    assert knn(features, labels, k=k) == pytest.approx(expected, rel=1e-12)


def test_samples_equally_near_all_vote_and_shared_majorities_count_in_part() -> None:
    features = torch.tensor([[0.0], [1.0], [-1.0], [9.0], [9.0]])
    labels = torch.tensor([0, 0, 1, 2, 2])
    # sample 0 sees one of each class at distance 1, samples 1 and 2 see sample 0, samples 3 and 4 see each other
    assert knn(features, labels) == pytest.approx((0.5 + 1 + 0 + 1 + 1) / 5)


def test_samples_that_are_all_alike_are_guessed() -> None:
    assert knn(torch.ones(4, 3), torch.tensor([0, 0, 0, 1])) == pytest.approx(3 / 4)
    assert knn(torch.ones(4, 3), torch.tensor([0, 0, 1, 1])) == 0.0  # the others are mostly of the other class


def test_too_few_neighbours() -> None:
    with pytest.raises(UndefinedScore, match="3 samples, 4 are the least for 3 neighbours"):
        knn(torch.randn(3, 2), torch.tensor([0, 1, 1]), k=3)
    with pytest.raises(ValueError, match=r"k must be positive \(got 0\)"):
        knn(torch.randn(3, 2), torch.tensor([0, 1, 1]), k=0)
