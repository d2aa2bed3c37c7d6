"""What a store holds, with the runs of a pair that came together as one row, from what is kept of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.soundness.columns import Columns
from zoograph.data.store.soundness.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

    from zoograph.data.records.zoo import Zoo


_NAMES_OF = {"model": "model", "dataset": "dataset", "other": "dataset", "corpus": "dataset"}


class BatchNames(NamedTuple):
    """What the records of a batch are about: ids of models and datasets."""

    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()


def summary_zoo(
    kept: Kept, models: Mapping[str, ModelCard], datasets: Mapping[str, DatasetCard]
) -> tuple[Zoo, pd.Series[str]]:
    """Return cards and records, and the batch of each row of ``runs``, which is for several runs, with their means.

    Failed runs are left out, as are records of models and datasets that have no sound card.
    """
    from zoograph.data.records.zoo import INFLUENCE_COLUMNS, RELATION_COLUMNS, SCORE_COLUMNS, Zoo

    kinds = {"model": models, "dataset": datasets, "other": datasets, "corpus": datasets}

    def known(table: str) -> Columns:
        rows = kept.tables[table]
        ends = [rows.among(name, kinds[name]) for name in rows.codes if name in kinds]
        return rows.at(np.logical_and.reduce(ends))

    runs = known("runs")
    runs = runs.at(~runs.among("state", ["failed"]))
    table = runs.to_frame()
    state = table.pop("state")
    for name, sign in (("test_size", "t"), ("shots", "s")):
        table[name] = (table[name] / table["num_runs"]).where(state.str.contains(sign))
    table["value"] /= table["num_runs"]
    others = (("scores", SCORE_COLUMNS), ("relations", RELATION_COLUMNS), ("influences", INFLUENCE_COLUMNS))
    frames = (known(name).to_frame()[list(columns)] for name, columns in others)
    batches = table.pop("batch")
    return Zoo(models, datasets, table, *frames), batches


def count_by_batch(
    runs: Columns,
    protocol: Protocol | None,
    metric: Metric,
    model: str | None,
    datasets: Sequence[str],
    among: Collection[str] | None,
) -> dict[str, int]:
    """Return the number of runs in each batch that has some, see :meth:`RecordStore.count_runs_by_batch`.

    Args:
        runs: as kept.
        protocol: as there, like ``metric``, ``model`` and ``datasets``.
        metric: of the runs.
        model: id.
        datasets: ids.
        among: ids of the datasets of the modality; None for all.
    """
    chosen = counted(runs, protocol, metric)
    if among is not None:
        chosen &= runs.among("dataset", among)
    if model is not None or datasets:
        chosen &= runs.among("model", [] if model is None else [model]) | runs.among("dataset", datasets)
    number = np.bincount(runs.codes["batch"][chosen], runs.numbers["num_runs"][chosen], len(runs.words["batch"]))
    return {batch: int(n) for batch, n in zip(runs.words["batch"], number, strict=True) if n}


def names_by_batch(tables: Mapping[str, Columns]) -> dict[str, BatchNames]:
    """Return the models and the datasets that the records of each batch are about, each once, by name.

    Args:
        tables: as kept.
    """
    models, datasets = dict[str, set[str]](), dict[str, set[str]]()
    for rows in tables.values():
        for column, found in _NAMES_OF.items():
            if column in rows.codes:
                for batch, name in _pairs(rows, "batch", column):
                    (models if found == "model" else datasets).setdefault(batch, set()).add(name)
    none = set[str]()
    return {
        batch: BatchNames(tuple(sorted(models.get(batch, none))), tuple(sorted(datasets.get(batch, none))))
        for batch in models.keys() | datasets.keys()
    }


def _pairs(
    rows: Columns, first: str, second: str, chosen: NDArray[np.bool_] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the words of two columns that occur together in the ``chosen`` (n,) rows, each pair once; default: all."""
    many = max(1, len(rows.words[second]))
    codes = rows.codes[first].astype(np.int64) * many + rows.codes[second]
    for code in np.unique(codes if chosen is None else codes[chosen]).tolist():
        yield rows.words[first][code // many], rows.words[second][code % many]


def count_all_ways(runs: Columns, kinds: Mapping[str, str]) -> dict[tuple[Protocol, Metric, str], int]:
    """Return how many runs there are of each protocol, metric and modality, the most frequent first.

    Args:
        runs: as kept.
        kinds: the modality of each dataset.
    """
    found = Counter[tuple[Protocol, Metric, str]]()
    sound = runs.at(~runs.among("state", ["failed"]))
    for (protocol, metric, dataset), count in _count(sound, "protocol", "metric", "dataset"):
        if dataset in kinds:
            found[Protocol(protocol), Metric(metric), kinds[dataset]] += count
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def count_sources(runs: Columns) -> dict[tuple[str, Protocol], int]:
    """Return how many runs there are of each source and protocol, failed ones too."""
    counts = {(source, Protocol(protocol)): count for (source, protocol), count in _count(runs, "source", "protocol")}
    return dict(sorted(counts.items()))


def _count(runs: Columns, *names: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the words of some columns that occur together, and of how many runs they are."""
    words, codes = {name: runs.words[name] for name in names}, {name: runs.codes[name] for name in names}
    summed = Columns(words, codes, {"num_runs": runs.numbers["num_runs"]}).summed()
    texts = zip(*(summed.texts(name) for name in names), strict=True)
    yield from zip(texts, summed.numbers["num_runs"].astype(int).tolist(), strict=True)


def measured_among(runs: Columns, column: str, ids: Sequence[str], protocol: Protocol, metric: Metric) -> set[str]:
    """Return those of ``ids`` of a column that have a run of a protocol and metric."""
    codes = runs.codes[column][counted(runs, protocol, metric) & runs.among(column, ids)]
    return {runs.words[column][code] for code in np.unique(codes)}


def count_models(
    runs: Columns, datasets: Sequence[str], protocol: Protocol, metric: Metric, without: str | None = None
) -> tuple[int, ...]:
    """Return how many models have a run of a protocol and metric on each of ``datasets``, one model not counted."""
    chosen = counted(runs, protocol, metric) & runs.among("dataset", datasets)
    number = Counter(dataset for dataset, model in _pairs(runs, "dataset", "model", chosen) if model != without)
    return tuple(number[dataset] for dataset in datasets)


def counted(runs: Columns, protocol: Protocol | None, metric: Metric) -> NDArray[np.bool_]:
    """Return (n,) which rows are of a metric and a protocol (None for any) and did not fail."""
    chosen = ~runs.among("state", ["failed"]) & runs.among("metric", [metric.value])
    return chosen if protocol is None else chosen & runs.among("protocol", [protocol.value])
