"""Transformers of texts: what is read of a folder, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from zoograph.data.errors import EncoderError
from zoograph.data.testing.tiny_encoders import KINDS, make_tiny_encoder
from zoograph.data.text.encoders.transformer import (
    digest_tokenizer,
    digest_weights,
    load_config,
    load_network,
    load_tokenizer,
    make_network,
    most_tokens,
    text_config,
    weight_files,
)


@pytest.mark.parametrize("kind", KINDS)
def test_the_part_that_reads_texts_is_loaded(tmp_path: Path, kind: str) -> None:
    folder = make_tiny_encoder(tmp_path, kind)
    config = load_config(folder, kind)
    network = load_network(folder, kind, config)
    with torch.device("meta"):
        empty = make_network(config)
    assert {name: value.shape for name, value in network.named_parameters()} == {
        name: value.shape for name, value in empty.named_parameters()
    }
    assert not any("vision" in name or "decoder" in name for name, _ in network.named_parameters())
    assert text_config(config).vocab_size == 17


def test_a_tokenizer_without_padding_is_given_one(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(make_tiny_encoder(tmp_path, "gpt2"), "gpt2")
    assert tokenizer.pad_token == "[EOS]"
    assert tokenizer(["a cat", "a"], padding=True)["attention_mask"] == [[1, 1], [1, 0]]


@pytest.mark.parametrize(("kind", "most"), [("bert", 32), ("roberta", 30), ("clip", 16), ("t5", 32)])
def test_positions_limit_the_tokens(tmp_path: Path, kind: str, most: int) -> None:
    folder = make_tiny_encoder(tmp_path, kind)
    assert most_tokens(load_config(folder, kind), load_tokenizer(folder, kind)) == most


def test_digests_are_of_content(tmp_path: Path) -> None:
    one, same, other = (make_tiny_encoder(tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    digests = [digest_weights(weight_files(folder, "x"), "x") for folder in (one, same, other)]
    assert digests[0] == digests[1] != digests[2]
    words = make_tiny_encoder(tmp_path / "d", words=("one", "two"))
    assert digest_tokenizer(load_tokenizer(one, "x")) != digest_tokenizer(load_tokenizer(words, "x"))


def test_a_model_of_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit"}))
    with pytest.raises(EncoderError, match=r"must be a model of texts, such as BERT \(got model type 'vit'\)"):
        load_config(tmp_path, "vit")


def test_code_that_comes_along_is_not_run(tmp_path: Path) -> None:
    about = {"model_type": "mine", "auto_map": {"AutoConfig": "code.Mine", "AutoModel": "code.Mine"}}
    (tmp_path / "config.json").write_text(json.dumps(about))
    (tmp_path / "code.py").write_text("raise SystemExit('this was run')")
    with pytest.raises(EncoderError, match="needs a config and a tokenizer that transformers can read"):
        load_config(tmp_path, "mine")


def test_weights_that_would_have_to_be_unpickled_are_not_opened(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=r"got only 'pytorch_model.bin', which is not opened"):
        weight_files(folder, "x")
    with pytest.raises(EncoderError, match="that fit its config"):
        load_network(folder, "x", load_config(folder, "x"))
