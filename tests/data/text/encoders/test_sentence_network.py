"""Sentence networks: pooling by hand-made tokens, padding that changes nothing, timm's interface."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from timm.models import group_parameters
from torch import Tensor, nn

from zoograph.data.text.encoders.layout import Pooling
from zoograph.data.text.encoders.recipe import Recipe
from zoograph.data.text.encoders.sentence_network import NOTHING, UNPOOLED, SentenceNetwork, pool

HIDDEN = torch.tensor([[[1.0, 0.0], [3.0, 4.0], [5.0, -2.0]], [[2.0, 2.0], [9.0, 9.0], [9.0, 9.0]]])
MASK = torch.tensor([[True, True, True], [True, False, False]])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Pooling.MEAN, [[3.0, 2 / 3], [2.0, 2.0]]),
        (Pooling.FIRST, [[1.0, 0.0], [2.0, 2.0]]),
        (Pooling.LAST, [[5.0, -2.0], [2.0, 2.0]]),
        (Pooling.MAX, [[5.0, 4.0], [2.0, 2.0]]),
        (Pooling.WEIGHTED, [[(1 + 6 + 15) / 6, (8 - 6) / 6], [2.0, 2.0]]),
    ],
)
def test_pooling(kind: Pooling, expected: list[list[float]]) -> None:
    torch.testing.assert_close(pool(HIDDEN, MASK, kind), torch.tensor(expected))


class _Echo(nn.Module):
    """Hidden states that are the tokens themselves, and what was given to it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
        self.seen: Any = None

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        self.seen = input_ids, attention_mask
        return SimpleNamespace(last_hidden_state=input_ids[..., None].float().expand(-1, -1, 2))


def test_padding_and_instructions_are_not_pooled() -> None:
    body = _Echo()
    network = SentenceNetwork(body, Recipe(Path(), (Pooling.MEAN, Pooling.LAST)), 2, padding=7)
    tokens = torch.tensor([[UNPOOLED + 100, 2, 4], [6, NOTHING, NOTHING]])
    vectors = network.forward_features(tokens)
    assert vectors.tolist() == [[3.0, 3.0, 4.0, 4.0], [6.0, 6.0, 6.0, 6.0]]
    assert body.seen[0].tolist() == [[100, 2, 4], [6, 7, 7]]
    assert body.seen[1].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert network.num_features == 4


def test_length_one_is_kept_where_it_is_stated() -> None:
    network = SentenceNetwork(_Echo(), Recipe(Path(), normalise=True), 2)
    torch.testing.assert_close(network(torch.tensor([[3, 5]])), torch.full((1, 2), 0.5**0.5))


def test_the_classifier_is_put_in_place_and_layers_are_told() -> None:
    network = SentenceNetwork(_Echo(), Recipe(Path()), 2, dense=[nn.Sequential(nn.Linear(2, 5), nn.Tanh())])
    assert (network.num_classes, network.num_features, network.get_classifier()) == (0, 5, None)
    network.reset_classifier(3)
    assert network(torch.tensor([[1, 2]])).shape == (1, 3)
    groups = group_parameters(network, network.group_matcher(coarse=True))
    assert [sorted({name.rpartition(".")[0] for name in groups[group]}) for group in sorted(groups)] == [
        ["body.layers.0"],
        ["body.layers.1"],
        ["dense.0.0", "head"],
    ]
