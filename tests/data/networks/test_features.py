from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from zoograph.data.images import loading
from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.images.task import ImageTask, ImageTaskError, make_task
from zoograph.data.networks.features import Features, extract, extract_features
from zoograph.data.networks.foreign import NetworkError
from zoograph.data.networks.weights import RANDOM, PretrainedModel, load_pretrained
from zoograph.data.records.cards import ModelCard

IMAGES = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))


class Toy(nn.Module):
    """timm's interface: the body doubles, the head takes means, the classifier has four classes."""

    num_classes = 4

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 4)
        self.calls = 0

    def forward_features(self, images: Tensor) -> Tensor:
        self.calls += 1
        return 2 * images

    def forward_head(self, body: Tensor, pre_logits: bool = False) -> Tensor:
        pooled = body.mean((2, 3))
        return pooled if pre_logits else self.fc(pooled)


def _transform(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1).float()


@pytest.fixture
def toy() -> PretrainedModel:
    torch.manual_seed(0)
    return PretrainedModel(ModelCard(id="toy", source="test", timm_name="toy"), Toy(), "0" * 64, _transform)


def _task(corrupt: tuple[int, ...] = (), size: int = 200, **options: Any) -> ImageTask:
    def read(row: int) -> bytes | Image.Image:
        return b"garbage" if row in corrupt else Image.new("RGB", (2, 2), (row, 0, 0))

    return make_task(
        "pets", "x", ["cat", "dog"], [f"{i}.png" for i in range(size)], [0, 1] * (size // 2), read, **options
    )


# -- extract --------------------------------------------------------------------------------------


def test_features_and_probabilities(toy: PretrainedModel) -> None:
    features, probabilities = extract(toy.network, [IMAGES[:3], IMAGES[3:]])
    assert torch.allclose(features, 2 * IMAGES.mean((2, 3)), atol=1e-6)
    assert probabilities is not None
    with torch.no_grad():
        assert torch.allclose(probabilities, toy.network.fc(features).softmax(1), atol=1e-6)
    assert features.dtype == probabilities.dtype == torch.float32


@pytest.mark.parametrize(
    "name", ["test_resnet", "test_vit", "test_efficientnet", "mobilenetv3_small_050", "levit_128s"]
)
def test_timm_networks_answer_as_in_their_own_forward(name: str) -> None:
    model = load_pretrained(name, RANDOM)
    images = torch.randn(2, 3, model.card.input_size or 0, model.card.input_size or 0)
    features, probabilities = extract(model.network, [images])
    assert features.shape == (2, model.card.num_features)
    assert probabilities is not None
    with torch.no_grad():
        assert torch.allclose(probabilities, model.network(images).softmax(1), atol=1e-6)


def test_a_network_without_a_classifier_gives_no_probabilities(toy: PretrainedModel) -> None:
    toy.network.num_classes = 0
    assert extract(toy.network, [IMAGES])[1] is None


def test_a_network_is_left_in_the_mode_it_was_in(toy: PretrainedModel) -> None:
    seen = []
    toy.network.forward_features = lambda images: seen.append(toy.network.training) or images  # type: ignore[assignment]
    extract(toy.network.train(), [IMAGES])
    assert (seen, toy.network.training) == ([False], True)


def test_nothing_to_extract_from(toy: PretrainedModel) -> None:
    with pytest.raises(ValueError, match="got no images"):
        extract(toy.network, [])
    toy.network.forward_head = lambda body, pre_logits=False: body  # type: ignore[assignment]
    toy.network.num_classes = 0
    with pytest.raises(NetworkError, match=r"got features of shape \(5, 3, 8, 8\)"):
        extract(toy.network, [IMAGES])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_cuda_agrees_with_the_cpu() -> None:
    model = load_pretrained("test_resnet", RANDOM)
    images = torch.randn(4, 3, 160, 160)
    on_cpu, on_cuda = (extract(model.network, [images], device)[0].cpu() for device in ("cpu", "cuda"))
    assert torch.nn.functional.cosine_similarity(on_cpu, on_cuda).min() > 0.999


# -- tasks ----------------------------------------------------------------------------------------


def test_a_task_in_batches(toy: PretrainedModel) -> None:
    steps: list[tuple[int, int]] = []
    seen = extract_features(toy, _task(), batch_size=64, progress=lambda *step: steps.append(step))
    assert torch.equal(seen.features[:, 0], 2 * torch.arange(200.0))
    assert seen.labels.tolist() == [0, 1] * 100
    assert (seen.classes, seen.skipped, seen.is_test) == (("cat", "dog"), {}, None)
    assert steps == [(64, 200), (128, 200), (192, 200), (200, 200)]


def test_corrupt_images_are_named_and_skipped(toy: PretrainedModel, home: Path) -> None:
    own = [row >= 100 for row in range(200)]
    for _ in range(2):  # the second time from the cache
        seen = extract_features(toy, _task((7, 199), is_test=own), batch_size=64)
        assert seen.skipped == dict.fromkeys(("7.png", "199.png"), Unreadable.WEB_PAGE.value)
        assert seen.features[:, 0].tolist() == [2.0 * row for row in range(200) if row not in (7, 199)]
        assert seen.labels.tolist() == [row % 2 for row in range(200) if row not in (7, 199)]
        assert seen.is_test is not None
        assert int(seen.is_test.sum()) == 99


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="workers are forked")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_workers_change_no_bit(toy: PretrainedModel, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for workers in (0, 2):
        monkeypatch.setattr(loading, "default_workers", lambda _, workers=workers: workers)
        found.append(extract_features(toy, _task((7, 199)), batch_size=64))
        (path,) = home.rglob("*.safetensors")
        found.append(path.read_bytes())
        path.unlink()
    alone, written, together, again = found
    assert written == again
    assert _same(alone, together)
    assert list(alone.skipped) == list(together.skipped) == ["7.png", "199.png"]


def test_too_many_corrupt_images(toy: PretrainedModel, home: Path) -> None:
    with pytest.raises(ImageTaskError, match=r"got 4\).*: '1.png', '2.png', '3.png', '199.png'"):
        extract_features(toy, _task((1, 2, 3, 199)))
    assert not list(home.rglob("*.safetensors"))


# -- the cache ------------------------------------------------------------------------------------


def _same(first: Features, second: Features) -> bool:
    assert first.probabilities is not None
    assert second.probabilities is not None
    return torch.equal(first.features, second.features) and torch.equal(first.probabilities, second.probabilities)


def test_a_second_look_does_not_run_the_network(toy: PretrainedModel) -> None:
    first = extract_features(toy, _task())
    calls = toy.network.calls
    second = extract_features(toy, _task())
    assert toy.network.calls == calls
    assert _same(first, second)
    assert first.key == second.key


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: raw[:-1] + b"\1", lambda raw: b""])
def test_a_damaged_cache_is_computed_again(
    toy: PretrainedModel, home: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[bytes], bytes]
) -> None:
    first = extract_features(toy, _task())
    (path,) = home.rglob("*.safetensors")
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    calls = toy.network.calls
    with caplog.at_level(logging.WARNING):
        assert _same(first, extract_features(toy, _task()))
    assert toy.network.calls > calls
    assert "damaged and computed again" in caplog.text
    assert path.read_bytes() == whole


