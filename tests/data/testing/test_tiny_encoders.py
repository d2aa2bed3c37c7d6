"""Tiny encoders: every kind is one that transformers loads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoograph.data.testing.tiny_encoders import KINDS, describe_sentences, make_tiny_encoder, write_opinions
from zoograph.data.text.encoders.transformer import load_config, load_tokenizer


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_can_be_read_again(tmp_path: Path, kind: str) -> None:
    folder = make_tiny_encoder(tmp_path / kind, kind)
    assert load_config(folder, kind).model_type == kind
    assert load_tokenizer(folder, kind)("the cat zzz")["input_ids"][:3] == [13, 6, 0]


def test_the_recipe_of_sentence_transformers_lies_beside_it(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "bert")
    describe_sentences(folder, pooling_mode_cls_token=True)
    assert json.loads((folder / "1_Pooling" / "config.json").read_text())["pooling_mode_cls_token"] is True


def test_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be one of bert"):
        make_tiny_encoder(tmp_path, "lstm")


def test_opinions_differ(tmp_path: Path) -> None:
    lines = write_opinions(tmp_path / "x.csv", 16).read_text().splitlines()
    assert len(set(lines)) == 17
    assert sum(line.endswith(",good") for line in lines) == 8
