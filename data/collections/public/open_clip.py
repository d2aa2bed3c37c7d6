"""OpenCLIP's results: image-text models on 38 tasks, zero-shot; and linear probes of their image towers.

The models are named by an architecture and the data it was trained on. Where timm has the image tower, that weight is
the node; the text tower takes part in zero-shot classification all the same, which is why it is a protocol of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoograph.data.collections.model_names import OPEN_CLIP_PAIRS
from zoograph.data.collections.public.openclip_tasks import find_openclip_task
from zoograph.data.collections.public_datasets import LEFT_OUT, find_public_dataset
from zoograph.data.collections.tables import make_row, read_rows
from zoograph.data.networks.registry.timm_tags import take_corpora
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run

SOURCE = "open-clip"

_RESULTS, _PROFILE, _TO_TIMM = "openclip_results.csv", "model_profile.csv", "openclip_to_timm.csv"
# What an architecture's name has in it -> its family.
_FAMILIES = {"ViT": "vit", "nllb-clip": "vit", "convnext": "convnext", "RN": "resnet"}
_NOT_TASKS = ("name", "pretrained", "params (M)", "FLOPs (B)", "Average perf. on 38 datasets")


def read_open_clip(folder: Path) -> Collection:
    """Read the zero-shot table; every task is in its own metric; retrieval has no classes and is left out.

    Weights that the table has under two names, with and without their activation, have the same values twice: once is
    enough.

    Args:
        folder: holds the three files.

    Raises:
        RawDataError: if a file is missing or a row does not fit.
        UnknownName: if nobody knows a dataset.
    """
    towers = read_towers(folder)
    path = folder / _RESULTS
    rows = list(read_rows(path, _NOT_TASKS))
    runs = [
        make_row(
            Run,
            {
                "model": tower_id(cells["name"], cells["pretrained"], towers),
                "dataset": find_public_dataset(task),
                "protocol": Protocol.ZERO_SHOT,
                "metric": find_openclip_task(task).metric,
                "test_size": find_openclip_task(task).test_size,
                "value": value,
                "source": SOURCE,
            },
            path,
            line,
        )
        for line, cells in rows
        for task, value in cells.items()
        if task not in _NOT_TASKS and task not in LEFT_OUT and value
    ]
    names = {(cells["name"], cells["pretrained"]) for _, cells in rows}
    distinct = {run.identity: run for run in runs}
    return Collection(models=tuple(tower_cards(folder, names)), runs=tuple(distinct.values()))


def read_towers(folder: Path) -> dict[tuple[str, str], str]:
    """Return the weight of timm that is the image tower of an (architecture, training data), where there is one."""
    rows = read_rows(folder / _TO_TIMM, ("name", "pretrained", "timm_name"))
    mapped = {(cells["name"], cells["pretrained"]): cells["timm_name"] for _, cells in rows if cells["timm_name"]}
    return {pair: weights for pair, (weights, _) in OPEN_CLIP_PAIRS.items()} | mapped


def tower_id(name: str, pretrained: str, towers: dict[tuple[str, str], str]) -> str:
    """Return the id of a model: timm's weight, or OpenCLIP's own two names.

    >>> tower_id("ViT-B-32", "commonpool_s_text_s13m_b4k", {})
    'open_clip/ViT-B-32.commonpool_s_text_s13m_b4k'
    """
    return towers.get((name, pretrained), f"open_clip/{name}.{pretrained}")


def tower_cards(folder: Path, names: set[tuple[str, str]]) -> list[ModelCard]:
    """Return cards of the models that timm does not have, with the figures of their image towers."""
    towers, path = read_towers(folder), folder / _PROFILE
    networks = {name: weights.partition(".")[0] for (name, _), weights in towers.items()}  # OpenCLIP's -> timm's
    profile = {cells["model"]: (line, cells) for line, cells in read_rows(path, ("model", "image_mparams"))}
    cards = []
    for name, pretrained in sorted(names - towers.keys()):
        line, figures = profile.get(name, (0, {}))
        fields: dict[str, Any] = {
            "id": tower_id(name, pretrained, towers),
            "aliases": (f"{name}/{pretrained}",),
            "architecture": name,
            "timm_name": networks.get(name),
            "family": next((family for sign, family in _FAMILIES.items() if sign in name), None),
            "objective": "image_text",
            "corpora": _corpora(pretrained),
            "input_size": figures.get("image_size") or None,
            "num_features": figures.get("embed_dim") or None,
            "parameters": round(float(figures["image_mparams"]) * 1e6) if figures else None,
            "gmacs": float(figures["image_gflops"]) / 2 if figures else None,  # two operations are one multiply-add
            "source": SOURCE,
        }
        cards.append(make_row(ModelCard, fields, path, line))
    return cards


def _corpora(pretrained: str) -> tuple[str, ...]:
    """Return the corpora that a tag names, in order; before ``finetuned`` stands what was read last."""
    last, _, first = pretrained.rpartition("finetuned_")
    return tuple(corpus for part in (first, last) for corpus in take_corpora(part.split("_"))[0])