def test_other_weights_images_or_transforms_are_not_answered_from_the_cache(toy: PretrainedModel) -> None:
    class Half:
        def __call__(self, picture: Image.Image) -> Tensor:
            return _transform(picture) / 2

        def __repr__(self) -> str:
            return "Half()"

    others = [
        PretrainedModel(toy.card, toy.network, "1" * 64, toy.transform),
        PretrainedModel(toy.card, toy.network, toy.digest, Half()),
    ]
    seen = [extract_features(toy, _task()), extract_features(toy, _task(size=100))]
    seen += [extract_features(model, _task()) for model in others]
    assert len({features.key for features in seen}) == 4
    assert torch.equal(seen[3].features, seen[0].features / 2)


# -- splits ---------------------------------------------------------------------------------------


def test_a_split_of_its_own_is_kept_and_else_one_is_drawn(toy: PretrainedModel) -> None:
    own = [row < 50 for row in range(200)]
    assert extract_features(toy, _task(is_test=own)).test_rows(0.3).tolist() == own
    seen = extract_features(toy, _task())
    assert [int(seen.test_rows(0.3)[seen.labels == label].sum()) for label in (0, 1)] == [30, 30]
    assert not torch.equal(seen.test_rows(0.3, seed=0), seen.test_rows(0.3, seed=1))
