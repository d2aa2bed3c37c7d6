"""Models ranked for a target by task-relatedness, each pair kept on disk."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Container, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from zoograph.data.files.tensors import hash_tensors, load_tensors, read_about, save_tensors
from zoograph.graphs.scores.relatedness.bound import Bound
from zoograph.graphs.scores.relatedness.chain import Chain
from zoograph.graphs.scores.relatedness.tasks import Task
from zoograph.training.analysis.relatedness.relate import QUICK, Relatedness, Relating, relate_tasks

_FORMAT = "zoograph-relatedness-1"
_NAMES = ("model", "reference", "target")
_log = logging.getLogger(__name__)

View = Callable[[str], tuple[Task, Task]]
"""Takes the name of a model and returns the reference and the target as that model sees them."""


class Ranked(NamedTuple):
    """A model and its relatedness."""

    model: str
    relatedness: Relatedness


def rank_models(
    models: Sequence[str],
    view: View,
    how: Relating = QUICK,
    folder: Path | None = None,
    begin: Callable[[str], None] = lambda model: None,
) -> list[Ranked]:
    """Return the models, that of the lowest bound first: from it the best transfer is expected.

    Args:
        models: their names.
        view: what each of them sees; called once for each.
        how: tasks are related.
        folder: where finished pairs are kept, so that a call that was interrupted goes on; None keeps nothing.
        begin: called with each model before its turn.

    Raises:
        RelatednessError: see :func:`zoograph.training.analysis.relatedness.relate.relate_tasks`.
    """
    ranked = []
    for model in models:
        begin(model)
        ranked.append(Ranked(model, relate_once(*view(model), how, folder, model)))
    return sorted(ranked, key=lambda one: one.relatedness.bound.total)


def relate_once(reference: Task, target: Task, how: Relating, folder: Path | None, model: str) -> Relatedness:
    """Return :func:`relate_tasks` from a folder if it is there, else compute it and leave it there.

    The file is named by the features and labels of both tasks, which no two models share, and by ``how``. One that is
    damaged is computed again. ``model`` is kept beside it, for :func:`find_kept`.
    """
    if folder is None:
        return relate_tasks(reference, target, how)
    path = folder / f"{_key(reference, target, how)}.safetensors"
    found = _load(path)
    if found is None:
        found = relate_tasks(reference, target, how)
        about = {name: value for name, value in vars(found).items() if name not in ("bound", "chain")}
        tasks = {"model": model, "reference": reference.name, "target": target.name}
        save_tensors(path, found.chain._asdict(), {**about, **tasks, "bound": found.bound._asdict()})
    return found


class KeptBound(NamedTuple):
    """A bound that was measured before, see :class:`Bound`."""

    reference: str
    bound: Bound


def find_kept(folder: Path, model: str, targets: Container[str]) -> list[KeptBound]:
    """Return the bounds of a model on a target, called by any of its names, that are kept in a folder; lowest first."""
    found = []
    for path in sorted(folder.glob("*.safetensors")):
        try:
            about = read_about(path)
            if about.get("model") == model and about["target"] in targets:
                found.append(KeptBound(about["reference"], Bound(**about["bound"])))
        except (ValueError, KeyError, TypeError) as error:
            _log.warning("'%s' is damaged and passed over: %s.", path, error)
    return sorted(found, key=lambda kept: kept.bound.total)


def _key(reference: Task, target: Task, how: Relating) -> str:
    tensors = [
        hash_tensors({name: value for name, value in vars(task).items() if name != "name" and value is not None})
        for task in (reference, target)
    ]
    return hashlib.sha256(json.dumps([_FORMAT, asdict(how), *tensors]).encode()).hexdigest()


def _load(path: Path) -> Relatedness | None:
    try:
        tensors, about = load_tensors(path)
        parts = {name: value for name, value in about.items() if name not in (*_NAMES, "bound")}
        return Relatedness(bound=Bound(**about["bound"]), chain=Chain(**tensors), **parts)
    except FileNotFoundError:
        return None
    except ValueError as error:
        _log.warning("A kept relatedness is damaged and computed again: %s.", error)
        return None
