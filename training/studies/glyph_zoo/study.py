"""The shape of a study of the glyph zoo: pieces of work about a model and a task, each of which leaves one file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from zoograph.data.files.facts import load_facts
from zoograph.data.files.kept import Facts, keep_facts
from zoograph.training.studies.glyph_zoo.work import GlyphFiles

Pair = tuple[str, str]


@dataclass(frozen=True)
class GlyphStudy(ABC):
    """The pieces of a study, and the files of those that are finished.

    Attributes:
        files: of the glyph zoo, whose work is done.
        folder: of this study: a folder for each kind of work.
        needs: stages of the glyph zoo that the study reads.
    """

    files: GlyphFiles
    folder: Path
    needs: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def pieces(self) -> dict[str, list[Pair]]:
        """The (model, task) ids of each kind of work."""

    @abstractmethod
    def measure(self, kind: str, model: str, task: str) -> Facts:
        """Do one piece of work; return what JSON can hold."""

    @property
    def num_pieces(self) -> int:
        """Pieces of all kinds, finished or not."""
        return sum(map(len, self.pieces.values()))

    def path(self, kind: str, model: str, task: str) -> Path:
        """Return the file of a piece."""
        return self.folder / kind / f"{model}--{task}.json"

    def read(self, kind: str, model: str, task: str) -> Facts:
        """Return the facts of a finished piece."""
        found: Facts = load_facts(self.path(kind, model, task))
        return found


def run_study(study: GlyphStudy, begin: Callable[[str], None] = lambda piece: None) -> None:
    """Do what is not done yet.

    Args:
        study: what to do.
        begin: called with the name of each piece before its turn, finished or not.

    Raises:
        ZoographError: if the glyph zoo is not there.
    """
    study.files.require(*study.needs)
    for kind, pairs in study.pieces.items():
        for model, task in pairs:
            begin(f"{kind} {task}")
            keep_facts(study.path(kind, model, task), partial(study.measure, kind, model, task))
