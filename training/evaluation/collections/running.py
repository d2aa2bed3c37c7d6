"""Answers of methods to the questions of a collection, each kept, so that a stopped run goes on where it was."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from torch_geometric.data import HeteroData

from zoograph.data.errors import FoldsError
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.models.method import Method
from zoograph.training.evaluation.collections.catalogue import CollectionGraph
from zoograph.training.evaluation.collections.hiding import Question, ask
from zoograph.training.evaluation.collections.questions import whole_collection
from zoograph.training.evaluation.kept_answers import Answered, KeptAnswers
from zoograph.training.runtime.threads import one_thread

MakeMethod = Callable[[], Method]
Progress = Callable[[str], None]


class CollectionRun:
    """Asks methods about one collection.

    A method that conditions on the graph it is asked about is fitted once, on the graph without the collection; any
    other is fitted on what each question leaves, and so is every method if no other collection has such runs.

    Args:
        part: the collection.
        folder: where answers are kept, a file each.
    """

    def __init__(self, part: CollectionGraph, folder: Path) -> None:
        self.part = part
        self._kept = KeptAnswers(folder, part.graph)
        self._fitted: dict[str, Method] = {}
        self._others: HeteroData | None = None

    def answers(
        self, name: str, make: MakeMethod, questions: Sequence[Question], progress: Progress | None = None
    ) -> list[Answered]:
        """Return a method's answers, reading those that were kept.

        Args:
            name: of the method.
            make: returns it, not fitted.
            questions: of one protocol.
            progress: told the method before each answer.

        Raises:
            FoldsError: if a question leaves the method too little to learn from.
        """
        result = []
        for question in questions:
            if progress is not None:
                progress(name)
            method = make()
            key = self._key(name, method, question)
            answer = self._kept.read(key, name, question)
            if answer is None:
                answer = self._answer(name, method, question)
                self._kept.write(key, answer)
            result.append(answer)
        return result

    def _key(self, name: str, method: Method, question: Question) -> str:
        hidden = hashlib.sha256(question.hidden.numpy().tobytes()).hexdigest()
        once = self.part.name if method.conditions else None
        return self._kept.key(json.dumps([name, hidden, once]), method, question)

    @one_thread()
    def _answer(self, name: str, method: Method, question: Question) -> Answered:
        split = ask(self.part.graph, question)
        start = time.perf_counter()
        try:
            if method.conditions and self._without[TRANSFERS_TO].num_edges:
                fitted = self._fitted[name] if name in self._fitted else method.fit(self._without)
                self._fitted[name] = fitted
                prediction = fitted.predict(split.pairs, split.train)
            else:
                prediction = method.fit(split.train).predict(split.pairs)
        except ValueError as error:
            raise FoldsError(f"It cannot learn from what '{question.name}' leaves. {error}") from error
        return Answered(name, question, prediction, time.perf_counter() - start)

    @property
    def _without(self) -> HeteroData:
        """The graph of all other collections."""
        if self._others is None:
            self._others = ask(self.part.graph, whole_collection(self.part)).train
        return self._others
