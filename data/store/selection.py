"""Selection of runs: those of one protocol and metric, on datasets of one modality, that did not fail."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store import schema


def counted_runs(
    protocol: Protocol | None = None, metric: Metric | None = None, modality: str | None = None
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on :data:`zoograph.data.store.schema.runs` under which a run counts.

    Args:
        protocol: of the run; None for any.
        metric: of the run; None for any.
        modality: of the run's dataset; None for any.
    """
    return list(_conditions(protocol, metric, modality))


def _conditions(
    protocol: Protocol | None, metric: Metric | None, modality: str | None
) -> Iterator[sa.ColumnElement[bool]]:
    runs, datasets = schema.runs, schema.datasets
    yield runs.c.failure.is_(None)
    if protocol is not None:
        yield runs.c.protocol == protocol
    if metric is not None:
        yield runs.c.metric == metric
    if modality is not None:
        yield runs.c.dataset.in_(sa.select(datasets.c.id).where(modality_of(datasets.c.card) == modality))


def modality_of(card: sa.ColumnElement[object]) -> sa.ColumnElement[str]:
    """Return the modality that a dataset's card says; one of an older store does not, and means images."""
    return sa.func.coalesce(card["modality"].as_string(), Modality.IMAGE.value)
