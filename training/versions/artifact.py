"""Predictors on disk: versioned, hashed, written whole or not at all, and read without torch."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from zoograph.data.errors import PredictorError
from zoograph.data.files.safetensors_header import check_safetensors
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Metric, Protocol
from zoograph.training.versions.verdict import Verdict

if TYPE_CHECKING:
    import numpy as np

WEIGHTS = "weights.safetensors"
PREDICTIONS = "predictions.safetensors"
MANIFEST = "manifest.json"
POINTER = "current.json"
SEAL = "seal.json"
SAW = "saw.json"
FORMAT = 13
COLUMNS = ("mean", "lower", "upper", "baseline")
POINTER_SUFFIX = ".pointer"
# The library refuses headers of 100 MB; ours have some hundred entries, and reading a hundred thousand takes its time.
_MAX_HEADER = 1_000_000


class Manifest(BaseModel):
    """What a predictor is and what it saw.

    Attributes:
        protocol, metric, modality: what it predicts; an older version, which does not say, is of images.
        data_hash: fingerprint of the snapshot it was trained on.
        encoder, encoder_digest: id of the text encoder, and what it is recognised by.
        encoder_source: name or full path that finds the encoder again; None for the default one.
        revision: the store's token at that moment.
        num_records: runs that it learned from.
        models, datasets: rows and columns of its table of predictions; those that its protocol measured.
        vocabulary: families, domains, scores and relations that it knows.
        scores: token of the scores that it read, by dataset.
        values: plain values of the fitted methods, their configuration among them.
        verdict: how it was trained and judged.
        files: SHA-256 by file name.
        number: place among the versions of its folder, from 1; the clock may have been set back between two of them.
            One of an older zoograph has 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    format: int = FORMAT
    protocol: Protocol
    metric: Metric
    modality: str = Modality.IMAGE.value
    encoder: str
    encoder_digest: str
    encoder_source: str | None = None
    created_at: datetime
    data_hash: str
    revision: str
    num_records: int
    models: tuple[str, ...]
    datasets: tuple[str, ...]
    vocabulary: dict[str, tuple[str, ...]]
    scores: dict[str, str] = {}
    values: dict[str, Any]
    verdict: Verdict = Verdict()
    files: dict[str, str]
    number: int = 0


@dataclass(frozen=True)
class Artifact:
    """A predictor on disk whose every file has been checked against its hash."""

    folder: Path
    manifest: Manifest

    def rows(self, model: str, datasets: Sequence[str]) -> list[dict[str, float]] | None:
        """Return ``COLUMNS`` of a model on each of ``datasets`` as predicted when training ended; None if one was not.

        Raises:
            PredictorError: if the table is not one of this predictor.
        """
        places = {name: place for place, name in enumerate(self.manifest.datasets)}
        if model not in self.manifest.models or not places.keys() >= set(datasets):
            return None
        i, tables = self.manifest.models.index(model), self.tables()
        rows = [{name: float(table[i, places[d]]) for name, table in tables.items()} for d in datasets]
        if not all(math.isfinite(value) for row in rows for value in row.values()):
            raise unusable_error(self.folder.parent, f"'{PREDICTIONS}' holds what is no accuracy")
        return rows

    def saw(self) -> dict[str, str]:
        """Return a digest of each batch of runs that it knew, of all protocols.

        Raises:
            PredictorError: if the file is not one of this predictor.
        """
        try:
            known = json.loads((self.folder / SAW).read_bytes())
            return {str(batch): str(digest) for batch, digest in known.items()}
        except (OSError, ValueError, AttributeError) as error:
            raise damaged_error(self.folder.parent, error) from error

    def tables(self) -> dict[str, np.ndarray]:
        """Return ``COLUMNS``, (models, datasets) each, as predicted when training ended.

        Raises:
            PredictorError: if they are not those of this predictor.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        shape = (len(self.manifest.models), len(self.manifest.datasets))
        try:
            tables = dict(load(read_tensor_file(self.folder / PREDICTIONS)))
        except (OSError, ValueError, SafetensorError, KeyError) as error:
            raise damaged_error(self.folder.parent, error) from error
        if tables.keys() != set(COLUMNS) or any(table.shape != shape for table in tables.values()):
            raise unusable_error(self.folder.parent, f"'{PREDICTIONS}' holds another table")
        return {name: tables[name] for name in COLUMNS}


def read_tensor_file(path: Path) -> bytes:
    """Return the content of a safetensors file whose header is not made to keep its reader busy.

    Raises:
        ValueError: if it is, or if it is no header.
    """
    content = path.read_bytes()
    try:
        check_safetensors(content, most_header_bytes=_MAX_HEADER)
    except ValueError as error:
        raise ValueError(f"'{path.name}' cannot be read: {error}") from error
    return content


def digest(content: bytes) -> str:
    """Return SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


class UnreadablePredictor(PredictorError):
    """A predictor that may be whole: the system does not let it be read."""


def damaged_error(root: Path, why: object) -> PredictorError:
    """Return the error of files that are not what was written, or that the system does not let be read."""
    if isinstance(why, OSError) and not isinstance(why, FileNotFoundError | NotADirectoryError):
        return UnreadablePredictor(
            f"The predictor in '{root}' cannot be read ({why.strerror or why}). Make its files readable."
        )
    return PredictorError(f"The predictor in '{root}' is damaged: {why}.")


def unusable_error(root: Path, why: object) -> PredictorError:
    """Return the error of files that are what was written, and yet are of no use."""
    return PredictorError(f"The predictor in '{root}' cannot be used: {why}. Move it aside to have it trained anew.")
