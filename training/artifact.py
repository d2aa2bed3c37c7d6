"""Predictors on disk: versioned, hashed, written whole or not at all, and read without torch."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from zoograph.data.errors import PredictorError
from zoograph.data.records import Metric, Protocol

if TYPE_CHECKING:
    import numpy as np

WEIGHTS = "weights.safetensors"
PREDICTIONS = "predictions.safetensors"
MANIFEST = "manifest.json"
POINTER = "current.json"
COLUMNS = ("mean", "lower", "upper", "baseline")


class Manifest(BaseModel):
    """What a predictor is and what it saw.

    Attributes:
        data_hash: fingerprint of the snapshot it was trained on.
        revision: the store's token at that moment.
        num_records: runs that it learned from.
        models, datasets: rows and columns of its table of predictions.
        vocabulary: families and domains that it knows.
        values: plain values of the fitted methods.
        files: SHA-256 by file name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    format: int = 1
    protocol: Protocol
    metric: Metric
    encoder: str
    encoder_digest: str
    created_at: datetime
    data_hash: str
    revision: str
    num_records: int
    models: tuple[str, ...]
    datasets: tuple[str, ...]
    vocabulary: dict[str, tuple[str, ...]]
    values: dict[str, Any]
    files: dict[str, str]


@dataclass(frozen=True)
class Artifact:
    """A predictor on disk whose every file has been checked against its hash."""

    folder: Path
    manifest: Manifest

    def row(self, model: str, dataset: str) -> dict[str, float] | None:
        """Return ``COLUMNS`` of a pair that was predicted when training ended, or None."""
        manifest = self.manifest
        if model not in manifest.models or dataset not in manifest.datasets:
            return None
        i, j = manifest.models.index(model), manifest.datasets.index(dataset)
        return {name: float(table[i, j]) for name, table in self._tables().items()}

    def _tables(self) -> dict[str, np.ndarray]:
        from safetensors.numpy import load_file

        return dict(load_file(self.folder / PREDICTIONS))


def new_version(now: datetime | None = None) -> str:
    """Return a version name that sorts by time."""
    moment = now or datetime.now(UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


def save_artifact(root: Path, manifest: Manifest, files: dict[str, bytes]) -> Artifact:
    """Write a predictor under ``root`` and make it the current one, in one atomic switch.

    Args:
        root: folder of all versions of one kind of predictor.
        manifest: its ``files`` are filled in here.
        files: content by file name.

    Raises:
        PredictorError: if it cannot be written; what was there before is untouched.
    """
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = manifest.model_copy(update={"files": digests})
    text = manifest.model_dump_json(indent=1).encode()
    staging = root / f".{manifest.version}.tmp"
    try:
        staging.mkdir(parents=True)
        for name, content in {**files, MANIFEST: text}.items():
            _write_durably(staging / name, content)
        folder = root / manifest.version
        staging.rename(folder)
        pointer = {"version": manifest.version, "manifest": hashlib.sha256(text).hexdigest()}
        temporary = root / f".{manifest.version}.pointer"
        _write_durably(temporary, json.dumps(pointer).encode())
        temporary.replace(root / POINTER)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise PredictorError(
            f"The predictor could not be saved in '{root}' ({error.strerror}). Free some space or make it writable."
        ) from error
    return Artifact(folder, manifest)


def load_current(root: Path) -> Artifact | None:
    """Return the current predictor under ``root``, or None if there is none yet.

    Raises:
        PredictorError: if a file was cut short or changed.
    """
    pointer_path = root / POINTER
    if not pointer_path.exists():
        return None
    try:
        pointer = json.loads(pointer_path.read_bytes())
        folder = root / str(pointer["version"])
        if folder.parent != root:
            raise ValueError("the pointer leaves its folder")
        text = (folder / MANIFEST).read_bytes()
        _check(MANIFEST, text, str(pointer["manifest"]))
        manifest = Manifest.model_validate_json(text)
        for name, digest in manifest.files.items():
            _check(name, (folder / name).read_bytes(), digest)
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise PredictorError(f"The predictor in '{root}' is damaged: {error}.") from error
    return Artifact(folder, manifest)


def set_aside(root: Path) -> Path:
    """Move a damaged predictor out of the way, keeping its files, and return where they are."""
    aside = root.with_name(f"{root.name}.damaged-{new_version()}")
    root.rename(aside)
    return aside


def _check(name: str, content: bytes, digest: str) -> None:
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"'{name}' is not what was written")


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
