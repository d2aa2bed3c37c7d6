"""Pruning of old versions: none goes that answers, that answered before, or that somebody may be reading."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from zoograph.data.errors import PredictorError
from zoograph.training.versions.listing import list_versions

# Whoever asks reads a version for seconds. Each is left alone for so long after it was made or stopped answering.
GRACE = 600.0
_PREFIX = ".pruned-"


@dataclass(frozen=True)
class Pruned:
    """What was removed, or would be.

    Attributes:
        removed: names of versions, the oldest first.
        num_bytes: that their files took.
        kept: versions that are left and can be read.
        recent: those of them that are left only because they answered a short time ago.
    """

    removed: tuple[str, ...]
    num_bytes: int
    kept: int
    recent: tuple[str, ...]


def prune(root: Path, keep: int, *, dry_run: bool = False) -> Pruned:
    """Remove all versions under ``root`` but the newest ``keep``.

    The one that answers and the one that ``rollback`` goes back to stay, however old they are. So do versions that
    were made or that answered in the last ten minutes, and those that cannot be read.

    Args:
        root: folder of all versions of one kind of predictor.
        keep: how many, at least 1: the newest one says which runs were tried.
        dry_run: only say what would go.

    Raises:
        ValueError: if ``keep`` is less than 1.
        PredictorError: if the folder cannot be read, or a version cannot be removed.
    """
    if keep < 1:
        raise ValueError(f"'keep' needs to be 1 or more (got {keep}).")
    found = list_versions(root)
    names = [manifest.version for manifest in found.readable]
    protected = {*names[-keep:], found.current, found.before_current}
    # Without one that answers nobody knows which can be spared.
    old = [name for name in names if name not in protected] if found.current in names else []
    sizes = {name: size for name in old if (size := _count_bytes(root / name)) is not None}
    recent = tuple(name for name in sizes if _is_recent(root / name))
    going = [name for name in sizes if name not in recent]
    if not dry_run:
        for leftover in root.glob(f"{_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        going = [name for name in going if _remove(root, name)]
    kept = len(names) - (len(old) - len(sizes)) - len(going)
    return Pruned(tuple(going), sum(sizes[name] for name in going), kept, recent)


def _count_bytes(folder: Path) -> int | None:
    """Return what the files of a version take; None if another process has removed it by now."""
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except FileNotFoundError:
        return None


def _is_recent(folder: Path) -> bool:
    with suppress(FileNotFoundError):  # another process was faster
        return time.time() - folder.stat().st_mtime < GRACE
    return False


def _remove(root: Path, name: str) -> bool:
    """Remove a version, unless it was made the one that answers at this very moment."""
    hidden = root / f"{_PREFIX}{name}"
    try:
        (root / name).rename(hidden)
        if _is_recent(hidden):
            hidden.rename(root / name)
            return False
    except FileNotFoundError:  # another process was faster
        return False
    except OSError as error:
        raise PredictorError(
            f"The version '{name}' cannot be removed from '{root}' ({error.strerror or error}). Make it writable."
        ) from error
    with suppress(OSError):
        shutil.rmtree(hidden)
    return True
