"""Kept answers of methods, under a key of all that decides them, so that a stopped benchmark goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.files.tensors import load_tensors, save_tensors
from zoograph.graphs.folds import Fold
from zoograph.models.method import Method, Prediction

# Part of the key of every kept answer: raise it when a method's answers change and the version of zoograph does not.
ANSWERS_VERSION = 10
# Whose arithmetic an answer is.
PACKAGES = ("zoograph", "torch", "torch_geometric", "scikit-learn", "numpy")
_SECONDS = "seconds"


@dataclass(frozen=True)
class Answered:
    """What one method said on one fold.

    Attributes:
        method: its name.
        fold: the question.
        prediction: of the asked cells, in the order of :func:`zoograph.graphs.folds.make_split`.
        seconds: fitting and predicting took.
    """

    method: str
    fold: Fold
    prediction: Prediction
    seconds: float


class KeptAnswers:
    """Answers in a folder, a file each.

    Args:
        folder: made if it is missing.
        graph: with all records.
    """

    def __init__(self, folder: Path, graph: HeteroData) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._graph = folder, graph_fingerprint(graph)
        self._versions = [(name, version(name)) for name in PACKAGES]

    def key(self, name: str, method: Method, fold: Fold) -> str:
        """Return SHA-256 over all that decides what a method, not fitted, says on a fold."""
        masks = fold.held_out.numpy().tobytes() + fold.asked.numpy().tobytes()
        hidden = [hashlib.sha256(masks).hexdigest(), fold.probes_known]
        parts = [ANSWERS_VERSION, self._versions, self._graph, *hidden, name, describe(method)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def read(self, key: str, name: str, fold: Fold) -> Answered | None:
        """Return the answer that was kept; None if there is none, or if it is not what was written."""
        try:
            tensors, about = load_tensors(self._path(name, key))
            prediction = Prediction(*(tensors[part] for part in Prediction._fields))
            seconds = float(tensors[_SECONDS])
        except (FileNotFoundError, ValueError, KeyError):
            return None
        if about != {"key": key} or len(prediction.mean) != int(fold.asked.sum()):
            return None
        return Answered(name, fold, prediction, seconds)

    def write(self, key: str, answer: Answered) -> None:
        """Keep an answer."""
        seconds: Tensor = torch.tensor(answer.seconds, dtype=torch.float64)
        tensors = {**answer.prediction._asdict(), _SECONDS: seconds}
        save_tensors(self._path(answer.method, key), tensors, {"key": key})

    def _path(self, name: str, key: str) -> Path:
        return self._folder / f"{name}-{key[:24]}.safetensors"


def graph_fingerprint(graph: HeteroData) -> str:
    """Return SHA-256 over everything in a graph: its tensors, and the names that go with them."""
    digest = hashlib.sha256()
    for store in graph.stores:
        for key, value in sorted(store.items(), key=lambda item: str(item[0])):
            digest.update(f"{store._key}{key}".encode())
            if isinstance(value, Tensor):
                digest.update(value.contiguous().numpy().tobytes())
            else:
                digest.update(json.dumps(value, sort_keys=True).encode())
    return digest.hexdigest()


def describe(value: object) -> Any:
    """Return an object that was just made as plain values: its class and, recursively, all that it was made with.

    Raises:
        TypeError: if it is made with something that has no description, such as a function without a name.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, Enum):
        return [_name(type(value)), value.name]
    if isinstance(value, BaseModel):
        return [_name(type(value)), value.model_dump(mode="json")]
    if isinstance(value, Mapping):
        return {str(key): describe(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [describe(part) for part in value]
    if isinstance(value, FunctionType | type) and "<" not in value.__qualname__:
        return _name(value)
    if not isinstance(value, FunctionType) and hasattr(value, "__dict__"):
        return [_name(type(value)), describe(vars(value))]
    raise TypeError(f"A method needs arguments that can be described, such as numbers and names (got {value!r}).")


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"
