"""Selection: records of batches that are whole; and runs of a protocol, metric and modality that did not fail."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store import schema

ARRIVING, LEAVING = HIDDEN = ("arriving", "leaving")
"""What the store calls the batch that is being put in, or taken out, piece by piece; nobody reads it."""


def hidden_batches() -> sa.Select[tuple[str]]:
    """Return the query for the batches that are on their way; most of the time there are none."""
    key = schema.meta.c.key
    return sa.select(schema.meta.c.value).where(sa.or_(*(key == name for name in HIDDEN)))


def visible(table: sa.Table) -> sa.ColumnElement[bool]:
    """Return the condition under which a record of a table is read: its batch is there as a whole."""
    return table.c.batch.not_in(hidden_batches())


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
    yield visible(runs)
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
