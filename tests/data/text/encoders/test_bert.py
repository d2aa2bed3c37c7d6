"""BERT from a folder: its vectors, what its digest covers, and folders that are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zoograph.data.errors import EncoderError
from zoograph.data.testing.tiny_encoders import make_tiny_encoder
from zoograph.data.text.encoders.bert import load_encoder
from zoograph.data.text.encoders.encoder import Encoder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "dog", "flying", "saucer", "a", "##s"]


MakeBert = Callable[..., Path]


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


def test_long_texts_are_cut_to_what_the_model_reads(make_bert: MakeBert) -> None:
    vectors = load_encoder(make_bert("tiny"), "tiny").embed(["cat " * 100, "cat " * 200])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


def test_the_digest_is_that_of_the_weights(make_bert: MakeBert) -> None:
    from transformers import AutoModel

    folder = make_bert("tiny")
    digest = load_encoder(folder, folder.name).digest
    assert load_encoder(make_bert("same"), "same").digest == digest
    assert load_encoder(make_bert("other", seed=1), "other").digest != digest
    sharded = make_bert("sharded", seed=1)
    (sharded / "model.safetensors").unlink()
    AutoModel.from_pretrained(folder).save_pretrained(sharded, max_shard_size="2KB")
    assert len(list(sharded.glob("*.safetensors"))) > 1
    found = load_encoder(sharded, sharded.name)
    assert found.digest == digest
    np.testing.assert_array_equal(found.embed(["cat"]), load_encoder(folder, folder.name).embed(["cat"]))
    (folder / "vocab.txt").write_text("\n".join([*WORDS[:5], "dog", "cat", *WORDS[7:]]) + "\n")
    assert load_encoder(folder, folder.name).digest != digest


def test_pickled_weights_are_refused(make_bert: MakeBert) -> None:
    folder = make_bert("tiny")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=r"got only 'pytorch_model.bin', which is not opened"):
        load_encoder(folder, folder.name)
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(EncoderError, match=r"needs 'model.safetensors' .* \(got none\)"):
        load_encoder(folder, folder.name)


def test_broken_folders(make_bert: MakeBert) -> None:
    folder = make_bert("tiny")
    weights = folder / "model.safetensors"
    raw = weights.read_bytes()
    weights.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(EncoderError, match="needs readable weights"):
        load_encoder(folder, folder.name)
    weights.write_bytes(raw)
    (folder / "config.json").write_text("{")
    with pytest.raises(EncoderError, match="needs a config and a tokenizer"):
        load_encoder(folder, folder.name)
    weights.unlink()
    (folder / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(EncoderError, match="must list the weight files"):
        load_encoder(folder, folder.name)


def test_missing_weights_are_never_drawn_at_random(make_bert: MakeBert) -> None:
    from safetensors.numpy import load_file, save_file

    folder = make_bert("tiny")
    tensors = load_file(folder / "model.safetensors")
    without_pooler = {key: value for key, value in tensors.items() if not key.startswith("pooler")}
    save_file(without_pooler, folder / "model.safetensors", metadata={"format": "pt"})
    assert load_encoder(folder, folder.name).embed(["cat"]).shape == (1, 8)
    del without_pooler["embeddings.word_embeddings.weight"]
    save_file(without_pooler, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match=r"1 missing, such as 'embeddings.word_embeddings.weight'"):
        load_encoder(folder, folder.name).embed(["cat"])


def test_weights_of_another_size_are_refused(make_bert: MakeBert) -> None:
    folder = make_bert("tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 16}))
    with pytest.raises(EncoderError, match="that fit its config"):
        load_encoder(folder, folder.name).embed(["cat"])


def test_a_tokenizer_without_padding_and_a_tower_for_texts(tmp_path: Path) -> None:
    for kind in ("gpt2", "clip"):
        encoder = load_encoder(make_tiny_encoder(tmp_path / kind, kind), kind)
        one, both = encoder.embed(["a cat"]), encoder.embed(["this film was very good", "a cat"])
        np.testing.assert_allclose(both[1], one[0], atol=1e-6)
        assert encoder.dim == 16


def test_other_kinds_of_models_are_refused(make_bert: MakeBert) -> None:
    folder = make_bert("tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "vit"}))
    with pytest.raises(EncoderError, match="must be a model of texts, such as BERT"):
        load_encoder(folder, folder.name)
