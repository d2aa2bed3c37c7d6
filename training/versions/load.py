"""Loading a predictor whose every file is checked against its hash."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from zoograph.data.errors import PredictorError
from zoograph.training.versions.artifact import (
    FORMAT,
    MANIFEST,
    POINTER,
    POINTER_SUFFIX,
    SEAL,
    Artifact,
    Manifest,
    damaged_error,
    digest,
)


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
        for name, expected in manifest.files.items():
            _check(name, (folder / name).read_bytes(), expected)
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


def version_names(root: Path) -> list[str]:
    """Return the names of all versions under ``root``, readable or not.

    Raises:
        PredictorError: if the folder cannot be read.
    """
    try:
        return sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise damaged_error(root, error) from error


def readable_versions(root: Path) -> list[Manifest]:
    """Return the manifests that can be read, in the order in which they were saved.

    Raises:
        PredictorError: if the folder cannot be read.
    """
    found = []
    for name in version_names(root):
        with suppress(PredictorError):
            found.append(read_sealed(root, root / name / SEAL)[1])
    return sorted(found, key=lambda manifest: (manifest.number, manifest.created_at, manifest.version))


def current_version(root: Path) -> str | None:
    """Return the name of the version that answers; None if there is no pointer, or none that can be read."""
    try:
        return str(json.loads((root / POINTER).read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


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


def _check(name: str, content: bytes, expected: str) -> None:
    if digest(content) != expected:
        raise ValueError(f"'{name}' is not what was written")
