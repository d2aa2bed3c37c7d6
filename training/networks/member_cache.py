"""Checkpoints of an ensemble in training, so that one that was killed goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from zoograph.data.errors import PredictorError
from zoograph.data.files.tensors import load_tensors, save_tensors

_PREFIX = ".training-"


class Part(NamedTuple):
    """How far a member is.

    Attributes:
        tensors: that its training goes on from.
        about: plain values beside them.
    """

    tensors: dict[str, Tensor]
    about: dict[str, Any]


class MemberCache:
    """Members of one training: hashed, written whole or not at all, and read again only if unchanged.

    Args:
        root: folder of all versions of one kind of predictor.
        key: digest of everything that decides how a member turns out, so that no other training reads it.
    """

    def __init__(self, root: Path, key: str) -> None:
        self._folder, self._key = root / f"{_PREFIX}{key[:32]}", key

    def load(self, number: int) -> dict[str, Tensor] | None:
        """Return the tensors of a finished member; None if it has to be learned, or was damaged since."""
        found = self._read(f"{number}")
        return None if found is None else found.tensors

    def save(self, number: int, tensors: Mapping[str, Tensor]) -> None:
        """Keep a finished member, and no longer how far it was.

        Raises:
            PredictorError: if it cannot be written.
        """
        self._write(f"{number}", Part(dict(tensors), {}))
        with suppress(OSError):
            self._path(f"{number}.part").unlink()

    def load_part(self, number: int) -> Part | None:
        """Return how far a member was; None if nowhere, or if it was damaged since."""
        return self._read(f"{number}.part")

    def save_part(self, number: int, part: Part) -> None:
        """Keep how far a member is.

        Raises:
            PredictorError: if it cannot be written.
        """
        self._write(f"{number}.part", part)

    def _read(self, name: str) -> Part | None:
        try:
            tensors, about = load_tensors(self._path(name))
        except (FileNotFoundError, ValueError):
            return None
        part = about.get("part")
        return Part(tensors, part) if about == self._about(name, part) and isinstance(part, dict) else None

    def _write(self, name: str, part: Part) -> None:
        try:
            save_tensors(self._path(name), part.tensors, self._about(name, part.about))
        except OSError as error:
            raise PredictorError(
                f"The training could not be kept in '{self._folder}' ({error.strerror or error}). "
                "Free some space or make it writable."
            ) from error

    def clear(self) -> None:
        """Remove the members of this training, and those that other trainings left behind beside it."""
        with suppress(OSError):
            for folder in self._folder.parent.glob(f"{_PREFIX}*"):
                shutil.rmtree(folder, ignore_errors=True)

    def _about(self, name: str, part: object) -> dict[str, object]:
        """Return the description of a file; the hash of its tensors does not cover what is said of the part."""
        digest = hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()
        return {"training": self._key, "member": name, "part": part, "digest": digest}

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.safetensors"
