"""Levels from cheap to dear, and what each leaves open."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.records.records import Protocol
from zoograph.training.choosing.beliefs.belief import Belief
from zoograph.training.choosing.beliefs.levels import agreement, levels_of, more_noise, noise_of, translated

PROBE, HEAD, FINETUNE = Protocol.PROBE, Protocol.HEAD, Protocol.FINETUNE


@pytest.mark.parametrize(
    ("protocol", "images", "expected"),
    [
        (HEAD, 5000, (PROBE, HEAD)),
        (HEAD, 999, (HEAD,)),
        (FINETUNE, 1000, (PROBE, HEAD, FINETUNE)),
        (FINETUNE, 50, (HEAD, FINETUNE)),
    ],
)
def test_a_probe_is_for_what_is_much_larger_than_its_sample(
    protocol: Protocol, images: int, expected: tuple[Protocol, ...]
) -> None:
    assert levels_of(protocol, images) == expected


def test_levels_agree_less_the_farther_they_are() -> None:
    assert agreement(HEAD, HEAD) == 1.0
    assert agreement(PROBE, FINETUNE) == pytest.approx(agreement(PROBE, HEAD) * agreement(HEAD, FINETUNE))


def test_what_a_level_leaves_open() -> None:
    belief = Belief(torch.tensor([0.5, 0.5]), torch.tensor([[0.05, 0.03], [0.03, 0.05]]), torch.zeros(2))
    assert more_noise(belief, HEAD, HEAD, 100).tolist() == [0.0, 0.0]
    assert more_noise(belief, HEAD, FINETUNE, 100).tolist() == pytest.approx([0.01 * (0.75**-2 - 1)] * 2)
    assert more_noise(belief, PROBE, HEAD, 100).tolist() == pytest.approx([0.01 * (0.81**-2 - 1) + 0.0025] * 2)


def test_measurements_of_a_cheaper_level_have_an_offset_in_common() -> None:
    belief = Belief(torch.tensor([0.5, 0.5]), torch.tensor([[0.05, 0.03], [0.03, 0.05]]), torch.full((2,), 1e-4))
    noise = noise_of(belief, torch.tensor([0, 1, 0]), [HEAD, HEAD, FINETUNE], FINETUNE, {HEAD: 100.0, FINETUNE: 100.0})
    own = 0.01 * (0.75**-2 - 1)
    assert noise[0, 0] == pytest.approx(1e-4 + own + 0.01)
    assert noise[0, 1] == pytest.approx(0.01)
    assert noise[2].tolist() == pytest.approx([0.0, 0.0, 1e-4])  # what is asked for has none


def test_what_is_said_of_a_cheaper_level_is_wider_and_of_an_unknown_height() -> None:
    belief = Belief(torch.tensor([0.5, 0.6]), torch.tensor([[0.05, 0.03], [0.03, 0.05]]), torch.zeros(2))
    assert translated(belief, HEAD, HEAD) is belief
    wider = translated(belief, PROBE, HEAD)
    assert wider.mean.tolist() == belief.mean.tolist()
    assert wider.covariance[0, 1] == pytest.approx(0.04)
    assert wider.covariance[0, 0] == pytest.approx(0.06 + 0.01 * (0.81**-2 - 1))
