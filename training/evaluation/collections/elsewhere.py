"""Answers about a collection that are worked out in other processes, each from the names of what it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial

from zoograph.data.home import make_home
from zoograph.training.evaluation.collections.catalogue import read_collection
from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.evaluation.collections.hiding import Question
from zoograph.training.evaluation.collections.methods import Row, rows_of
from zoograph.training.evaluation.collections.questions import PROTOCOLS
from zoograph.training.evaluation.collections.running import CollectionRun
from zoograph.training.evaluation.elsewhere import Piece, Said, from_plain, require_same, to_plain
from zoograph.training.evaluation.kept_answers import Answered


def answers_to_come(
    run: CollectionRun, protocol: str, questions: Sequence[Question], rows: Sequence[Row], limits: Limits
) -> Iterator[Piece]:
    """Yield what a table of a shipped collection needs and ``run`` has not kept, method by method.

    Args:
        run: of the collection.
        protocol: whose questions these are.
        questions: all of them.
        rows: methods.
        limits: that the questions were chosen by.
    """
    for row in rows:
        for number, question in enumerate(questions if row.lacking is None else ()):
            key = run.key(row, row.make(), question)
            if not run.has(row, question, key):
                arguments = (run.part.name, protocol, limits, number, row.name, key)
                name = f"{run.part.name}: {row.name} on {question.name}"
                yield Piece(name, answer_there, arguments, partial(_keep, run, row, question, key))


def answer_there(collection: str, protocol: str, limits: Limits, number: int, method: str, key: str) -> Said:
    """Return what a method says to a question, wherever this is."""
    run, question = question_there(collection, protocol, limits, number)
    (row,) = rows_of(run.part, method)
    require_same(run.key(row, row.make(), question), key)
    answer = run.answer(row, question)
    return to_plain(answer.prediction, answer.seconds)


def question_there(collection: str, protocol: str, limits: Limits, number: int) -> tuple[CollectionRun, Question]:
    """Return a collection, and one of its questions, in a process that knows their names alone."""
    run = _run(collection)
    return run, _questions(collection, protocol, limits)[number]


@cache
def _run(collection: str) -> CollectionRun:
    return CollectionRun(read_collection(collection), make_home() / "benchmarks" / "collections" / collection)


@cache
def _questions(collection: str, protocol: str, limits: Limits) -> Sequence[Question]:
    return PROTOCOLS[protocol](_run(collection).part, limits).questions


def _keep(run: CollectionRun, row: Row, question: Question, key: str, said: Said) -> None:
    run.keep(key, Answered(row.name, question, *from_plain(said)))
