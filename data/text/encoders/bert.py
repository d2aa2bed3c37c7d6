"""Mean-pooled embeddings from a local folder; torch is imported with the first text, transformers where it must be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zoograph.data.text.encoders.encoder import Encoder
from zoograph.data.text.encoders.plain_bert import find_plain_bert
from zoograph.data.text.encoders.transformer import (
    digest_tokenizer,
    digest_weights,
    load_config,
    load_network,
    load_tokenizer,
    most_tokens,
    text_config,
    weight_files,
)

if TYPE_CHECKING:
    from torch import Tensor

RECIPE = "mean of the last hidden states under the attention mask, 256 tokens, L2-normalised"
MAX_TOKENS = 256
BATCH = 64


def load_encoder(folder: Path, name: str) -> Encoder:
    """Return the encoder in ``folder``; its weights are hashed now and loaded with the first text.

    Raises:
        EncoderError: if the folder lacks a config, a tokenizer or safetensors weights, or if one is broken.
    """
    weights, plain = weight_files(folder, name), find_plain_bert(folder, MAX_TOKENS)
    if plain is not None:
        return _encoder(name, "bert", weights, plain.digest, plain.width, plain)
    config, tokenizer = load_config(folder, name), load_tokenizer(folder, name)
    width, words = text_config(config).hidden_size, digest_tokenizer(tokenizer)
    return _encoder(name, config.model_type, weights, words, width, _Transformer(folder, name, tokenizer, config))


def _encoder(
    name: str,
    kind: str,
    weights: list[Path],
    words: bytes,
    width: int,
    read: Callable[[list[str]], tuple[Tensor, Tensor]],
) -> Encoder:
    digest = hashlib.sha256(f"{RECIPE}\0{kind}\0".encode())
    digest.update(digest_weights(weights, name))
    digest.update(words)

    def embed(texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of ``texts``, shape ``(n, d)``."""
        import torch

        vectors = np.zeros((len(texts), width), np.float32)
        by_length = sorted(range(len(texts)), key=lambda row: (len(texts[row]), row))
        with torch.inference_mode():
            for start in range(0, len(texts), BATCH):
                rows = by_length[start : start + BATCH]
                hidden, seen = read([texts[row] for row in rows])
                mask = seen.unsqueeze(-1).to(hidden.dtype)
                mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)
                vectors[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return vectors

    return Encoder(name, digest.hexdigest(), width, embed)


class _Transformer:
    """Hidden states of texts from any network that transformers knows; it is loaded with the first of them."""

    def __init__(self, folder: Path, name: str, tokenizer: Any, config: Any) -> None:
        self._folder, self._name, self._tokenizer, self._config = folder, name, tokenizer, config
        self._model: Any = None

    def __call__(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Return the last hidden states (n, L, D) of texts, and (n, L) 1 for tokens of the text and 0 behind it."""
        self._model = self._model or load_network(self._folder, self._name, self._config)
        most = min(MAX_TOKENS, most_tokens(self._config, self._tokenizer) or MAX_TOKENS)
        batch = self._tokenizer(texts, padding=True, truncation=True, max_length=most, return_tensors="pt")
        tokens, mask = batch["input_ids"], batch["attention_mask"]
        return self._model(input_ids=tokens, attention_mask=mask).last_hidden_state, mask
