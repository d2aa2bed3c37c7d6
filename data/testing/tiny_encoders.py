"""Tiny encoders of texts with random weights, one of each kind of network, written into folders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoograph.data.text.encoders.transformer import quiet_transformers

WORDS = ("a", "bad", "book", "cat", "dog", "film", "fine", "good", "is", "poor", "the", "this", "very", "was")
KINDS = ("bert", "gpt2", "roberta", "t5", "clip")
_SPECIAL = ("[UNK]", "[PAD]", "[EOS]")
_WIDTH = 16


def make_tiny_encoder(folder: Path, kind: str = "bert", seed: int = 0, words: Sequence[str] = WORDS) -> Path:
    """Write configuration, tokenizer and weights of a network; GPT's tokenizer has no sign for padding.

    Args:
        folder: is made.
        kind: one of :data:`KINDS`.
        seed: of the weights.
        words: that the tokenizer knows, each a token.

    Returns:
        The folder.
    """
    import torch

    with quiet_transformers(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _make_network(kind, len(words) + len(_SPECIAL)).save_pretrained(folder)
        _make_tokenizer(kind, words).save_pretrained(folder)
    return folder


def describe_sentences(folder: Path, **pooling: bool) -> None:
    """Write the files in which sentence-transformers states pooling, length one and 12 tokens at most."""
    kinds = ("Transformer", "Pooling", "Normalize")
    paths = ("", "1_Pooling", "2_Normalize")
    modules = [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for place, (path, kind) in enumerate(zip(paths, kinds, strict=True))
    ]
    (folder / "1_Pooling").mkdir(exist_ok=True)
    for path, content in (
        ("modules.json", modules),
        ("1_Pooling/config.json", {"word_embedding_dimension": _WIDTH, **pooling}),
        ("sentence_bert_config.json", {"max_seq_length": 12}),
    ):
        (folder / path).write_text(json.dumps(content))


def _make_network(kind: str, size: int) -> Any:
    import transformers as hf

    deep: dict[str, Any] = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    usual = {"vocab_size": size, "hidden_size": _WIDTH, "max_position_embeddings": 32, "pad_token_id": 1, **deep}
    if kind == "bert":
        return hf.BertModel(hf.BertConfig(**usual))
    if kind == "roberta":
        return hf.RobertaModel(hf.RobertaConfig(**usual))
    if kind == "gpt2":
        return hf.GPT2Model(
            hf.GPT2Config(vocab_size=size, n_embd=_WIDTH, n_layer=2, n_head=2, n_positions=32, eos_token_id=2)
        )
    if kind == "t5":
        return hf.T5Model(hf.T5Config(vocab_size=size, d_model=_WIDTH, d_kv=8, d_ff=16, num_layers=2, num_heads=2))
    if kind == "clip":
        text = {**usual, "max_position_embeddings": 16, "projection_dim": 8, "eos_token_id": 2}
        vision = {"hidden_size": _WIDTH, "image_size": 8, "patch_size": 4, "projection_dim": 8, **deep}
        return hf.CLIPModel(hf.CLIPConfig(text_config=text, vision_config=vision, projection_dim=8))
    raise ValueError(f"'kind' must be one of {', '.join(KINDS)} (got '{kind}')")


def _make_tokenizer(kind: str, words: Sequence[str]) -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: place for place, word in enumerate((*_SPECIAL, *words))}
    raw = Tokenizer(WordLevel(vocabulary, unk_token=_SPECIAL[0]))
    raw.pre_tokenizer = Whitespace()
    named = {"unk_token": _SPECIAL[0], "eos_token": _SPECIAL[2]}
    if kind != "gpt2":
        named["pad_token"] = _SPECIAL[1]
        raw.post_processor = TemplateProcessing(single="$A [EOS]", special_tokens=[("[EOS]", 2)])
    return PreTrainedTokenizerFast(tokenizer_object=raw, model_max_length=32, **named)


def write_opinions(path: Path, size: int = 12) -> Path:
    """Write a table of opinions in the words of the tokenizer, half of them good; no two are the same."""
    lines = ["text,label"]
    for row in range(size):
        things = ("film", "book", "cat", "dog")[row // 2 % 4] + " is" * (row // 8 + 1)
        lines.append(f"this {things} {'very good' if row % 2 else 'very bad'},{'good' if row % 2 else 'bad'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
