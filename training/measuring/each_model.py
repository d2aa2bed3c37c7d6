"""Work on each model of a subject: here, in other processes or on a cluster; failures are set apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from zoograph.data.errors import ZoographError
from zoograph.data.images.listing import following_links, follows_links
from zoograph.data.records.cards import Modality
from zoograph.data.records.naming.spellings import Target
from zoograph.data.tasks.columns import Columns, named_columns, naming_columns
from zoograph.data.tasks.sources import is_local
from zoograph.data.tasks.task import LabelledTask, TaskError
from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.executors.opening import open_executor
from zoograph.training.executors.run import run_all
from zoograph.training.executors.work import Done, Work
from zoograph.training.measuring.subject import Failure, Subject
from zoograph.training.runtime.progress import Progress

if TYPE_CHECKING:
    from zoograph.data.networks.weights import PretrainedModel
    from zoograph.data.store.store import RecordStore

Look = Callable[["PretrainedModel", LabelledTask, Any, Progress | None], Any]
"""Looks at a task with a model as a request says; importable, and depends on nothing else."""

Prepare = Callable[[LabelledTask], LabelledTask]
Result = TypeVar("Result")
HERE = Where()


@dataclass(frozen=True)
class Asked:
    """One thing that is asked of a model.

    Attributes:
        place: of the model in the subject.
        request: plain data for the function that looks.
    """

    place: int
    request: Any


@dataclass(frozen=True)
class Piece:
    """A look at a task with a model, as plain data: enough to do it anywhere.

    Attributes:
        look: the function.
        request: for it.
        subject: whose paths are whole.
        name: under which the model is loaded.
        reads: modality of the task, and what it is called.
        digest: of the task that is meant; None where it is known to be that.
        run: of the call, for what is kept between its pieces.
        targets: see :func:`look_with_each`.
        prepare: likewise.
        follows: whether links out of folders are followed.
        columns: of tables.
    """

    look: Look
    request: Any
    subject: Subject
    name: str
    reads: tuple[Modality, str]
    digest: str | None
    run: str
    targets: tuple[Target, ...]
    prepare: Prepare | None = None
    follows: bool = field(default_factory=follows_links)
    columns: Columns = field(default_factory=named_columns)


def look_with_each(
    subject: Subject,
    task: LabelledTask,
    look: Look,
    asked: Sequence[Asked],
    take: Callable[[int, Any], None],
    store: RecordStore | None = None,
    where: Where = HERE,
    progress: Progress | None = None,
    prepare: Prepare | None = None,
    held: Mapping[str, Any] | None = None,
    targets: tuple[Target, ...] = (Target.CLASSES,),
) -> list[Failure]:
    """Look at a task with each model; a model that cannot be had or used does not stop the others.

    What the libraries and networks raise on the way arrives as a :class:`ZoographError`; every other exception is a
    bug of zoograph and passes.

    Args:
        subject: whose models, and where the task is.
        task: that was opened here; elsewhere it is opened again, and must have the same content.
        look: is called with a model, the task, a request and something to report progress to.
        asked: of which model what is asked.
        take: is given the place of the model and what ``look`` returned, here, as soon as it is there.
        store: may know the models by names of its own; default: names of libraries alone.
        where: it is done.
        progress: called with (steps done, steps in all).
        prepare: what has been done to the task since it was opened; importable.
        held: what :func:`once` need not make in this process.
        targets: that are of use.
    """
    reads = (task.modality, task.card.id)
    failures: dict[int, Failure] = {}
    works: list[Work] = []
    places: dict[int, int] = {}
    with held_here(task, held) as run:
        make = partial(make_work, subject, task, look, run=run, where=where, targets=targets, prepare=prepare)
        for one in asked:
            if one.place in failures:
                continue
            name = subject.models[one.place]
            try:
                known = name if store is None or subject.weights is not None else _find(store, name, *reads)
            except ZoographError as error:
                failures[one.place] = _failed(name, str(error))
                continue
            works.append(make(one.request, name=name, known=known, reads=reads))
            places[id(works[-1])] = one.place

        def take_result(work: Work, done: Done) -> None:
            take(places[id(work)], done.result)

        with open_executor(where) as executor:
            tally = run_all(executor, works, take_result, progress)
    for failed in tally.failed:
        place = places[id(failed.work)]
        failures.setdefault(place, _failed(subject.models[place], failed.problem.reason))
    return [failures[place] for place in sorted(failures)]


@contextmanager
def held_here(task: LabelledTask, held: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Yield the name of a call, whose pieces find the task opened in this process, and what else it holds."""
    run = uuid4().hex
    _kept[run] = {_TASK: task, **(held or {})}
    try:
        yield run
    finally:
        del _kept[run]


