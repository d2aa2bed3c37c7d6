"""Entries of lists: what is said of a model, a dataset or a collection in one row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from zoograph.data.collections.citations import summarise
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.catalogue import Entry, count_sources
from zoograph.data.records.published import copied_from, is_published
from zoograph.data.records.records import Protocol
from zoograph.data.records.sources import collection_of
from zoograph.scripts.zoo.rows import Rows


def model_row(entry: Entry[ModelCard]) -> dict[str, Any]:
    """Return what the list of models says of one."""
    card = entry.card
    return {
        "model": card.id,
        "family": card.family,
        "modalities": list(card.modalities),
        "objective": card.objective and card.objective.value,
        "corpora": list(card.trained_on),
        "parameters": card.parameters,
        "gmacs": card.gmacs,
        "input_size": card.input_size,
        "num_features": card.num_features,
        "max_tokens": card.max_tokens,
        "languages": list(card.languages),
        "derived_from": [step.model for step in card.derived_from],
        "imagenet_top1": card.imagenet_top1,
        "licence": card.licence,
        "released": card.released,
        "published": is_published(card),
        "copied_from": copied_from(card),
        **count_columns(entry.runs),
        "source": card.source,
    }


def dataset_row(entry: Entry[DatasetCard]) -> dict[str, Any]:
    """Return what the list of datasets says of one."""
    card = entry.card
    return {
        "dataset": card.id,
        "family": card.family,
        "modality": card.modality,
        "domain": card.domain,
        "num_classes": card.num_classes,
        "num_samples": card.num_samples or sum(card.splits.values()) or None,
        "labels": len(card.labels),
        **count_columns(entry.runs),
        "source": card.source,
    }


def count_columns(runs: Counter[Protocol]) -> dict[str, int]:
    """Return the columns that say how many runs there are, altogether and by protocol."""
    return {"runs": runs.total(), **{f"runs_{protocol.value}": runs[protocol] for protocol in Protocol}}


def collection_rows(
    models: Mapping[str, ModelCard], datasets: Mapping[str, DatasetCard], runs: Mapping[str, Counter[Protocol]]
) -> Rows:
    """Return a row of each collection, those with most runs first; what zoograph itself measured is one.

    Args:
        models: cards by id.
        datasets: cards by id.
        runs: number by protocol of each source.
    """
    known = Counter(count_sources(models.values())), Counter(count_sources(datasets.values()))
    number = defaultdict[str, Counter[Protocol]](Counter)
    for source, counts in runs.items():
        number[collection_of(source)] += counts
    names = sorted({*known[0], *known[1], *number}, key=lambda name: (-number[name].total(), name))
    return [
        {
            "collection": name,
            "models": known[0][name],
            "datasets": known[1][name],
            **count_columns(number[name]),
            "about": summarise(name),
        }
        for name in names
    ]
