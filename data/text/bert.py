"""Mean-pooled BERT embeddings from a local folder; torch and transformers are imported on first use only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoograph.data.errors import EncoderError
from zoograph.data.files.optional_imports import import_torchvision
from zoograph.data.files.safetensors_header import check_safetensors_file
from zoograph.data.text.encoder import Encoder

RECIPE = "mean of the last hidden states under the attention mask, 256 tokens, L2-normalised"
MAX_TOKENS = 256
BATCH = 64
_PROBE = "The Größte flying_saucer, vit-base-patch16-224: 3.14 naïve cafés & T-shirts (テスト)!"


def load_encoder(folder: Path, name: str) -> Encoder:
    """Return the encoder in ``folder``; its weights are hashed now and loaded with the first text.

    Raises:
        EncoderError: if the folder lacks a config, a tokenizer or safetensors weights, or if one is broken.
    """
    from transformers import AutoConfig, AutoTokenizer

    weights = _weight_files(folder, name)
    with _quiet():
        try:
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError) as error:
            raise EncoderError(
                f"Encoder '{name}' needs a config and a tokenizer that transformers can read in '{folder}' "
                f"(got: {error}). Download it again."
            ) from error
    dim = getattr(config, "hidden_size", None)
    if config.is_encoder_decoder or not isinstance(dim, int):
        raise EncoderError(
            f"Encoder '{name}' must be an encoder such as BERT (got model type '{config.model_type}'). Choose another."
        )
    digest = hashlib.sha256(f"{RECIPE}\0{config.model_type}\0".encode())
    digest.update(_digest_weights(weights, name))
    digest.update(_digest_tokenizer(tokenizer))
    return Encoder(name, digest.hexdigest(), dim, _Bert(folder, name, tokenizer, config))


class _Bert:
    """The embed callable: loads the model on the first call and keeps it."""

    def __init__(self, folder: Path, name: str, tokenizer: Any, config: Any) -> None:
        self._folder, self._name, self._tokenizer, self._config = folder, name, tokenizer, config
        self._model: Any = None

    def __call__(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of ``texts``, shape ``(n, d)``."""
        import torch

        vectors = np.zeros((len(texts), self._config.hidden_size), np.float32)
        if not texts:
            return vectors
        self._model = self._model or _load_model(self._folder, self._name)
        limits = (MAX_TOKENS, self._tokenizer.model_max_length, self._config.max_position_embeddings)
        by_length = sorted(range(len(texts)), key=lambda row: (len(texts[row]), row))
        with torch.inference_mode():
            for start in range(0, len(texts), BATCH):
                rows = by_length[start : start + BATCH]
                batch = self._tokenizer(
                    [texts[row] for row in rows],
                    padding=True,
                    truncation=True,
                    max_length=min(limits),
                    return_tensors="pt",
                )
                hidden = self._model(**batch).last_hidden_state
                mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
                mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)
                vectors[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return vectors


def _load_model(folder: Path, name: str) -> Any:
    """Return the model in evaluation mode; every weight that the hidden states need comes from the file."""
    import torch

    import_torchvision()
    from transformers import AutoModel

    try:
        # A pooler that the file lacks is drawn at random: it is not used, and the caller's generator is kept.
        with _quiet(), torch.random.fork_rng(devices=[]):
            model, info = AutoModel.from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
            )
    except (OSError, ValueError, RuntimeError) as error:
        raise EncoderError(
            f"Encoder '{name}' needs weights in '{folder}' that fit its config (got: {error}). Download it again."
        ) from error
    missing = sorted(key for key in info["missing_keys"] if not key.startswith("pooler."))
    if missing:
        raise EncoderError(
            f"Encoder '{name}' needs all its weights in '{folder}' (got {len(missing)} missing, such as "
            f"'{missing[0]}'). Download it again."
        )
    return model.float().eval()


def _weight_files(folder: Path, name: str) -> list[Path]:
    """Return the safetensors files of ``folder``; pickled weights are never opened."""
    index = folder / "model.safetensors.index.json"
    single = folder / "model.safetensors"
    try:
        if single.exists():
            return [single]
        if index.exists():
            shards = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
            return [folder / Path(shard).name for shard in shards]
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise EncoderError(f"'{index}' must list the weight files (got: {error}). Download it again.") from error
    others = [path.name for pattern in ("*.bin", "*.pt", "*.onnx", "*.h5") for path in folder.glob(pattern)]
    got = f"only '{others[0]}', which is not opened" if others else "none"
    raise EncoderError(
        f"Encoder '{name}' needs 'model.safetensors' in '{folder}' (got {got}). "
        "Save it with save_pretrained(folder), or choose another encoder."
    )


def _digest_weights(files: list[Path], name: str) -> bytes:
    """Hash the floating tensors by name, dtype, shape and bytes; integer buffers only count positions."""
    import torch
    from safetensors import SafetensorError, safe_open

    digest = hashlib.sha256()
    try:
        for file in files:
            check_safetensors_file(file)
        handles: list[Any] = [safe_open(file, framework="pt") for file in files]
        where = {key: handle for handle in handles for key in handle.keys()}  # noqa: SIM118
        for key in sorted(where):
            tensor = where[key].get_tensor(key)
            if tensor.is_floating_point():
                digest.update(f"{key}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
                digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    except (OSError, ValueError, SafetensorError) as error:
        raise EncoderError(
            f"Encoder '{name}' needs readable weights in '{files[0].parent}' (got: {error}). Download it again."
        ) from error
    return digest.digest()


def _digest_tokenizer(tokenizer: Any) -> bytes:
    """Hash the vocabulary and how a fixed sentence is split, which do not depend on how they were stored."""
    vocabulary = sorted(tokenizer.get_vocab().items())
    split = tokenizer(_PROBE)["input_ids"]
    return hashlib.sha256(json.dumps([vocabulary, split], ensure_ascii=True).encode()).digest()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from printing reports and progress bars while it loads, and restore its settings."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
