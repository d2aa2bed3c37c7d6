"""MTEB's result files, as the results repository lays them out: ``organisation__model/revision/Task.json``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import stdev
from typing import Any

from zoograph.data.collections.public.mieb import SOURCE as IMAGE_SOURCE
from zoograph.data.collections.public.mteb_tasks import MtebTask, read_task_table
from zoograph.data.collections.public.mteb_text import SELF_REPORTED
from zoograph.data.collections.public.mteb_text import SOURCE as TEXT_SOURCE
from zoograph.data.errors import RawDataError
from zoograph.data.ingest.tables import Reject, Row, RowTable
from zoograph.data.networks.model_names import Naming, read_name_table
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Metric, Protocol

_META = "model_meta.json"
_ZERO_SHOT = "ZeroShot"
_USUAL_SPLITS = ("test", "validation", "valid", "dev")
_USUAL_SUBSETS = ("default", "en", "eng")
_EXPERIMENTS = "scores_per_experiment"
# Digits of the experiments in the tables that ship, of whose rounded values the spread is taken.
_DIGITS = {IMAGE_SOURCE: 5}
_MOST_NAMED = 5
# Our field of a card -> MTEB's.
_CARD_FIELDS = {
    "model.parameters": "n_parameters",
    "model.num_features": "embed_dim",
    "model.licence": "license",
    "model.released": "release_date",
    "model.hub_id": "name",
}

_Outcome = Row | Reject | str
"""A row, one that does not go in, or why a file is passed over."""


def read_mteb(folder: Path) -> RowTable:
    """Return the classifications in a folder of MTEB's or MIEB's results, one a row.

    A logistic regression on features is a probe, the mean over its experiments with their standard deviation as
    ``spread``; a task called ``…ZeroShot`` is zero-shot classification. Tasks with several right answers are measured
    by how these are ranked. Of a task that the zoo knows, the split and the subset are read that its other runs are
    about. Retrieval, clustering and whatever else is no classification is passed over, counted and named. So are
    results on texts of models whose image tower is a model of timm.

    Args:
        folder: with ``organisation__model/revision/Task.json`` at any depth, and ``model_meta.json`` beside the tasks.

    Raises:
        RawDataError: if it is no folder, or holds no results or no classification.
    """
    if not folder.is_dir():
        raise RawDataError(f"'{folder}' is no folder. Give the folder of MTEB's results.")
    files = sorted(path for path in folder.resolve().rglob("*.json") if path.name != _META)
    if not files:
        raise RawDataError(f"'{folder}' has no result files (organisation__model/revision/Task.json). Give another.")
    metas = {parent: _read_meta(parent) for parent in {path.parent for path in files}}
    rows, passed_over = list[Row | Reject](), dict[str, Counter[str]]()
    for line, path in enumerate(files, start=1):
        for outcome in _read_file(line, path, metas[path.parent]):
            if isinstance(outcome, str):
                passed_over.setdefault(outcome, Counter())[path.stem] += 1
            else:
                rows.append(outcome)
    notes = tuple(_explain(reason, names) for reason, names in passed_over.items())
    if not rows:
        raise RawDataError(f"'{folder}' has no classification of MTEB or MIEB: {' '.join(notes)} Give another folder.")
    return RowTable(folder.resolve().name, rows, notes)


def _explain(reason: str, names: Counter[str]) -> str:
    shown = [name for name, _ in names.most_common(_MOST_NAMED)]
    more = f" and {len(names) - len(shown):,} more tasks" if len(names) > len(shown) else ""
    return f"{sum(names.values()):,} passed over, because {reason}: {', '.join(shown)}{more}."


def _read_meta(folder: Path) -> Mapping[str, Any]:
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return meta if isinstance(meta, dict) else {}


def _read_file(line: int, path: Path, meta: Mapping[str, Any]) -> Iterator[_Outcome]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        yield Reject(line, f"{path.name} cannot be read: {error}", str(path))
        return
    scores = document.get("scores") if isinstance(document, dict) else None
    if not isinstance(scores, dict):
        yield "they are no results of MTEB since version 1.11"
        return
    name = str(document.get("task_name") or path.stem)
    model, revision = _find_model(path, meta)
    if model is None:
        reason = f"{path.name} does not say its model: its folder is no organisation__model/revision"
        yield Reject(line, reason, str(path))
        return
    task = read_task_table().get(name)
    entry = _choose(scores, task)
    if entry is None:
        yield "the zoo's runs are about another split or subset of the task"
        return
    split, score = entry
    protocol = _find_protocol(name, task, score)
    if protocol is None:
        yield "they are no classification"
        return
    if task is not None and task.modality is Modality.TEXT and _is_tower(model):
        yield "their model is in the zoo as an image tower, which reads no texts"
        return
    cells = {"model": model, "dataset": name, "protocol": protocol.value, **_measure(score, task, revision)}
    if task is None or split != task.split:
        cells["hyperparameters"]["split"] = split
    yield Row(line, cells | ({} if _is_tower(model) else _describe(meta)))


def _find_model(path: Path, meta: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return name and revision of a model: what its description says, and else its folders."""
    folder, above = path.parent.name, path.parent.parent.name
    if "__" in folder:
        named, revision = folder, None
    else:
        named, revision = (above if "__" in above else ""), folder
    name = meta.get("name") or named.replace("__", "/", 1)
    return (str(name) if name else None), (str(meta.get("revision") or revision or "") or None)


