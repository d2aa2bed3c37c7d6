"""What was measured: questions about the runs that count, answered without reading the whole store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import WARNINGS, Metric, Protocol
from zoograph.data.store import schema
from zoograph.data.store.selection import counted_runs, modality_of
from zoograph.data.store.soundness.reading import read_sound, read_sound_cards, tell
from zoograph.data.store.soundness.run_weights import mean_of_runs


@dataclass(frozen=True)
class Measured:
    """What was measured of one pair: the mean over its runs, how many there are, and what they were stored with.

    Attributes:
        value: the mean, see :func:`zoograph.data.store.soundness.run_weights.run_weights`.
        num_runs: how many runs it is over.
        warnings: what is to be known before the value is believed, see :data:`zoograph.data.records.records.WARNINGS`.
    """

    value: float
    num_runs: int
    warnings: tuple[str, ...] = ()


def count_ways(connection: Connection, datasets: Sequence[str]) -> dict[tuple[Protocol, Metric, str], int]:
    """Return how many runs on ``datasets`` there are of each protocol, metric and modality.

    The most frequent comes first.
    """
    runs, cards = schema.runs.c, schema.datasets.c
    columns = (runs.dataset, runs.protocol, runs.metric)
    counted = sa.select(*columns, sa.func.count()).where(*counted_runs(), runs.dataset.in_(datasets))
    rows = connection.execute(counted.group_by(*columns)).all()
    # Cards are long: each is looked at once, rather than for every run.
    known = sa.select(cards.id, modality_of(cards.card)).where(cards.id.in_({row[0] for row in rows}))
    modality = {id: str(kind) for id, kind in connection.execute(known)}
    found: dict[tuple[Protocol, Metric, str], int] = {}
    for dataset, protocol, metric, count in rows:
        if protocol not in set(Protocol) or metric not in set(Metric) or dataset not in modality:
            continue  # the row was changed on disk, and is left out wherever it is read
        way = Protocol(protocol), Metric(metric), modality[dataset]
        found[way] = found.get(way, 0) + int(count)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def average_runs(
    connection: Connection, model: str, datasets: Sequence[str], protocol: Protocol, metric: Metric
) -> dict[str, Measured]:
    """Return what was measured of ``model``, by dataset; unmeasured datasets are left out."""
    runs = schema.runs.c
    asked = (runs.model == model, runs.dataset.in_(datasets), *counted_runs(protocol, metric))
    rows, damaged = read_sound(connection, schema.runs, ("dataset", "value", "test_size", "hyperparameters"), *asked)
    tell(damaged)
    values: dict[str, list[tuple[float, float | None]]] = {}
    warnings: dict[str, dict[str, None]] = {}
    for dataset, value, test_size, settings in rows:
        values.setdefault(dataset, []).append((value, test_size))
        said = (settings or {}).get(WARNINGS)
        warnings.setdefault(dataset, {}).update(dict.fromkeys(map(str, said if isinstance(said, list) else ())))
    return {
        dataset: Measured(mean_of_runs(*zip(*found, strict=True)), len(found), tuple(warnings[dataset]))
        for dataset, found in values.items()
    }


def find_measured_models(
    connection: Connection, datasets: Sequence[str], protocol: Protocol, metric: Metric
) -> tuple[ModelCard, ...]:
    """Return the cards of the models with runs on some of ``datasets``, by id."""
    runs, models = schema.runs.c, schema.models.c
    chosen = sa.select(runs.model).where(runs.dataset.in_(datasets), *counted_runs(protocol, metric))
    cards, damaged = read_sound_cards(connection, schema.models, ModelCard, models.id.in_(chosen))
    tell(damaged)
    return tuple(cards.values())