def make_work(
    subject: Subject,
    task: LabelledTask,
    look: Look,
    request: Any,
    *,
    name: str,
    known: str,
    reads: tuple[Modality, str],
    run: str,
    where: Where,
    targets: tuple[Target, ...] = (Target.CLASSES,),
    prepare: Prepare | None = None,
) -> Work:
    """Return a look at a task with one model as a piece of work, see :func:`look_with_each`.

    Args:
        subject: where the task and the weights are.
        task: that is meant.
        look: as there.
        request: for it.
        name: of the model, for people.
        known: name under which it is loaded.
        reads: modality of the task, and what it is called.
        run: see :func:`held_here`.
        where: it is done.
        targets: as there.
        prepare: as there.
    """
    here = where.kind is ExecutorKind.LOCAL
    whole, digest = (subject, None) if here else (_with_whole_paths(subject), task.digest)
    piece = Piece(look, request, whole, known, reads, digest, run, targets, prepare)
    return Work(f"{name} on {task.card.id}", look_there, piece, where.each)


def look_there(piece: Piece, progress: Progress | None) -> Any:
    """Do one look, wherever this is."""
    from zoograph.data.networks.encoders import load_reader

    with ExitStack() as stack:
        stack.enter_context(following_links(piece.follows))
        stack.enter_context(naming_columns(piece.columns.text, piece.columns.label, piece.columns.target))
        if piece.run not in _kept:  # another call's are of no more use in a process that works for one
            _kept.clear()
            _kept[piece.run] = {}
        known = _kept[piece.run]
        token = _held.set(known)
        stack.callback(_held.reset, token)
        task = once(_TASK, lambda: _open_again(piece))
        loaded = piece.name, piece.subject.weights
        if known.get(_MODEL, (None,))[0] != loaded:
            known.pop(_MODEL, None)
            alone = piece.subject.weights is None or len(piece.subject.models) == 1
            known[_MODEL] = loaded, load_reader(piece.name, piece.subject.weights, alone, *piece.reads)
        return piece.look(known[_MODEL][1], task, piece.request, progress)


def once(key: str, make: Callable[[], Result]) -> Result:
    """Return what was made under a key by an earlier piece of the same call in this process; make it if none was."""
    held = _held.get()
    if key not in held:
        held[key] = make()
    made: Result = held[key]
    return made


_TASK, _MODEL = "task", "model"
_kept: dict[str, dict[str, Any]] = {}
_held: ContextVar[dict[str, Any]] = ContextVar("zoograph_held")


def _open_again(piece: Piece) -> LabelledTask:
    task = piece.subject.open(piece.targets)
    task = task if piece.prepare is None else piece.prepare(task)
    if piece.digest is not None and task.digest != piece.digest:
        raise TaskError(
            f"The dataset '{piece.subject.dataset}' must hold the same {task.samples_word} everywhere (got others on "
            f"'{gethostname()}'). Give a folder that all machines share."
        )
    return task


def _with_whole_paths(subject: Subject) -> Subject:
    """Return the subject with paths that mean the same in another process."""
    dataset, weights = subject.dataset, subject.weights
    if is_local(dataset):
        dataset = str(Path(dataset).expanduser().absolute())
    if weights is not None and Path(weights).expanduser().exists():
        weights = str(Path(weights).expanduser().absolute())
    return replace(subject, models=tuple(subject.models), dataset=dataset, weights=weights)


def _failed(model: str, reason: str) -> Failure:
    return Failure(model, reason.partition("\n")[0])


def _find(store: RecordStore, name: str, modality: Modality, dataset: str) -> str:
    """Return what a store and the libraries call a model, which has to read a dataset."""
    from zoograph.data.networks.find_model import find_model, require_reader

    found = find_model(store.names(), name)
    card = found.card or next(iter(store.find_cards([found.id])[0]), None)
    if card is not None:
        require_reader(card, dataset, modality)
    own = modality is Modality.TEXT and (found.card is not None or Path(name).expanduser().is_dir())
    return name if own else found.id  # a folder is loaded by its path
