"""Task-relatedness of pairs of tasks under a model, each kept in a file."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Container
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from zoograph.data.files.kept import keep_tensors
from zoograph.data.files.tensors import hash_tensors, read_about
from zoograph.graphs.scores.relatedness.bound import Bound
from zoograph.graphs.scores.relatedness.chain import Chain
from zoograph.graphs.scores.relatedness.tasks import Task
from zoograph.training.analysis.relatedness.head import TAU
from zoograph.training.analysis.relatedness.relate import Relatedness, Relating, relate_tasks

_FORMAT = "zoograph-relatedness-1"
_NAMES = ("model", "reference", "target")
_log = logging.getLogger(__name__)


def relate_once(reference: Task, target: Task, how: Relating, folder: Path | None, model: str) -> Relatedness:
    """Return :func:`relate_tasks` from a folder if it is there, else compute it and leave it there.

    The file is named by the features and labels of both tasks, which no two models share, and by ``how``. One that is
    damaged is computed again. ``model`` is kept beside it, for :func:`find_kept`.
    """
    if folder is None:
        return relate_tasks(reference, target, how)

    def compute() -> tuple[dict[str, Tensor], dict[str, Any]]:
        found = relate_tasks(reference, target, how)
        about = {name: value for name, value in vars(found).items() if name not in ("bound", "chain")}
        tasks = {"model": model, "reference": reference.name, "target": target.name}
        return found.chain._asdict(), {**about, **tasks, "bound": found.bound._asdict()}

    tensors, about = keep_tensors(folder / f"{_key(reference, target, how)}.safetensors", compute)
    parts = {name: value for name, value in about.items() if name not in (*_NAMES, "bound")}
    return Relatedness(bound=Bound(**about["bound"]), chain=Chain(**tensors), **parts)


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
    settings = asdict(how)
    if settings["tau"] == TAU:  # files are older than the choice of another
        del settings["tau"]
    return hashlib.sha256(json.dumps([_FORMAT, settings, *tensors]).encode()).hexdigest()
