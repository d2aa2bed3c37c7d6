"""Predictors on disk: versioned, hashed, written whole or not at all, and read without torch."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from contextlib import suppress
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
FORMAT = 1
COLUMNS = ("mean", "lower", "upper", "baseline")
_POINTER_SUFFIX = ".pointer"


class Manifest(BaseModel):
    """What a predictor is and what it saw.

    Attributes:
        data_hash: fingerprint of the snapshot it was trained on.
        revision: the store's token at that moment.
        num_records: runs that it learned from.
        models, datasets: rows and columns of its table of predictions.
        vocabulary: families, domains, scores and relations that it knows.
        scores: token of the scores that it read, by dataset.
        values: plain values of the fitted methods.
        files: SHA-256 by file name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    format: int = FORMAT
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
    scores: dict[str, str] = {}
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
    pointer = {"version": manifest.version, "manifest": hashlib.sha256(text).hexdigest()}
    folder, staging = root / manifest.version, root / f".{manifest.version}.tmp"
    temporary = root / f".{manifest.version}{_POINTER_SUFFIX}"
    try:
        staging.mkdir(parents=True)
        for name, content in {**files, MANIFEST: text}.items():
            write_durably(staging / name, content)
        write_durably(temporary, json.dumps(pointer).encode())
        staging.rename(folder)
        temporary.replace(root / POINTER)
    except BaseException as error:
        if temporary.exists() and not staging.exists():  # in its place, but not yet current
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):
            temporary.unlink()
        if not isinstance(error, OSError):
            raise
        raise PredictorError(
            f"The predictor could not be saved in '{root}' ({error.strerror or error}). "
            "Free some space or make it writable."
        ) from error
    return Artifact(folder, manifest)


def load_current(root: Path) -> Artifact | None:
    """Return the current predictor under ``root``, or None if there is none yet.

    Raises:
        PredictorError: if a file was cut short, changed or removed, or if another version wrote it.
    """
    try:
        lost = _has_lost_pointer(root)
        if not (root / POINTER).exists():
            if lost:
                raise ValueError(f"'{POINTER}' is missing")
            return None
        pointer = json.loads((root / POINTER).read_bytes())
        folder = root / str(pointer["version"])
        if folder.parent != root:
            raise ValueError("the pointer leaves its folder")
        text = (folder / MANIFEST).read_bytes()
        _check(MANIFEST, text, str(pointer["manifest"]))
        manifest = _read_manifest(root, text)
        for name, digest in manifest.files.items():
            _check(name, (folder / name).read_bytes(), digest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PredictorError(f"The predictor in '{root}' is damaged: {error}.") from error
    return Artifact(folder, manifest)


def set_aside(root: Path) -> Path | None:
    """Move a predictor that cannot be read out of the way, keeping all files.

    Returns:
        Where they are now; None if another process has moved them already.

    Raises:
        PredictorError: if they cannot be moved.
    """
    aside = root.with_name(f"{root.name}.damaged-{new_version()}")
    try:
        root.rename(aside)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PredictorError(
            f"The damaged predictor in '{root}' cannot be moved aside ({error.strerror or error}). Move it yourself."
        ) from error
    return aside


def _read_manifest(root: Path, text: bytes) -> Manifest:
    """Return the manifest whose hash has been checked: if it does not fit, others wrote it that way."""
    try:
        manifest = Manifest.model_validate_json(text)
        if manifest.format == FORMAT:
            return manifest
    except ValidationError as error:
        raise PredictorError(f"The predictor in '{root}' was written by another version.") from error
    raise PredictorError(f"The predictor in '{root}' was written by another version.")


def _has_lost_pointer(root: Path) -> bool:
    """Whether there are predictors, but none is current and none is being saved at this moment."""
    if not root.exists():
        return False
    names = [path.name for path in root.iterdir()]
    saving = any(name.endswith(_POINTER_SUFFIX) for name in names)
    return POINTER not in names and not saving and any(not name.startswith(".") for name in names)


def _check(name: str, content: bytes, digest: str) -> None:
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"'{name}' is not what was written")


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on disk."""
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
