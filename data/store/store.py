"""The record store: SQLite by default, any database by URL, filled with the shipped zoo on first use."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from zoograph.data.files.atomic import sweep
from zoograph.data.home import DATABASE_VARIABLE, get_home, is_writable, make_home, require_writable
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.naming.names import NameIndex, index_names
from zoograph.data.records.records import ClassInfluence, Metric, Protocol, Record, Relation, Run, Score
from zoograph.data.store import schema
from zoograph.data.store.batches import Batch, Undone, list_batches, new_batch, put_all, undo_batch
from zoograph.data.store.database import begin, explained, locate, make_engine
from zoograph.data.store.kept_reads import KeptReads, Read
from zoograph.data.store.measurements import (
    Measured,
    average_runs,
    count_ways,
    find_measured_models,
)
from zoograph.data.store.preparation import make_tables, prepare, unusable
from zoograph.data.store.rows import get_meta, pick_cards, read_cards
from zoograph.data.store.selection import counted_runs
from zoograph.data.store.soundness.kept import Kept, kept_file, read_kept, stamp_of
from zoograph.data.store.soundness.kept_digests import modalities, read_digests
from zoograph.data.store.soundness.reading import Cells, Damaged, read_sound, stream_sound, tell
from zoograph.data.store.soundness.summary import (
    BatchNames,
    count_all_ways,
    count_by_batch,
    count_models,
    count_sources,
    measured_among,
    names_by_batch,
    summary_zoo,
)
from zoograph.data.store.state import StoreState, digest_scores, read_state, read_zoo

if TYPE_CHECKING:
    from zoograph.data.records.zoo import Zoo
    from zoograph.data.store.soundness.repair import Condition
    from zoograph.data.store.staging.staging import Staging


@lru_cache
def _sweep_once(home: Path) -> None:
    """Remove what processes that were killed left of files that they wrote."""
    for top in (home / "rejects", home / "cache"):
        for folder, _, _ in os.walk(top):
            sweep(Path(folder))


class RecordStore:
    """Cards and records in a database. Every write is one transaction."""

    def __init__(self, engine: Engine, reads: KeptReads | None = None) -> None:
        self._engine, self._reads = engine, reads
        self._known: Kept | None = None

    @classmethod
    def open(cls, url: str | None = None, *, to_read: bool = False, keep: bool = False) -> RecordStore:
        """Open the store, make its tables and load the shipped zoo if it is new.

        Args:
            url: a database URL; default ``$ZOOGRAPH_DATABASE_URL``, else a SQLite file in the home.
            to_read: whether a file that is there and cannot be written will do.
            keep: whether cards, names and records that were read stay in memory until the store changes, for a process
                that answers many questions.

        Raises:
            StoreError: if it is no database, not ours, or cannot be written.
        """
        chosen, reads = url or os.environ.get(DATABASE_VARIABLE), KeptReads() if keep else None
        if chosen:
            store = cls(make_engine(chosen), reads)
        else:
            home = make_home()
            path = home / "zoograph.db"
            read_only = to_read and path.exists() and not is_writable(home)
            if not read_only:
                require_writable(home)
                _sweep_once(home)
            store = cls(make_engine(locate(path, read_only=read_only)), reads)
        try:
            prepare(store._engine)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def in_memory(cls) -> RecordStore:
        """Open a store without the zoo that ships, which is gone when it is closed."""
        store = cls(make_engine("sqlite://"))
        with begin(store._engine, write=True) as connection:
            make_tables(connection)
        return store

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def __enter__(self) -> RecordStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- writing ------------------------------------------------------------------------------

    def add(
        self,
        models: Iterable[ModelCard] = (),
        datasets: Iterable[DatasetCard] = (),
        runs: Iterable[Run] = (),
        scores: Iterable[Score] = (),
        relations: Iterable[Relation] = (),
        influences: Iterable[ClassInfluence] = (),
        batch: str | None = None,
        origin: str = "a script",
    ) -> int:
        """Add cards and records in one transaction; rows that are already there are left alone.

        A card of a known id replaces the old card. Records must name known models and datasets. Every row carries
        its source, the time, and its batch, by which :meth:`undo` takes it back.

        Args:
            models: cards.
            datasets: cards.
            runs: records; for millions, see :meth:`stage`.
            scores: records.
            relations: records.
            influences: records.
            batch: id of a batch, new or not; None for a new one.
            origin: where a new batch comes from, in words.

        Returns:
            The number of records that are new.

        Raises:
            StoreError: if a record names an unknown model or dataset, or the database refuses.
        """
        chosen = batch or new_batch()
        with explained("The records were not stored, and nothing was changed"), begin(self._engine, write=True) as c:
            return put_all(c, models, datasets, (runs, scores, relations, influences), chosen, origin)

    def stage(self, records: Iterable[Record], kind: type[Record] = Run) -> AbstractContextManager[Staging]:
        """Set any number of runs or scores aside, to be stored in one short transaction; the memory stays small.

        Args:
            records: all of one kind.
            kind: ``Run`` or ``Score``.

        Raises:
            StoreError: if there is no room for them.
        """
        from zoograph.data.store.staging.staging import stage

        return stage(self._engine, records, kind)

    def undo(self, batch: str) -> Undone:
        """Take a batch back in one transaction: its records, and the cards that nothing else names.

        A row belongs to the batch that brought it first. A card that the batch replaced stays as it is.

        Raises:
            UnknownName: if there is no such batch.
            StoreError: if it is the zoo that ships, or the database refuses.
        """
        with explained("Nothing was taken back"), begin(self._engine, write=True) as connection:
            return undo_batch(connection, batch)

    def repair(self) -> Condition:
        """Take out, in one transaction, what is not as it was stored; return what was wrong before."""
        from zoograph.data.store.soundness.repair import repair

        with explained("Nothing was repaired"), begin(self._engine, write=True) as connection:
            return repair(connection)

    # -- reading ------------------------------------------------------------------------------

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with explained(*unusable(self._engine)), begin(self._engine) as connection:
            yield connection

    def _read_kept(self, key: Hashable, read: Callable[[Connection], Read]) -> Read:
        """Return what ``read`` finds, or found at this revision if the store keeps what it read."""
        with self._read() as connection:
            if self._reads is None:
                return read(connection)
            return self._reads.get(get_meta(connection).get("revision", ""), key, lambda: read(connection))

    @property
    def revision(self) -> str:
        """A token that changes with every write."""
        with self._read() as connection:
            return get_meta(connection).get("revision", "")

    def names(self, model: str | None = None) -> NameIndex:
        """Return everything that models and datasets can be called.

        Args:
            model: if the store has models of exactly this name, other names of models may be left out.
        """
        table = schema.names.c
        query = sa.select(table.kind, table.name, table.target)
        if model is not None and self._reads is None:
            called = sa.select(table.name).where(table.kind == "model", table.name == model)
            query = query.where(sa.or_(table.kind != "model", table.name == model, ~sa.exists(called)))

        def read(connection: Connection) -> NameIndex:
            # Sorted here, because databases do not agree on the order of text.
            return index_names(sorted((kind, name, target) for kind, name, target in connection.execute(query)))

        return self._read_kept("names", read)

    def cards(self) -> tuple[dict[str, ModelCard], dict[str, DatasetCard]]:
        """Return the cards of all models and datasets by id."""

        def read(connection: Connection) -> tuple[dict[str, ModelCard], dict[str, DatasetCard]]:
            models = read_cards(connection, schema.models, ModelCard)
            return models, read_cards(connection, schema.datasets, DatasetCard)

        return self._read_kept("cards", read)

    def runs_of(self, *, model: str | None = None, datasets: Sequence[str] = ()) -> list[Run]:
        """Return all runs of a model, or of some datasets, in the order of their ids; failed ones too."""
        table, names = schema.runs, tuple(Run.model_fields)
        with self._read() as connection:
            asked = sa.or_(table.c.model == model, table.c.dataset.in_(datasets))
            rows, damaged = read_sound(connection, table, names, asked)
            tell(damaged)
            return [Run.model_validate(dict(zip(names, row, strict=True))) for row in rows]

    def count_cards(self) -> tuple[int, int]:
        """Return the numbers of models and datasets."""
        counts = (sa.select(sa.func.count()).select_from(table) for table in (schema.models, schema.datasets))
        with self._read() as connection:
            num_models, num_datasets = (int(connection.execute(query).scalar_one()) for query in counts)
            return num_models, num_datasets

    def count_sources(self) -> dict[tuple[str, Protocol], int]:
        """Return how many runs there are of each source and protocol, failed ones too."""
        with self._read() as connection:
            return count_sources(self._kept(connection).tables["runs"])

    def batches(self) -> list[Batch]:
        """Return the batches, the newest first; those without a time come last."""
        with self._read() as connection:
            return list_batches(connection)

    def names_by_batch(self) -> dict[str, BatchNames]:
        """Return the models and datasets that the records of each batch are about, from what was kept of the store."""
        with self._read() as connection:
            return names_by_batch(self._kept(connection).tables)

    def stream_runs(self, columns: Sequence[str], size: int = 10_000) -> Iterator[Sequence[Cells]]:
        """Yield the sound runs as of one moment, in the order of their ids, so many at a time."""
        damaged: list[Damaged] = []
        with self._read() as connection:
            rows = stream_sound(connection, schema.runs, columns, damaged)
            while part := list(islice(rows, size)):
                yield part
        tell(damaged)

    def count_runs(self, protocol: Protocol, metric: Metric = Metric.TOP1, modality: str | None = None) -> int:
        """Return the number of runs of one protocol and metric, on datasets of one modality or of all."""
        query = sa.select(sa.func.count()).select_from(schema.runs).where(*counted_runs(protocol, metric, modality))
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def count_runs_by_batch(
        self,
        protocol: Protocol | None,
        metric: Metric = Metric.TOP1,
        model: str | None = None,
        datasets: Sequence[str] = (),
        modality: str | None = None,
    ) -> dict[str, int]:
        """Return the number of runs of one protocol and metric in each batch that has some.

        Args:
            protocol: of the runs; None for any.
            metric: of the runs.
            model: together with ``datasets``: only runs of this model or of one of these datasets; default: all.
            datasets: ids.
            modality: of the runs' datasets; default: all.
        """
        with self._read() as connection:
            runs, kinds = self._kept(connection).tables["runs"], modalities(connection)
        among = None if modality is None else [id for id, kind in kinds.items() if kind == modality]
        return count_by_batch(runs, protocol, metric, model, datasets, among)

    def ways_measured(self, datasets: Sequence[str] | None = None) -> dict[tuple[Protocol, Metric, str], int]:
        """Return how many runs there are of each protocol, metric and modality, the most frequent first.

        Args:
            datasets: ids; default: all.
        """
        with self._read() as connection:
            if datasets is not None:
                return count_ways(connection, datasets)
            return count_all_ways(self._kept(connection).tables["runs"], modalities(connection))

    def measured_models(self, datasets: Sequence[str], protocol: Protocol, metric: Metric) -> tuple[ModelCard, ...]:
        """Return the cards of the models with runs of a protocol and metric on some of ``datasets``."""
        with self._read() as connection:
            return find_measured_models(connection, datasets, protocol, metric)

    def unmeasured(
        self, models: Sequence[str], datasets: Sequence[str], protocol: Protocol, metric: Metric
    ) -> tuple[str, ...]:
        """Return those of ``models`` and of ``datasets`` that have no run of a protocol and metric anywhere."""
        with self._read() as connection:
            runs = self._kept(connection).tables["runs"]
        ends = (("model", models), ("dataset", datasets))
        known = [measured_among(runs, column, ids, protocol, metric) for column, ids in ends]
        return tuple(id for (_, ids), there in zip(ends, known, strict=True) for id in ids if id not in there)

    def count_models(
        self, datasets: Sequence[str], protocol: Protocol, metric: Metric, without: str | None = None
    ) -> tuple[int, ...]:
        """Return how many models have a run of a protocol and metric on each of ``datasets``, one not counted."""
        with self._read() as connection:
            runs = self._kept(connection).tables["runs"]
        return count_models(runs, datasets, protocol, metric, without)

    def find_cards(
        self, models: Sequence[str] = (), datasets: Sequence[str] = ()
    ) -> tuple[tuple[ModelCard, ...], tuple[DatasetCard, ...]]:
        """Return the cards of these ids, in their order; an id that is not known is left out."""
        with self._read() as connection:
            found_models = pick_cards(connection, schema.models, ModelCard, models)
            return found_models, pick_cards(connection, schema.datasets, DatasetCard, datasets)

    def measured(
        self, model: str, datasets: Sequence[str], protocol: Protocol, metric: Metric = Metric.TOP1
    ) -> dict[str, Measured]:
        """Return what was measured of ``model``, by dataset; unmeasured datasets are left out."""
        with self._read() as connection:
            return average_runs(connection, model, datasets, protocol, metric)

    def score_digests(self, datasets: Sequence[str] | None = None) -> dict[str, str]:
        """Return a token for the scores of each of ``datasets`` (default: all) that has some; they change together.

        Scores of :data:`zoograph.data.records.naming.spellings.UNREAD_SCORES` do not count, because no predictor
        reads them.
        """
        with self._read() as connection:
            return digest_scores(connection, datasets)

    def batch_digests(self, metric: Metric = Metric.TOP1, modality: str | None = None) -> dict[str, str]:
        """Return a token for the runs of a metric in each batch that has some; they change together.

        Runs of all protocols count, because answers about one rest on the others too.
        """
        return self._read_kept(("batches", metric, modality), lambda c: self._batch_digests(c, metric, modality))

    def _batch_digests(self, connection: Connection, metric: Metric, modality: str | None) -> dict[str, str]:
        path = self._cache()
        return read_digests(connection, path and path.with_suffix(".digests.json"), metric, modality)

    def check(self) -> Condition:
        """Return what is not as it was stored: rows that do not agree with their hashes, and faults of the database."""
        from zoograph.data.store.soundness.repair import check

        with self._read() as connection:
            return check(connection)

    def snapshot(self) -> Zoo:
        """Return all cards and records, as one consistent view."""
        return self._read_kept("zoo", read_zoo)

    def summary(self) -> Zoo:
        """Return what answers need: all cards and records that did not fail, runs that came together as one row.

        From what was kept of the store, so that it takes as long as there are pairs, not runs.
        """

        def read(connection: Connection) -> Zoo:
            models = read_cards(connection, schema.models, ModelCard)
            datasets = read_cards(connection, schema.datasets, DatasetCard)
            kept = self._kept(connection)
            tell(kept.damaged)
            return summary_zoo(kept, models, datasets)[0]

        return self._read_kept("summary", read)

    def _kept(self, connection: Connection) -> Kept:
        """Return what is kept of the store's records, read once for as long as nothing comes in."""
        if self._known is None or not self._known.is_of(stamp_of(connection)):
            self._known = read_kept(connection, self._cache(), self._known)
        return self._known

    def _cache(self) -> Path | None:
        return kept_file(get_home(), self._engine.url)

    def read_all(self, metric: Metric = Metric.TOP1, modality: str | None = None) -> StoreState:
        """Return what a training on the runs of a metric needs, as of one moment, from what was kept of the store.

        Writers neither wait for it nor change what it reads.

        Raises:
            StoreError: if records are lacking and the database finds fault with its file.
        """
        with self._read() as connection:
            return read_state(connection, self._kept(connection), self._batch_digests(connection, metric, modality))
