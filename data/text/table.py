"""The table of text embeddings: an immutable map from a text to its vector."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoograph.data.errors import EncoderError
from zoograph.data.files.atomic import replace_file
from zoograph.data.files.safetensors_header import check_safetensors
from zoograph.data.text.encoders.encoder import Encoder

FORMAT = "zoograph-text-1"
_MAX_BYTES = 1 << 30


@dataclass(frozen=True, eq=False)
class TextTable:
    """Texts and their embeddings, all made by one encoder.

    Vectors are rounded to float16 when they enter the table, so that a table that was saved and read again
    answers with the same bits as before.

    Attributes:
        encoder: id of the encoder, for people to read.
        digest: what the encoder is recognised by; see :class:`zoograph.data.text.encoders.encoder.Encoder`.
        texts: the distinct texts, in the order of the rows.
        vectors: shape ``(n, d)``, float32, L2-normalised up to float16 rounding, read-only.
        absent: texts that nobody could embed; they are looked up as NaN.
    """

    encoder: str
    digest: str
    texts: tuple[str, ...]
    vectors: NDArray[np.float32] = field(repr=False)
    absent: frozenset[str] = frozenset()
    _rows: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = {text: row for row, text in enumerate(self.texts)}
        vectors = np.asarray(self.vectors).astype(np.float16).astype(np.float32)
        if vectors.ndim != 2 or len(vectors) != len(self.texts):
            raise EncoderError(
                f"'vectors' must have one row for each of {len(self.texts)} texts (got {vectors.shape})."
            )
        if len(rows) != len(self.texts):
            raise EncoderError("'texts' must be distinct (got a text twice).")
        if not np.isfinite(vectors).all():
            raise EncoderError(f"Encoder '{self.encoder}' must give finite vectors (got NaN or infinity).")
        vectors.flags.writeable = False
        object.__setattr__(self, "vectors", vectors)
        object.__setattr__(self, "_rows", rows)

    @classmethod
    def empty(cls, encoder: Encoder) -> TextTable:
        """Return the table of ``encoder`` that holds nothing yet."""
        return cls(encoder.id, encoder.digest, (), np.zeros((0, encoder.dim), np.float32))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.vectors.shape[1])

    def __len__(self) -> int:
        return len(self.texts)

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Return the distinct ``texts`` that the table does not hold, in their order."""
        return [text for text in dict.fromkeys(texts) if text not in self._rows]

    def lookup(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of ``texts``, shape ``(len(texts), d)``, float32, NaN for one that is ``absent``.

        Raises:
            EncoderError: if a text is not in the table.
        """
        if missing := [text for text in self.missing(texts) if text not in self.absent]:
            some = ", ".join(f"'{text}'" for text in missing[:5])
            raise EncoderError(
                f"The text table must hold all texts looked up (got {len(missing)} missing: {some}); "
                f"extend it with its encoder '{self.encoder}' first."
            )
        found = np.full((len(texts), self.dim), np.nan, np.float32)
        known = [i for i, text in enumerate(texts) if text in self._rows]
        found[known] = self.vectors[[self._rows[texts[i]] for i in known]]
        return found

    def taken(self, texts: Sequence[str]) -> TextTable:
        """Return the table of ``texts`` alone."""
        return TextTable(self.encoder, self.digest, tuple(texts), self.lookup(texts))

    def extended(self, encoder: Encoder, texts: Sequence[str]) -> TextTable:
        """Return a table that holds ``texts`` as well; only the missing ones are embedded.

        Raises:
            EncoderError: if ``encoder`` is not the one that made the table, or if it gives vectors of another
                shape than it says.
        """
        self._require_same(encoder.id, encoder.digest)
        missing = self.missing(texts)
        if not missing:
            return self
        vectors = encoder.embed(missing)
        if vectors.shape != (len(missing), self.dim):
            raise EncoderError(
                f"Encoder '{encoder.id}' must give vectors of shape {(len(missing), self.dim)} (got {vectors.shape})."
            )
        return TextTable(self.encoder, self.digest, (*self.texts, *missing), np.concatenate([self.vectors, vectors]))

    def joined(self, other: TextTable) -> TextTable:
        """Return a table that holds what is in either; where both hold a text, this one's vector stays.

        Raises:
            EncoderError: if another encoder made ``other``.
        """
        self._require_same(other.encoder, other.digest)
        new = self.missing(other.texts)
        if not new:
            return self
        if other.dim != self.dim:
            raise EncoderError(f"'other' must hold vectors of length {self.dim} (got {other.dim}).")
        vectors = np.concatenate([self.vectors, other.lookup(new)])
        return TextTable(self.encoder, self.digest, (*self.texts, *new), vectors)

    def save(self, path: Path) -> None:
        """Write the table in one step: ``path`` holds the old or the new table, never half of one.

        The format is safetensors: ``vectors`` in float16, and one metadata entry ``zoograph`` with a JSON
        object of the format, the encoder, its digest, the texts and a hash of all of that.

        Raises:
            EncoderError: if the file cannot be written.
        """
        from safetensors.numpy import save

        half = self.vectors.astype(np.float16)
        about = {"format": FORMAT, "encoder": self.encoder, "digest": self.digest, "texts": list(self.texts)}
        about["content"] = _content_hash(about, half)
        # One entry, because safetensors writes several entries in an order that changes from run to run.
        raw = save({"vectors": half}, metadata={"zoograph": json.dumps(about, sort_keys=True)})
        try:
            replace_file(path, raw)
        except OSError as error:
            raise EncoderError(
                f"The text table '{path}' cannot be written ({error.strerror or error}). Choose a folder "
                "that you can write to, with free space."
            ) from error

    @classmethod
    def load(cls, path: Path) -> TextTable:
        """Read a table and verify its hash.

        Raises:
            EncoderError: if the file is missing, truncated, changed, or of another format.
        """
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise ValueError(f"larger than {_MAX_BYTES} bytes")
            about, half = _parse(path.read_bytes())
        except OSError as error:
            raise EncoderError(
                f"The text table '{path}' cannot be read ({error.strerror or error}). Check the path, or "
                "reinstall zoograph."
            ) from error
        except ValueError as error:
            raise EncoderError(
                f"The text table '{path}' must be an unchanged file that zoograph wrote (got: {error}). "
                "Delete it and it is computed again; if it came with the package, reinstall zoograph."
            ) from error
        return cls(about["encoder"], about["digest"], tuple(about["texts"]), half.astype(np.float32))

    def _require_same(self, encoder: str, digest: str) -> None:
        if digest != self.digest:
            raise EncoderError(
                f"Texts embedded by '{self.encoder}' ({self.digest[:12]}) must not be mixed with texts "
                f"embedded by another encoder (got '{encoder}', {digest[:12]}). Use one encoder throughout."
            )


def _parse(raw: bytes) -> tuple[dict[str, Any], NDArray[np.float16]]:
    """Return the description and the vectors of a saved table; ValueError if anything is amiss."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    check_safetensors(raw, most_entries=8, most_header_bytes=_MAX_BYTES)
    try:
        tensors = load(raw)
    except (SafetensorError, KeyError, TypeError) as error:
        raise ValueError(f"no readable safetensors file, {error}") from error
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    about = json.loads(header.get("__metadata__", {}).get("zoograph", "null"))
    half = tensors.get("vectors")
    if not isinstance(about, dict) or about.get("format") != FORMAT or half is None or len(tensors) != 1:
        raise ValueError(f"no table of format '{FORMAT}'")
    content = about.pop("content", None)
    if half.dtype != np.float16 or content != _content_hash(about, half):
        raise ValueError("the content does not agree with its hash")
    return about, half


def _content_hash(about: dict[str, Any], half: NDArray[np.float16]) -> str:
    described = json.dumps([about, list(half.shape)], sort_keys=True).encode()
    return hashlib.sha256(described + b"\0" + half.astype("<f2").tobytes()).hexdigest()
