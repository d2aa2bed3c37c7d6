"""T by hand, against a naive loop, and what must not change it."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from zoograph.graphs.scores.analysis.parameter_distance import Norm, parameter_distance

State = dict[str, Tensor]
BLOCKS = {"stem": ["a"], "body": ["b", "c"]}


def _draw(seed: int) -> State:
    random = torch.Generator().manual_seed(seed)
    shapes = {"a": (3, 2), "b": (4, 2, 3, 3), "c": (5, 1, 2), "head": (7, 5)}
    return {name: torch.randn(*shape, generator=random) for name, shape in shapes.items()}


def test_by_hand() -> None:
    random = {"a": torch.tensor([[0.0, 0.0]]), "b": torch.tensor([[1.0, 5.0]]), "c": torch.tensor([[0.0, 4.0]])}
    pretrained = {"a": torch.tensor([[1.0, 2.0]]), "b": torch.tensor([[3.0, 3.0]]), "c": torch.tensor([[2.0, 2.0]])}
    finetuned = {"a": torch.tensor([[1.0, 3.0]]), "b": torch.tensor([[4.0, 2.0]]), "c": torch.tensor([[2.0, 3.0]])}
    found = parameter_distance(random, pretrained, finetuned, BLOCKS)
    # stem: (1 + 3) / 2 over (0 + 1) / 2; body: the mean of 3 and 1.5 over the mean of 1 and 0.5.
    assert [tuple(block) for block in found.blocks] == [("stem", 2.0, 0.5), ("body", 2.25, 0.75)]
    assert [block.ratio for block in found.blocks] == [4.0, 3.0]
    assert found.transferability == 3.5
    assert found.log_transferability == pytest.approx(math.log(3.5))
    assert (found.head, found.unmoved) == (None, ())
    l2 = parameter_distance(random, pretrained, finetuned, BLOCKS, norm=Norm.L2)
    assert l2.blocks[0].from_random == pytest.approx(math.sqrt((1 + 9) / 2))
    assert l2.blocks[1].from_pretrained == pytest.approx((1 + math.sqrt(1 / 2)) / 2)


def _naive(random: State, pretrained: State, finetuned: State, norm: Norm) -> float:
    ratios = []
    for names in BLOCKS.values():
        sums = [0.0, 0.0]
        for name in names:
            for side, state in enumerate((random, pretrained)):
                pairs = list(zip(state[name].flatten().tolist(), finetuned[name].flatten().tolist(), strict=True))
                if norm is Norm.L1:
                    sums[side] += sum(abs(x - y) for x, y in pairs) / len(pairs)
                else:
                    sums[side] += math.sqrt(sum((x - y) ** 2 for x, y in pairs) / len(pairs))
        ratios.append(sums[0] / sums[1])
    return sum(ratios) / len(ratios)


@pytest.mark.parametrize("norm", list(Norm))
@pytest.mark.parametrize("seed", [0, 3])
def test_against_a_naive_loop(norm: Norm, seed: int) -> None:
    states = [_draw(seed + place) for place in range(3)]
    found = parameter_distance(*states, BLOCKS, norm=norm)
    assert found.transferability == pytest.approx(_naive(*states, norm), rel=1e-12)


@settings(max_examples=20)
@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-5, 5), norm=st.sampled_from(list(Norm)))
def test_scale_and_origin_do_not_count(scale: float, shift: float, norm: Norm) -> None:
    states = [{name: weight.double() for name, weight in _draw(seed).items()} for seed in range(3)]
    moved = [{name: weight * scale + shift for name, weight in state.items()} for state in states]
    one, other = (parameter_distance(*three, BLOCKS, norm=norm) for three in (states, moved))
    assert other.transferability == pytest.approx(one.transferability, rel=1e-6)


def test_pre_training_that_began_and_ended_at_random_is_one() -> None:
    random, finetuned = _draw(0), _draw(1)
    assert parameter_distance(random, random, finetuned, BLOCKS, ["head"]).transferability == 1.0


def test_a_block_that_did_not_move_is_infinite_and_named() -> None:
    random, pretrained, finetuned = _draw(0), _draw(1), _draw(2)
    finetuned["a"] = pretrained["a"]
    found = parameter_distance(random, pretrained, finetuned, BLOCKS)
    assert math.isinf(found.blocks[0].ratio)
    assert math.isfinite(found.blocks[1].ratio)
    assert math.isinf(found.transferability)
    assert found.log_transferability is None
    assert found.unmoved == ("stem",)
    nothing = parameter_distance(random, random, random, BLOCKS)  # 0 / 0: nothing moved either
    assert math.isinf(nothing.transferability)


def test_random_weights_that_fine_tuning_went_to_have_no_logarithm() -> None:
    pretrained, finetuned = _draw(1), _draw(2)
    found = parameter_distance(finetuned, pretrained, finetuned, BLOCKS)
    assert (found.transferability, found.log_transferability) == (0.0, None)


def test_the_order_of_weights_in_a_block_does_not_count() -> None:
    states = [_draw(seed) for seed in range(3)]
    turned = {"stem": ["a"], "body": ["c", "b"]}
    assert parameter_distance(*states, turned).blocks == parameter_distance(*states, BLOCKS).blocks


def test_the_head_is_apart_and_left_out_if_it_has_several_sizes() -> None:
    states = [_draw(seed) for seed in range(3)]
    found = parameter_distance(*states, BLOCKS, ["head"])
    assert found.head is not None
    assert found.head.name == "head"
    assert found.transferability == parameter_distance(*states, BLOCKS).transferability
    states[2]["head"] = torch.zeros(3, 5)
    assert parameter_distance(*states, BLOCKS, ["head"]).head is None
    del states[2]["head"]
    assert parameter_distance(*states, BLOCKS, ["head"]).head is None


@pytest.mark.parametrize(
    ("change", "blocks", "message"),
    [
        ({"a": torch.zeros(2, 2)}, BLOCKS, r"'a' in one shape in all three \(got \[\(3, 2\), \(3, 2\), \(2, 2\)\]\)"),
        ({"b": torch.full((4, 2, 3, 3), math.nan)}, BLOCKS, "finite weights .*'body'"),
        ({}, {}, "needs blocks with weights"),
        ({}, {"stem": []}, "needs blocks with weights"),
        ({}, {"stem": ["z"]}, r"'z' in one shape .*None, None, None"),
    ],
)
def test_what_cannot_be_compared(change: State, blocks: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parameter_distance(_draw(0), _draw(1), {**_draw(2), **change}, blocks)
