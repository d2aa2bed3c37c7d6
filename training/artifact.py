"""Predictors on disk: versioned, hashed, written whole or not at all, and read without torch."""

from __future__ import annotations

import hashlib
import json
import math
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
from zoograph.training.trial import Trial

if TYPE_CHECKING:
    import numpy as np

WEIGHTS = "weights.safetensors"
PREDICTIONS = "predictions.safetensors"
MANIFEST = "manifest.json"
POINTER = "current.json"
SEAL = "seal.json"
SAW = "saw.json"
FORMAT = 2
COLUMNS = ("mean", "lower", "upper", "baseline")
POINTER_SUFFIX = ".pointer"
# The library refuses headers of 100 MB; ours have some hundred entries, and reading a hundred thousand takes its time.
_MAX_HEADER = 1_000_000


class Manifest(BaseModel):
    """What a predictor is and what it saw.

    Attributes:
        data_hash: fingerprint of the snapshot it was trained on.
        revision: the store's token at that moment.
        num_records: runs that it learned from.
        models, datasets: rows and columns of its table of predictions.
        vocabulary: families, domains, scores and relations that it knows.
        scores: token of the scores that it read, by dataset.
        values: plain values of the fitted methods, their configuration among them.
        trial: how it was trained and judged.
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
    trial: Trial = Trial()
    files: dict[str, str]


@dataclass(frozen=True)
class Artifact:
    """A predictor on disk whose every file has been checked against its hash."""

    folder: Path
    manifest: Manifest

    def row(self, model: str, dataset: str) -> dict[str, float] | None:
        """Return ``COLUMNS`` of a pair that was predicted when training ended, or None.

        Raises:
            PredictorError: if the table is not one of this predictor.
        """
        manifest = self.manifest
        if model not in manifest.models or dataset not in manifest.datasets:
            return None
        i, j = manifest.models.index(model), manifest.datasets.index(dataset)
        row = {name: float(table[i, j]) for name, table in self._tables().items()}
        if not all(math.isfinite(value) for value in row.values()):
            raise damaged_error(self.folder.parent, f"'{PREDICTIONS}' holds what is no accuracy")
        return row

    def saw(self) -> dict[str, str]:
        """Return a digest of each batch of runs that it learned from.

        Raises:
            PredictorError: if the file is not one of this predictor.
        """
        try:
            known = json.loads((self.folder / SAW).read_bytes())
            return {str(batch): str(digest) for batch, digest in known.items()}
        except (OSError, ValueError, AttributeError) as error:
            raise damaged_error(self.folder.parent, error) from error

    def _tables(self) -> dict[str, np.ndarray]:
        from safetensors import SafetensorError
        from safetensors.numpy import load

        shape = (len(self.manifest.models), len(self.manifest.datasets))
        try:
            tables = dict(load(read_tensor_file(self.folder / PREDICTIONS)))
        except (OSError, ValueError, SafetensorError, KeyError) as error:
            raise damaged_error(self.folder.parent, error) from error
        if tables.keys() != set(COLUMNS) or any(table.shape != shape for table in tables.values()):
            raise damaged_error(self.folder.parent, f"'{PREDICTIONS}' holds another table")
        return {name: tables[name] for name in COLUMNS}


def new_version(now: datetime | None = None) -> str:
    """Return a version name that sorts by time."""
    moment = now or datetime.now(UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


def save_artifact(root: Path, manifest: Manifest, files: dict[str, bytes], *, expected: str | None = None) -> Artifact:
    """Write a predictor under ``root``; one that was promoted becomes the current one, in one atomic switch.

    Args:
        root: folder of all versions of one kind of predictor.
        manifest: its ``files`` are filled in here.
        files: content by file name.
        expected: the version that has to be current still for this one to take its place.

    Raises:
        PredictorError: if it cannot be written; what was there before is untouched. Or if another version took the
            place of the ``expected`` one; this one is kept beside it.
    """
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = manifest.model_copy(update={"files": digests})
    text = manifest.model_dump_json(indent=1).encode()
    seal = json.dumps({"version": manifest.version, "manifest": hashlib.sha256(text).hexdigest()}).encode()
    folder, staging = root / manifest.version, root / f".{manifest.version}.tmp"
    temporary = root / f".{manifest.version}{POINTER_SUFFIX}"
    try:
        staging.mkdir(parents=True)
        for name, content in {**files, MANIFEST: text, SEAL: seal}.items():
            write_durably(staging / name, content)
        if manifest.trial.promoted:
            write_durably(temporary, seal)
        staging.rename(folder)
        if expected is not None and manifest.trial.promoted and current_version(root) != expected:
            raise PredictorError(
                f"The predictor '{manifest.version}' was not promoted, because another one was while it was trained. "
                "Retrain once more."
            )
        if manifest.trial.promoted:
            before = current_version(root)
            temporary.replace(root / POINTER)
            with suppress(OSError):
                mark_in_use(root, before)
    except PredictorError:
        temporary.unlink(missing_ok=True)
        raise
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
    except (OSError, ValueError) as error:
        raise damaged_error(root, error) from error
    return load_sealed(root, root / POINTER)


def load_sealed(root: Path, seal: Path) -> Artifact:
    """Return the version that a seal names, with every file checked.

    Raises:
        PredictorError: if one is not what was written.
    """
    folder, manifest = read_sealed(root, seal)
    try:
        for name, digest in manifest.files.items():
            _check(name, (folder / name).read_bytes(), digest)
    except (OSError, ValueError) as error:
        raise damaged_error(root, error) from error
    return Artifact(folder, manifest)


def read_sealed(root: Path, seal: Path) -> tuple[Path, Manifest]:
    """Return folder and manifest of the version that a seal names.

    Raises:
        PredictorError: if the manifest is not what was written, or if another version wrote it.
    """
    try:
        said = json.loads(seal.read_bytes())
        folder = root / str(said["version"])
        if folder.parent != root or seal.parent not in (root, folder):
            raise ValueError(f"'{seal.name}' leaves its folder")
        text = (folder / MANIFEST).read_bytes()
        _check(MANIFEST, text, str(said["manifest"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged_error(root, error) from error
    manifest = _read_manifest(root, text)
    if manifest.version != folder.name:
        raise damaged_error(root, f"'{MANIFEST}' is that of another version")
    return folder, manifest


def current_version(root: Path) -> str | None:
    """Return the name of the version that answers; None if there is no pointer, or none that can be read."""
    try:
        return str(json.loads((root / POINTER).read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def read_tensor_file(path: Path) -> bytes:
    """Return the content of a safetensors file whose header is not made to keep its reader busy.

    Raises:
        ValueError: if the header is too long.
    """
    content = path.read_bytes()
    if int.from_bytes(content[:8], "little") > _MAX_HEADER:
        raise ValueError(f"the header of '{path.name}' is too long")
    return content


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
    saving = any(name.endswith(POINTER_SUFFIX) for name in names)
    return POINTER not in names and not saving and any(not name.startswith(".") for name in names)


def damaged_error(root: Path, why: object) -> PredictorError:
    """Return the error that says so."""
    return PredictorError(f"The predictor in '{root}' is damaged: {why}.")


def mark_in_use(root: Path, version: str | None) -> None:
    """Let the folder of a version, if there is one, look new, so that it is not removed while somebody may read it.

    Raises:
        OSError: if there is none of that name, or it cannot be written.
    """
    if version is not None and (root / version).parent == root:
        os.utime(root / version)


def _check(name: str, content: bytes, digest: str) -> None:
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"'{name}' is not what was written")


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on disk."""
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
