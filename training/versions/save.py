"""Saving a predictor in one atomic switch, and setting a damaged one aside."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from zoograph.data.errors import PredictorError
from zoograph.data.files.atomic import write_durably
from zoograph.training.versions.artifact import MANIFEST, POINTER, POINTER_SUFFIX, SEAL, Artifact, Manifest, digest
from zoograph.training.versions.load import current_version


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
    manifest = manifest.model_copy(update={"files": {name: digest(content) for name, content in files.items()}})
    text = manifest.model_dump_json(indent=1).encode()
    seal = json.dumps({"version": manifest.version, "manifest": digest(text)}).encode()
    folder, staging = root / manifest.version, root / f".{manifest.version}.tmp"
    temporary = root / f".{manifest.version}{POINTER_SUFFIX}"
    try:
        staging.mkdir(parents=True)
        for name, content in {**files, MANIFEST: text, SEAL: seal}.items():
            write_durably(staging / name, content)
        if manifest.verdict.promoted:
            write_durably(temporary, seal)
        staging.rename(folder)
        if expected is not None and manifest.verdict.promoted and current_version(root) != expected:
            raise PredictorError(
                f"The predictor '{manifest.version}' was not promoted, because another one was while it was trained. "
                "Retrain once more."
            )
        if manifest.verdict.promoted:
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


def mark_in_use(root: Path, version: str | None) -> None:
    """Let the folder of a version, if there is one, look new, so that it is not removed while somebody may read it.

    Raises:
        OSError: if there is none of that name, or it cannot be written.
    """
    if version is not None and (root / version).parent == root:
        os.utime(root / version)
