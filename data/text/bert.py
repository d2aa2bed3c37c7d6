"""Mean-pooled embeddings from a local folder; torch and transformers are imported on first use only."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoograph.data.text.encoder import Encoder
from zoograph.data.text.transformer import (
    digest_tokenizer,
    digest_weights,
    load_config,
    load_network,
    load_tokenizer,
    most_tokens,
    text_config,
    weight_files,
)

RECIPE = "mean of the last hidden states under the attention mask, 256 tokens, L2-normalised"
MAX_TOKENS = 256
BATCH = 64


def load_encoder(folder: Path, name: str) -> Encoder:
    """Return the encoder in ``folder``; its weights are hashed now and loaded with the first text.

    Raises:
        EncoderError: if the folder lacks a config, a tokenizer or safetensors weights, or if one is broken.
    """
    weights = weight_files(folder, name)
    config = load_config(folder, name)
    tokenizer = load_tokenizer(folder, name)
    digest = hashlib.sha256(f"{RECIPE}\0{config.model_type}\0".encode())
    digest.update(digest_weights(weights, name))
    digest.update(digest_tokenizer(tokenizer))
    return Encoder(name, digest.hexdigest(), text_config(config).hidden_size, _Bert(folder, name, tokenizer, config))


class _Bert:
    """The embed callable: loads the model on the first call and keeps it."""

    def __init__(self, folder: Path, name: str, tokenizer: Any, config: Any) -> None:
        self._folder, self._name, self._tokenizer, self._config = folder, name, tokenizer, config
        self._model: Any = None

    def __call__(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of ``texts``, shape ``(n, d)``."""
        import torch

        vectors = np.zeros((len(texts), text_config(self._config).hidden_size), np.float32)
        if not texts:
            return vectors
        self._model = self._model or load_network(self._folder, self._name, self._config)
        most = min(MAX_TOKENS, most_tokens(self._config, self._tokenizer) or MAX_TOKENS)
        by_length = sorted(range(len(texts)), key=lambda row: (len(texts[row]), row))
        with torch.inference_mode():
            for start in range(0, len(texts), BATCH):
                rows = by_length[start : start + BATCH]
                batch = self._tokenizer(
                    [texts[row] for row in rows],
                    padding=True,
                    truncation=True,
                    max_length=most,
                    return_tensors="pt",
                )
                hidden = self._model(
                    input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
                ).last_hidden_state
                mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
                mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)
                vectors[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return vectors