def _is_tower(model: str) -> bool:
    """Whether the zoo knows a model of MIEB by its image tower, which is one of timm's."""
    found = read_name_table().get((Naming.MIEB, model))
    return found is not None and "/" not in found


def _choose(scores: Mapping[str, Any], task: MtebTask | None) -> tuple[str, Mapping[str, Any]] | None:
    """Return the split that counts and what was measured on it."""
    splits = (task.split,) if task is not None else (*_USUAL_SPLITS, *scores)
    subsets = (task.subset,) if task is not None else _USUAL_SUBSETS
    split = next((name for name in splits if isinstance(scores.get(name), list) and scores[name]), None)
    if split is None:
        return None
    entries = [entry for entry in scores[split] if isinstance(entry, dict)]
    chosen = [entry for name in subsets for entry in entries if entry.get("hf_subset") == name]
    if not chosen and (len(entries) != 1 or task is not None):
        return None
    return split, (chosen or entries)[0]


def _find_protocol(name: str, task: MtebTask | None, score: Mapping[str, Any]) -> Protocol | None:
    if not isinstance(score.get("accuracy"), int | float):
        return None
    if task is not None:
        return task.protocol
    if name.endswith(_ZERO_SHOT):
        return Protocol.ZERO_SHOT
    return Protocol.PROBE if score.get(_EXPERIMENTS) else None


def _measure(score: Mapping[str, Any], task: MtebTask | None, revision: str | None) -> dict[str, Any]:
    source = TEXT_SOURCE if task is None else task.source
    ranks = isinstance(score.get("lrap"), int | float)
    metric, name = (Metric.LRAP, "lrap") if ranks else (Metric.TOP1, "accuracy")
    experiments = [
        round(float(one["accuracy"]), _DIGITS.get(source, 6))
        for one in score.get(_EXPERIMENTS) or ()
        if isinstance(one, dict) and isinstance(one.get("accuracy"), int | float)
    ]
    settings: dict[str, Any] = {} if revision is None else {"revision": revision}
    if metric is Metric.TOP1 and len(experiments) > 1:
        settings["spread"] = round(stdev(experiments), 5)
    if revision == SELF_REPORTED:
        settings["self_reported"] = True
    return {
        "metric": metric.value,
        "value": round(float(score[name]), 6),
        "repeats": len(experiments) or None,
        "shots": None if task is None else task.shots,
        "train_size": None if task is None else task.train_size,
        "test_size": None if task is None else task.test_size,
        "source": source,
        "hyperparameters": settings,
    }


def _describe(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a description knows of a model, as fields of its card."""
    fields = {field: meta[name] for field, name in _CARD_FIELDS.items() if meta.get(name)}
    modalities = meta.get("modalities")
    if fields and isinstance(modalities, Sequence) and not isinstance(modalities, str):
        fields["model.modalities"] = ";".join(map(str, modalities))
    return fields
