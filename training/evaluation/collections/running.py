"""Answers of methods to the questions of a collection, each kept, so that a stopped run goes on where it was."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from torch_geometric.data import HeteroData

from zoograph.data.errors import FoldsError
from zoograph.graphs.splits import Split
from zoograph.models.method import Method
from zoograph.training.evaluation.collections.catalogue import CollectionGraph
from zoograph.training.evaluation.collections.hiding import Question, ask, whole_collection
from zoograph.training.evaluation.collections.methods import Row
from zoograph.training.evaluation.kept_answers import Answered, KeptAnswers
from zoograph.training.runtime.threads import one_thread

Progress = Callable[[str], None]


class CollectionRun:
    """Asks methods about one collection.

    A method that conditions on the graph it is asked about is fitted once, on the graph without the collection; any
    other is fitted on what each question leaves, and so is every method for which the other collections are too little.

    Args:
        part: the collection.
        folder: where answers are kept, a file each.
    """

    def __init__(self, part: CollectionGraph, folder: Path) -> None:
        self.part = part
        self._kept = KeptAnswers(folder, part.graph)
        self._fitted: dict[str, Method | None] = {}

    def answers(self, row: Row, questions: Sequence[Question], progress: Progress | None = None) -> list[Answered]:
        """Return a method's answers, reading those that were kept.

        Args:
            row: the method.
            questions: of one protocol.
            progress: told the method before each answer.

        Raises:
            FoldsError: if a question leaves the method too little to learn from.
        """
        result = []
        for question in questions:
            if progress is not None:
                progress(row.name)
            key = self.key(row, row.make(), question)
            answer = self._kept.read(key, row.name, question)
            if answer is None:
                answer = self.answer(row, question)
                self.keep(key, answer)
            result.append(answer)
        return result

    def has(self, row: Row, question: Question, key: str) -> bool:
        """Return whether a method's answer of that key is kept."""
        return self._kept.read(key, row.name, question) is not None

    def keep(self, key: str, answer: Answered) -> None:
        """Keep an answer under its :meth:`key`."""
        self._kept.write(key, answer)

    def key(self, row: Row, method: Method, question: Question) -> str:
        """Return a hash of all that decides what a method, not fitted, says to a question."""
        masks = [question.hidden] if question.unscored is None else [question.hidden, question.unscored]
        hidden = hashlib.sha256(b"".join(mask.numpy().tobytes() for mask in masks)).hexdigest()
        once = self.part.name if method.conditions else None
        return self._kept.key(json.dumps([row.name, hidden, once]), method, question)

    @one_thread()
    def answer(self, row: Row, question: Question) -> Answered:
        """Return a method's answer, worked out now.

        Raises:
            FoldsError: if the question leaves the method too little to learn from.
        """
        method, start = row.make(), time.perf_counter()
        fitted, split = self.fitted(row, method, question)
        try:
            prediction = fitted.predict(split.pairs, split.train if method.conditions else None)
        except ValueError as error:
            raise _cannot_learn(question, error) from error
        return Answered(row.name, question, prediction, time.perf_counter() - start)

    def fitted(self, row: Row, method: Method, question: Question) -> tuple[Method, Split]:
        """Return a method that may be asked a question, and what the question leaves and asks.

        Raises:
            FoldsError: if the question leaves the method too little to learn from.
        """
        split = ask(self.part.graph, question)
        fitted = self._fitted_on_others(row.name, method)
        try:
            return method.fit(split.train) if fitted is None else fitted, split
        except ValueError as error:
            raise _cannot_learn(question, error) from error

    def _fitted_on_others(self, name: str, method: Method) -> Method | None:
        """Return a method that conditions, fitted on the other collections; None if it does not, or cannot be."""
        if method.conditions and name not in self._fitted:
            try:
                self._fitted[name] = method.fit(self._others)
            except ValueError:
                self._fitted[name] = None
        return self._fitted.get(name)

    @cached_property
    def _others(self) -> HeteroData:
        """The graph of all other collections."""
        return ask(self.part.graph, whole_collection(self.part)).train


def _cannot_learn(question: Question, error: ValueError) -> FoldsError:
    return FoldsError(f"It cannot learn from what '{question.name}' leaves. {error}")
