"""Images by row, as they are or changed at random by seed and image alone."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from zoograph.data.images.task import task_from_arrays
from zoograph.data.networks.weights import PretrainedModel
from zoograph.training.measuring.pictures import Augmentation, Pictures, make_augmentation

NOISE = np.random.default_rng(0).integers(0, 256, (6, 40, 48, 3), dtype=np.uint8)


class _Model:
    @staticmethod
    def transform(picture: Image.Image) -> Tensor:
        return torch.from_numpy(np.asarray(picture.resize((16, 16))).copy()).permute(2, 0, 1).float()


def _pictures(kind: Augmentation) -> Pictures:
    task = task_from_arrays(NOISE, [0, 1] * 3, ("a", "b"), "noise")
    return Pictures(task, cast(PretrainedModel, _Model()), kind)


def test_images_are_read_in_the_order_of_the_rows() -> None:
    plain = list(_pictures(Augmentation.STRONG).read([4, 0]))
    assert torch.equal(plain[0], _Model.transform(Image.fromarray(NOISE[4])))
    assert torch.equal(plain[1], _Model.transform(Image.fromarray(NOISE[0])))
    same = list(_pictures(Augmentation.NONE).read_augmented([4, 0], 7))
    assert all(torch.equal(one, other) for one, other in zip(plain, same, strict=True))


@pytest.mark.parametrize("kind", [Augmentation.CROP, Augmentation.FLIP, Augmentation.STRONG])
def test_changes_follow_seed_and_image_whatever_is_read_beside_it(kind: Augmentation) -> None:
    pictures, before = _pictures(kind), torch.random.get_rng_state()
    first = list(pictures.read_augmented([0, 1, 2], 7))
    again = list(pictures.read_augmented([2, 0], 7))
    other = list(pictures.read_augmented([0], 8))
    assert torch.equal(first[2], again[0])
    assert torch.equal(first[0], again[1])
    assert not torch.equal(first[0], other[0])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_crop_keeps_what_it_says() -> None:
    picture = Image.fromarray(NOISE[0])
    areas = [np.prod(make_augmentation(Augmentation.CROP)(picture, seed).size) / (40 * 48) for seed in range(50)]
    assert 0.65 < min(areas) < 0.8 < max(areas) <= 1.0
    mirrored = [make_augmentation(Augmentation.FLIP)(picture, seed) for seed in range(20)]
    plain = [make_augmentation(Augmentation.CROP)(picture, seed) for seed in range(20)]
    flips = [
        np.array_equal(np.asarray(one)[:, ::-1], np.asarray(other)) for one, other in zip(mirrored, plain, strict=True)
    ]
    assert 4 < sum(flips) < 16
