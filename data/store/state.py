"""Consistent reads: the whole store as of one moment, and digests by which a later change is noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from zoograph.data.errors import StoreError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.naming.spellings import UNREAD_SCORES
from zoograph.data.records.records import Metric
from zoograph.data.store import schema
from zoograph.data.store.rows import read_cards
from zoograph.data.store.selection import counted_runs, visible
from zoograph.data.store.soundness.kept import Kept
from zoograph.data.store.soundness.reading import read_sound, tell
from zoograph.data.store.soundness.repair import check_pages
from zoograph.data.store.soundness.summary import summary_zoo

if TYPE_CHECKING:
    import pandas as pd

    from zoograph.data.records.zoo import Zoo

_BUFFER = 10_000  # rows that a server sends at a time


@dataclass(frozen=True)
class StoreState:
    """Everything that a training needs of the store, read in one transaction.

    Attributes:
        zoo: all cards and records that did not fail; runs that came together are one row of ``zoo.runs``.
        batches: the batch of each of these rows.
        batch_digests: of each batch with runs of the metric and modality, see :func:`digest_batches`.
        revision: the store's token.
        score_digests: of each dataset with scores, see :func:`digest_scores`.
    """

    zoo: Zoo
    batches: pd.Series[str]
    batch_digests: dict[str, str]
    revision: str
    score_digests: dict[str, str]


def read_state(connection: Connection, kept: Kept, batch_digests: dict[str, str]) -> StoreState:
    """Return the state of the store.

    Args:
        connection: in a transaction that sees one moment.
        kept: the records, as of that moment.
        batch_digests: likewise.

    Raises:
        StoreError: if records are lacking and the database finds fault with its file.
    """
    if kept.lacking() and (pages := check_pages(connection)):
        raise StoreError(
            f"The database says that its file is damaged ({pages[0]}). Run 'zoograph status --check --repair' first."
        )
    tell(kept.damaged)
    models = read_cards(connection, schema.models, ModelCard)
    datasets = read_cards(connection, schema.datasets, DatasetCard)
    zoo, batches = summary_zoo(kept, models, datasets)
    return StoreState(zoo, batches.astype(str), batch_digests, kept.stamp.revision, digest_scores(connection))


def read_zoo(connection: Connection) -> Zoo:
    """Return all cards and records, in the order of their ids."""
    from zoograph.data.records.zoo import INFLUENCE_COLUMNS, RELATION_COLUMNS, RUN_COLUMNS, SCORE_COLUMNS, Zoo

    models = read_cards(connection, schema.models, ModelCard)
    datasets = read_cards(connection, schema.datasets, DatasetCard)
    frames = (
        _read_frame(connection, table, columns, {"models": models, "datasets": datasets})
        for table, columns in (
            (schema.runs, RUN_COLUMNS),
            (schema.scores, SCORE_COLUMNS),
            (schema.relations, RELATION_COLUMNS),
            (schema.influences, INFLUENCE_COLUMNS),
        )
    )
    return Zoo(models, datasets, *frames)


def _read_frame(
    connection: Connection, table: sa.Table, columns: Sequence[str], cards: Mapping[str, Mapping[str, object]]
) -> pd.DataFrame:
    """Return the sound records of a table whose models and datasets have sound cards."""
    import pandas as pd

    rows, damaged = read_sound(connection, table, columns)
    tell(damaged)
    frame = pd.DataFrame(rows, columns=list(columns))
    for name in columns:
        for key in table.c[name].foreign_keys:
            known = frame[name].isin(list(cards[key.column.table.name]))
            frame = frame if known.all() else frame[known].reset_index(drop=True)
    return frame


def digest_batches(
    connection: Connection, metric: Metric, modality: str | None = None, *conditions: sa.ColumnElement[bool]
) -> dict[str, str]:
    """Return SHA-256 over the sorted ids of the runs that count in each batch that has some, see ``selection``.

    Runs of all protocols do, because answers about one rest on the others too. Only those that meet the ``conditions``.
    """
    table = schema.runs
    chosen = sa.select(table.c.batch, table.c.id).where(*counted_runs(None, metric, modality), *conditions)
    return _digest_groups(connection, chosen.order_by(table.c.id))


def digest_scores(connection: Connection, datasets: Sequence[str] | None = None) -> dict[str, str]:
    """Return SHA-256 over the sorted ids of the scores of each of ``datasets`` (default: all) that has some.

    Scores of :data:`zoograph.data.records.naming.spellings.UNREAD_SCORES` do not count, because no predictor reads
    them.
    """
    table = schema.scores
    chosen = sa.select(table.c.dataset, table.c.id).where(visible(table), table.c.name.not_in(UNREAD_SCORES))
    if datasets is not None:
        chosen = chosen.where(table.c.dataset.in_(datasets))
    return _digest_groups(connection, chosen.order_by(table.c.id))


def _digest_groups(connection: Connection, query: sa.Select[Any]) -> dict[str, str]:
    """Hash the ids of each group as they come; every database sorts hexadecimal digits alike."""
    digests: dict[str, hashlib._Hash] = {}
    for group, identity in connection.execute(query, execution_options={"yield_per": _BUFFER}):
        digests.setdefault(group, hashlib.sha256()).update(identity.encode())
    return {group: digest.hexdigest() for group, digest in digests.items()}
