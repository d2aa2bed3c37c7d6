"""Errors that a user can act on: the commands print them in one sentence and exit with 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class ZoographError(Exception):
    """What went wrong and what to do next, in words for the person at the keyboard.

    Attributes:
        is_private: whether it is about the files of whoever keeps the records, which a client of a server is not told.
    """

    is_private: ClassVar[bool] = False


class UnknownName(ZoographError):
    """A model, dataset, encoder or method that nobody has heard of."""

    def __init__(self, kind: str, name: str, nearest: Sequence[str], hint: str = "") -> None:
        self.kind, self.name, self.nearest = kind, name, tuple(nearest)
        lines = [f"Unknown {kind} '{name}'."]
        if self.nearest:
            lines.append("Nearest names: " + ", ".join(self.nearest) + ".")
        if hint:
            lines.append(hint)
        super().__init__(" ".join(lines))


class AmbiguousName(ZoographError):
    """An alias that stands for several things."""

    def __init__(self, kind: str, name: str, candidates: Sequence[str]) -> None:
        self.kind, self.name, self.nearest = kind, name, tuple(candidates)
        super().__init__(f"The {kind} name '{name}' is ambiguous. Say which: {', '.join(candidates)}.")


class StoreError(ZoographError):
    """The record store cannot be opened, read or written."""

    is_private = True


class EncoderError(ZoographError):
    """The text encoder cannot be found, or two encoders would be mixed."""


class ImageFolderError(ZoographError):
    """A folder of images that is no classification dataset."""


class PredictorError(ZoographError):
    """A predictor that cannot be read, or that does not fit the question."""

    is_private = True


class NoRecords(PredictorError):
    """A question that there is no record to answer from."""

    is_private = False


class RawDataError(ZoographError):
    """A raw file that does not hold what its collection promises."""


class FoldsError(ZoographError, ValueError):
    """A zoo that is too small for a protocol, or lacks the records that it is about."""
