"""Encoders that the library sentence-transformers loads, because their layout states more than our own reader applies.

A text is handed to the network as its bytes in UTF-8, and becomes what the first module wants inside of it: tokens,
words or offsets. So these networks have the interface of the others.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zoograph.data.errors import EncoderError
from zoograph.data.files.optional_imports import import_torchvision
from zoograph.data.text.encoders.model_folder import visible_files
from zoograph.data.text.encoders.sentence_network import NOTHING, TextNetwork
from zoograph.data.text.encoders.transformer import quiet_transformers

_PICKLED = (".bin", ".pt", ".pth", ".ckpt")
_SETTINGS = (".json", ".txt", ".model")
_PICKLE_FREE = {"use_safetensors": True, "dtype": "float32"}
_OLDEST = 6
_ANY_WIDTH = 1 << 30
# What a library, or the files of a model, may fail with.
_FAILURES = (OSError, ValueError, KeyError, ImportError, RuntimeError, AttributeError, TypeError, IndexError)


class LibraryNetwork(TextNetwork):
    """A model of sentence-transformers.

    Args:
        body: the model.
        prefix: that is put before every text; empty if there is none.
        num_features: width of its vectors.
    """

    def __init__(self, body: Any, prefix: str, num_features: int) -> None:
        super().__init__(num_features)
        self.body, self._prefix = body, prefix

    def forward_features(self, tokens: Tensor) -> Tensor:
        """Return the (B, D) float32 vectors of texts, given as (B, L) bytes."""
        rows = (row[row != NOTHING].to(torch.uint8).cpu().numpy() for row in tokens)
        texts = [row.tobytes().decode("utf-8") for row in rows]
        given = self.body.preprocess(texts, prompt=self._prefix or None)
        on_device = {
            key: value.to(tokens.device) if isinstance(value, Tensor) else value for key, value in given.items()
        }
        vectors: Tensor = self.body(on_device)["sentence_embedding"].float()
        return vectors[:, : self.num_features]


class Bytes:
    """The transform of such a network: a text becomes its bytes.

    Args:
        body: model of sentence-transformers.
        prefix: that it puts before every text.
        digest: of the settings and the weights.
    """

    def __init__(self, body: Any, prefix: str, digest: str) -> None:
        most = body.max_seq_length
        self.most = most if isinstance(most, int) else None
        self._body, self._prefix, self._about = body, prefix, f"bytes {prefix!r} {digest[:16]}"

    def __call__(self, text: str) -> Tensor:
        """Return the (L,) int64 bytes of a text; an empty one is a space."""
        return torch.tensor(list((text or " ").encode("utf-8", "replace")))

    def cuts(self, text: str, tokens: Tensor) -> bool:
        """Return whether a text is longer than what is read of it, in the tokens of the model."""
        tokenizer = getattr(self._body, "tokenizer", None)
        if self.most is None or not callable(tokenizer) or len(tokens) < self.most:
            return False
        return len(tokenizer(self._prefix + text, truncation=False, verbose=False)["input_ids"]) > self.most

    def __repr__(self) -> str:
        return self._about


def load_with_library(folder: Path, name: str, prefix: str, why: str) -> tuple[LibraryNetwork, Bytes, str]:
    """Return the network of a folder, its transform, and the digest of its settings and weights.

    No code that comes with the model is run, and nothing is unpickled.

    Args:
        folder: with ``modules.json``.
        name: of the model.
        prefix: to put before every text.
        why: the library is needed, in words.

    Raises:
        EncoderError: if the library is not installed, weights are pickled, or the library cannot load the model.
    """
    kind = _import_library(name, why)
    _require_safetensors(folder, name)
    options = {"local_files_only": True, "trust_remote_code": False, "model_kwargs": dict(_PICKLE_FREE)}
    try:
        with _quietly(), torch.random.fork_rng(devices=[]):
            body = kind(str(folder), device="cpu", **options).float()
            network = LibraryNetwork(body, prefix, body.truncate_dim or _ANY_WIDTH).eval()
            with torch.inference_mode():
                network.num_features = network.forward_features(torch.tensor([[ord("a")]])).shape[1]
    except _FAILURES as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        raise EncoderError(
            f"Encoder '{name}' must be a model that sentence-transformers makes one vector of a text with "
            f"(got: {reason}). Choose another."
        ) from error
    digest = digest_folder(folder)
    return network, Bytes(body, prefix, digest), digest


def _import_library(name: str, why: str) -> Any:
    """Return the class of models of sentence-transformers; versions before 6 run code of local folders unasked.

    Raises:
        EncoderError: if there is none.
    """
    import_torchvision()
    try:
        got = version("sentence-transformers")
        if int(got.partition(".")[0]) < _OLDEST:
            raise ImportError(f"version {got}")
        with _quietly():
            from sentence_transformers import SentenceTransformer
    except ImportError as error:
        got = "none" if isinstance(error, PackageNotFoundError) else str(error)
        raise EncoderError(
            f"Encoder '{name}' needs the package sentence-transformers, version {_OLDEST} or newer, for {why} "
            f'(got {got}): pip install "zoograph[sentence-transformers]".'
        ) from error
    return SentenceTransformer


def _require_safetensors(folder: Path, name: str) -> None:
    """Raise if some weights of a model are pickled alone."""
    for path in visible_files(folder):
        if path.suffix in _PICKLED and not any(path.parent.glob("*.safetensors")):
            raise EncoderError(
                f"Encoder '{name}' needs its weights as safetensors (got '{path.relative_to(folder)}', which is not "
                "opened). Save it with save_pretrained(folder), or choose another encoder."
            )


def digest_folder(folder: Path) -> str:
    """Hash the settings, the vocabularies and the weights, by their places in the folder."""
    digest = hashlib.sha256()
    for path in visible_files(folder):
        if path.suffix in (*_SETTINGS, ".safetensors"):
            digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep sentence-transformers from logging and warning of its own versions while it loads, and restore its level."""
    log = logging.getLogger("sentence_transformers")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with quiet_transformers(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
