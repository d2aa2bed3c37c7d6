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
from zoograph.training.versions.load import current_version, readable_versions
from zoograph.training.versions.verdict import Verdict


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
        expected: the version that has to be current still for this one to take its place; if another one is by
            then, this one is kept aside.

    Raises:
        PredictorError: if it cannot be written; what was there before is untouched.
    """
    digests = {name: digest(content) for name, content in files.items()}
    number = max((known.number for known in readable_versions(root)), default=0) + 1
    manifest = manifest.model_copy(update={"files": digests, "number": number})
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
        if expected is not None and manifest.verdict.promoted and current_version(root) != expected:
            shutil.rmtree(staging)
            temporary.unlink()
            return save_artifact(root, _overtaken(manifest, current_version(root)), files)
        staging.rename(folder)
        if manifest.verdict.promoted:
            before = current_version(root)
            temporary.replace(root / POINTER)
            with suppress(OSError):
                mark_in_use(root, before)
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


def _overtaken(manifest: Manifest, current: str | None) -> Manifest:
    """Return what is said of a version that met one which no longer answers: with ``current`` it was not compared."""
    reason = f"'{current}' came into use while this one was trained, and the two were not compared."
    trained = manifest.verdict.model_dump(include={"start", "full_records", "seconds"})
    return manifest.model_copy(update={"verdict": Verdict(**trained, parent=current, promoted=False, reason=reason)})


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
