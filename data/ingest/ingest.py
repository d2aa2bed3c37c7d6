"""Ingest: accuracies or transferability scores of anybody's tables become records of the store, all in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoograph.data.home import make_home
from zoograph.data.ingest.checks import load_cards
from zoograph.data.ingest.names import FoundNames, resolve_names
from zoograph.data.ingest.reader import SOURCE, IngestSettings
from zoograph.data.ingest.rejects import Rejects
from zoograph.data.ingest.report import IngestReport, TableReport
from zoograph.data.ingest.runs import RunReader
from zoograph.data.ingest.scores import ScoreReader
from zoograph.data.ingest.tables import Table
from zoograph.data.networks.find_model import explain_names
from zoograph.data.records.records import Run, Score
from zoograph.data.store.batches import new_batch
from zoograph.data.store.store import RecordStore

__all__ = ["SOURCE", "IngestReport", "IngestSettings", "TableReport", "ingest"]


def ingest(
    store: RecordStore,
    tables: Sequence[Table],
    settings: IngestSettings | None = None,
    rejects: Path | None = None,
    dry_run: bool = False,
    origin: str = "",
) -> IngestReport:
    """Read tables twice, once to learn their names and units and once for their records, and store what is new.

    Rows with a fault go to the file of rejects, and the others into the store: all in one transaction, or none.

    Args:
        store: where they go.
        tables: see :func:`zoograph.data.ingest.tables.open_table`.
        settings: how they are to be read.
        rejects: the file for rows that do not go in; by default one in the home, if there are any.
        dry_run: count, and store nothing.
        origin: of the batch, in words; by default the names of the tables.

    Raises:
        RawDataError: if a table cannot be read, has not the columns or is in doubt as a whole, or the rejects cannot be
            written.
        StoreError: if the database refuses; nothing was changed then.
    """
    settings, batch, names = settings or IngestSettings(), new_batch(), FoundNames()
    make, kind = (ScoreReader, Score) if settings.scores else (RunReader, Run)
    readers = [make(table, settings, names) for table in tables]
    resolved = resolve_names(names, store.names(), settings.source, settings.add_unknown)
    for reader in readers:
        reader.decide(resolved)
    cards = load_cards(store, resolved, names)
    path = rejects or (None if dry_run else make_home() / "rejects" / f"{batch}.csv")
    with Rejects(path, always=rejects is not None) as log:
        records = (record for reader in readers for record in reader.records(resolved, cards, log))
        with store.stage(records, kind) as staged:
            log.finish()
            models = [card for card in resolved.new_models.values() if any(card.id in r.models for r in readers)]
            datasets = [card for card in resolved.new_datasets.values() if any(card.id in r.datasets for r in readers)]
            if dry_run:
                new = staged.count_new()
            else:
                new = staged.store(models, datasets, batch, origin or ", ".join(table.name for table in tables))
        published = log.publish()
    stored = set[str]().union(*(reader.models for reader in readers))
    meanings = explain_names({name: model for name, model in resolved.models.items() if model in stored})
    return IngestReport(
        batch if new and not dry_run else None,
        dry_run,
        tuple(reader.report() for reader in readers),
        new,
        tuple(card.id for card in models),
        tuple(card.id for card in datasets),
        settings.protocol,
        log.reasons,
        published,
        "scores" if settings.scores else "runs",
        tuple(meanings),
    )
