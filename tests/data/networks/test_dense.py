"""Dense features: which place of a map has which pixel's class, and what is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from zoograph.data.images.masks import IGNORED, MaskTask
from zoograph.data.images.sources import open_local
from zoograph.data.images.task import ImageTaskError
from zoograph.data.networks import dense
from zoograph.data.networks.dense import extract_pixels, last_map, whole_picture
from zoograph.data.networks.foreign import NetworkError
from zoograph.data.networks.weights import RANDOM, PretrainedModel, load_pretrained
from zoograph.data.records.cards import ModelCard
from zoograph.data.testing.shapes import write_shapes


class Eye(nn.Module):
    """Sees the mean colour of each of 4 x 4 cells."""

    pretrained_cfg = {"input_size": (3, 32, 32), "mean": (0.0,) * 3, "std": (1.0,) * 3, "interpolation": "nearest"}  # noqa: RUF012
    num_classes = 0

    def forward_intermediates(self, images: Tensor, **_: Any) -> list[Tensor]:
        return [nn.functional.adaptive_avg_pool2d(images, 4)]


@pytest.fixture
def eye() -> PretrainedModel:
    return PretrainedModel(
        ModelCard(id="eye", source="test", timm_name="eye"), Eye(), "0" * 64, lambda _: torch.zeros(1)
    )


@pytest.fixture
def wide(tmp_path: Path) -> MaskTask:
    """Pictures twice as wide as high, of 4 x 4 flat cells, whose red is 10 times their class."""
    draw = np.random.default_rng(0)
    for name in ("images", "masks"):
        (tmp_path / "wide" / name).mkdir(parents=True)
    for place in range(6):
        classes = draw.integers(0, 3, (4, 4))
        classes[0, 0], classes[3, 3] = IGNORED, place % 2
        cells = classes.repeat(8, 0).repeat(16, 1).astype(np.uint8)
        red = np.where(cells == IGNORED, 250, 10 * cells).astype(np.uint8)
        Image.fromarray(np.stack([red, red * 0 + place, red * 0], 2)).save(
            tmp_path / "wide" / "images" / f"{place}.png"
        )
        Image.fromarray(cells).save(tmp_path / "wide" / "masks" / f"{place}.png")
    task = open_local(tmp_path / "wide")
    assert isinstance(task, MaskTask)
    return task


def test_every_place_has_the_class_of_its_pixel(eye: PretrainedModel, wide: MaskTask) -> None:
    seen = extract_pixels(eye, wide, batch_size=4)
    assert len(seen.labels) == 6 * (16 - 1)  # one cell of each is ignored
    assert torch.allclose(seen.features[:, 0] * 255, 10 * seen.labels.float(), atol=1e-3)
    assert seen.rows is not None
    assert torch.allclose(seen.features[:, 1] * 255, seen.rows.float(), atol=1e-3)
    assert (seen.labels < 3).all()


def test_places_are_drawn_in_proportion_to_the_classes(eye: PretrainedModel, wide: MaskTask) -> None:
    whole = extract_pixels(eye, wide).labels.bincount()
    drawn = extract_pixels(eye, wide, num_pixels=30)
    assert len(drawn.labels) == 30
    assert (drawn.labels.bincount() - whole * 30 / whole.sum()).abs().max() < 1
    assert torch.allclose(drawn.features[:, 0] * 255, 10 * drawn.labels.float(), atol=1e-3)
    assert torch.equal(extract_pixels(eye, wide, num_pixels=30).features, drawn.features)


def test_what_was_looked_at_is_kept(eye: PretrainedModel, wide: MaskTask, monkeypatch: pytest.MonkeyPatch) -> None:
    first = extract_pixels(eye, wide)
    monkeypatch.setattr(dense, "_compute", None)
    again = extract_pixels(eye, wide)
    assert (first.key, first.labels.tolist()) == (again.key, again.labels.tolist())
    with pytest.raises(TypeError):
        extract_pixels(eye, wide, num_pixels=50)


@pytest.mark.parametrize(("name", "side"), [("test_resnet", 5), ("test_vit", 10), ("swin_tiny_patch4_window7_224", 7)])
def test_maps_are_those_that_the_network_pools(name: str, side: int) -> None:
    network = load_pretrained(name, RANDOM).network if "swin" not in name else _swin()
    size = network.pretrained_cfg["input_size"]
    picture = torch.rand(1, *size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found, whole = last_map(network, picture), network.forward_features(picture)
    assert found.shape == (1, network.num_features, side, side)
    if name == "test_resnet":
        assert torch.equal(found, whole)
    elif name == "test_vit":
        assert torch.allclose(found.flatten(2).transpose(1, 2), whole[:, 1:], atol=1e-6)
    else:
        assert torch.allclose(found.permute(0, 2, 3, 1), whole, atol=1e-6)


def _swin() -> nn.Module:
    import timm

    torch.manual_seed(0)
    return timm.create_model("swin_tiny_patch4_window7_224", depths=(1, 1, 1, 1)).eval()


def test_the_whole_picture_is_seen() -> None:
    network = load_pretrained("test_resnet", RANDOM).network
    picture = Image.new("RGB", (400, 100))
    picture.paste((255, 0, 0), (0, 0, 40, 100))
    seen = whole_picture(network)(picture)
    assert seen.shape == (3, 160, 160)
    left = seen[0, :, :12].mean() - seen[0, :, 40:].mean()
    assert left == pytest.approx(2, abs=1e-3)  # a tenth of the picture is a tenth of what is seen


def test_a_network_without_a_map_is_refused() -> None:
    with pytest.raises(NetworkError, match=r"must have a map of features \(got none of 'Linear'\)"):
        last_map(nn.Linear(2, 2), torch.zeros(1, 3, 8, 8))


def test_one_class_is_refused_and_unreadable_images_are_counted(eye: PretrainedModel, tmp_path: Path) -> None:
    folder = write_shapes(tmp_path / "shapes", 6).parent
    for place in range(6):
        Image.new("L", (64, 64), 1).save(folder / "masks" / f"{place}.png")
    task = open_local(folder)
    assert isinstance(task, MaskTask)
    with pytest.raises(ImageTaskError, match=r"pixels of at least two classes \(got 1, on a map of 4 x 4\)"):
        extract_pixels(eye, task)
    other = write_shapes(tmp_path / "others", 6).parent
    (other / "images" / "2.png").write_bytes(b"")
    task = open_local(other)
    assert isinstance(task, MaskTask)
    with pytest.raises(ImageTaskError, match=r"(?s)At most 1 %.*\(got 1\).*an empty file"):
        extract_pixels(eye, task)
