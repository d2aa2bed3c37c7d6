"""Members of a training that is under way, so that one that was killed goes on where it stopped."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from torch import Tensor

from zoograph.data.errors import PredictorError
from zoograph.data.files.tensors import load_tensors, save_tensors

_PREFIX = ".training-"


class MemberCache:
    """Finished members of one training: hashed, written whole or not at all, and read again only if unchanged.

    Args:
        root: folder of all versions of one kind of predictor.
        key: digest of everything that decides how a member turns out, so that no other training reads it.
    """

    def __init__(self, root: Path, key: str) -> None:
        self._folder, self._key = root / f"{_PREFIX}{key[:32]}", key

    def load(self, number: int) -> dict[str, Tensor] | None:
        """Return the tensors of a finished member; None if it has to be learned, or was damaged since."""
        path = self._path(number)
        try:
            tensors, about = load_tensors(path)
        except (FileNotFoundError, ValueError):
            return None
        return tensors if about == self._about(number) else None

    def save(self, number: int, tensors: Mapping[str, Tensor]) -> None:
        """Keep a finished member.

        Raises:
            PredictorError: if it cannot be written.
        """
        try:
            save_tensors(self._path(number), tensors, self._about(number))
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

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.safetensors"

    def _about(self, number: int) -> dict[str, object]:
        return {"training": self._key, "member": number}
