"""What was measured: questions about the runs that count, answered without reading the whole store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store import schema
from zoograph.data.store.selection import counted_runs, modality_of


@dataclass(frozen=True)
class Measured:
    """What was measured of one pair: the mean over its runs, and how many there are."""

    value: float
    num_runs: int


def count_ways(connection: Connection, datasets: Sequence[str] | None) -> dict[tuple[Protocol, Metric, str], int]:
    """Return how many runs on ``datasets`` (default: all) there are of each protocol, metric and modality.

    The most frequent comes first.
    """
    runs, cards = schema.runs.c, schema.datasets.c
    columns = (runs.protocol, runs.metric, modality_of(cards.card).label("modality"))
    query = (
        sa.select(*columns, sa.func.count())
        .join_from(schema.runs, schema.datasets, runs.dataset == cards.id)
        .where(*counted_runs(), *([] if datasets is None else [runs.dataset.in_(datasets)]))
        .group_by(*columns)
    )
    rows = sorted(connection.execute(query), key=lambda row: (-row[3], *row[:3]))
    return {(Protocol(row[0]), Metric(row[1]), str(row[2])): int(row[3]) for row in rows}


def average_runs(
    connection: Connection, model: str, datasets: Sequence[str], protocol: Protocol, metric: Metric
) -> dict[str, Measured]:
    """Return what was measured of ``model``, by dataset; unmeasured datasets are left out."""
    runs = schema.runs.c
    query = (
        sa.select(runs.dataset, sa.func.avg(runs.value), sa.func.count())
        .where(runs.model == model, runs.dataset.in_(datasets), *counted_runs(protocol, metric))
        .group_by(runs.dataset)
    )
    return {name: Measured(float(value), int(n)) for name, value, n in connection.execute(query)}


def find_measured_models(
    connection: Connection, datasets: Sequence[str], protocol: Protocol, metric: Metric
) -> tuple[ModelCard, ...]:
    """Return the cards of the models with runs on some of ``datasets``, by id."""
    runs, models = schema.runs.c, schema.models.c
    chosen = sa.select(runs.model).where(runs.dataset.in_(datasets), *counted_runs(protocol, metric))
    cards = [
        ModelCard.model_validate(card)
        for card in connection.execute(sa.select(models.card).where(models.id.in_(chosen))).scalars()
    ]
    return tuple(sorted(cards, key=lambda card: card.id))


def find_unmeasured(
    connection: Connection, models: Sequence[str], datasets: Sequence[str], protocol: Protocol, metric: Metric
) -> tuple[str, ...]:
    """Return those of ``models`` and of ``datasets`` that have no run anywhere, in this order."""
    left: list[str] = []
    for column, ids in ((schema.runs.c.model, models), (schema.runs.c.dataset, datasets)):
        query = sa.select(column).distinct().where(column.in_(ids), *counted_runs(protocol, metric))
        measured = set(connection.execute(query).scalars())
        left += [id for id in ids if id not in measured]
    return tuple(left)
