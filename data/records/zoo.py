"""Zoo: the cards and records of a store as tables in memory, from which graphs are built."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.naming.spellings import UNREAD_SCORES
from zoograph.data.records.records import Metric, Protocol, Record

RUN_COLUMNS = (
    "model",
    "dataset",
    "protocol",
    "metric",
    "value",
    "train_size",
    "test_size",
    "source",
    "shots",
    "input_size",
    "repeats",
    "failure",
)
SCORE_COLUMNS = ("model", "dataset", "name", "value", "source")
RELATION_COLUMNS = ("dataset", "other", "name", "value", "source")
INFLUENCE_COLUMNS = ("label", "corpus", "dataset", "name", "value", "standard_error", "source")


@dataclass(frozen=True)
class Zoo:
    """Cards and records of a model zoo.

    Attributes:
        models: cards by id.
        datasets: cards by id, targets and pre-training corpora alike.
        runs: one row a run, with ``RUN_COLUMNS``; ``value`` in [0, 1], sizes are NaN where not known. With a column
            ``num_runs``, a row is so many runs: their means, and the sum of ``repeats``.
        scores: one row a score, with ``SCORE_COLUMNS``.
        relations: one row a measured pair of datasets, with ``RELATION_COLUMNS``; symmetric, each pair once.
        influences: one row what a class of a corpus does to a target, with ``INFLUENCE_COLUMNS``.
    """

    models: Mapping[str, ModelCard]
    datasets: Mapping[str, DatasetCard]
    runs: pd.DataFrame
    scores: pd.DataFrame
    relations: pd.DataFrame
    influences: pd.DataFrame = field(default_factory=lambda: _frame((), INFLUENCE_COLUMNS))

    def __post_init__(self) -> None:
        missing = [name for name in RUN_COLUMNS if name not in self.runs]
        if missing:  # what no run says may be left out
            object.__setattr__(self, "runs", self.runs.reindex(columns=[*self.runs, *missing]))

    @classmethod
    def of(cls, collection: Collection) -> Zoo:
        """Return a collection's cards and records, as they would come out of a store."""
        return cls(
            {card.id: card for card in sorted(collection.models, key=lambda card: card.id)},
            {card.id: card for card in sorted(collection.datasets, key=lambda card: card.id)},
            _frame(collection.runs, RUN_COLUMNS),
            _frame(collection.scores, SCORE_COLUMNS),
            _frame(collection.relations, RELATION_COLUMNS),
            _frame(collection.influences, INFLUENCE_COLUMNS),
        )

    @property
    def num_runs(self) -> pd.Series[float]:
        """How many runs each row of ``runs`` is the mean of: one, unless a store summed them up."""
        return self.runs["num_runs"] if "num_runs" in self.runs else pd.Series(1.0, index=self.runs.index)

    @property
    def _records(self) -> tuple[pd.DataFrame, ...]:
        return self.runs, self.scores, self.relations, self.influences

    def with_cards(self, models: Iterable[ModelCard] = (), datasets: Iterable[DatasetCard] = ()) -> Zoo:
        """Return a copy that also knows these cards; a card of a known id is left as it was."""
        return replace(
            self,
            models={**{card.id: card for card in models}, **self.models},
            datasets={**{card.id: card for card in datasets}, **self.datasets},
        )

    def with_runs(self, runs: pd.DataFrame) -> Zoo:
        """Return a copy that knows these runs and no others."""
        return replace(self, runs=runs.reset_index(drop=True))

    def with_names(self, scores: Iterable[str], relations: Iterable[str], influences: Iterable[str]) -> Zoo:
        """Return a copy that knows scores, relations and influences of these names and no others."""
        return replace(
            self,
            scores=self.scores[self.scores["name"].isin(list(scores))].reset_index(drop=True),
            relations=self.relations[self.relations["name"].isin(list(relations))].reset_index(drop=True),
            influences=self.influences[self.influences["name"].isin(list(influences))].reset_index(drop=True),
        )

    def without_hindsight(self) -> Zoo:
        """Return a copy without :data:`~zoograph.data.records.naming.spellings.UNREAD_SCORES`."""
        return replace(self, scores=self.scores[~self.scores["name"].isin(UNREAD_SCORES)].reset_index(drop=True))

    def collection(self, source: str) -> Zoo:
        """Return the part of one source: its models and datasets, the corpora behind them, and its records."""
        models = {key: card for key, card in self.models.items() if source in card.source.split("; ")}
        corpora = {name for card in models.values() for name in card.trained_on}
        datasets = {
            key: card for key, card in self.datasets.items() if source in card.source.split("; ") or key in corpora
        }
        frames = (frame[frame["source"] == source] for frame in self._records)
        return Zoo(models, datasets, *(frame.reset_index(drop=True) for frame in frames))

    def learned(self, protocol: Protocol | None, metric: Metric, modality: str | None = None) -> pd.Series[bool]:
        """Return which runs count as records of a protocol and a metric: those that did not fail.

        Args:
            protocol: what was done; None for anything.
            metric: what was measured.
            modality: of the datasets, see :class:`zoograph.data.records.cards.Modality`; default: any.
        """
        runs = self.runs
        kept = (runs["metric"] == metric.value) & runs["failure"].isna()
        if protocol is not None:
            kept &= runs["protocol"] == protocol.value
        if modality is not None:
            kept &= runs["dataset"].isin([key for key, card in self.datasets.items() if card.modality == modality])
        return kept

    def part(
        self,
        metric: Metric,
        modality: str | None = None,
        models: Iterable[str] = (),
        datasets: Iterable[str] = (),
    ) -> Zoo:
        """Return what matters to a predictor of one metric and modality, so that a graph of it stays small.

        These are the runs that did not fail, in order, of all protocols, because what one measured is evidence of
        another; the datasets that they were measured on, and those asked for; the models that were measured or scored
        on one of these, and those asked for; the models that these come from; and the corpora that any of them was
        trained on. Scores, relations and influences come with their two ends.

        Args:
            metric: what was measured.
            modality: of the datasets; default: any.
            models: ids to keep in any case.
            datasets: ids to keep in any case.
        """
        runs = self.runs[self.learned(None, metric, modality)]
        targets = {*runs["dataset"].unique(), *datasets}
        scored = self.scores["model"][self.scores["dataset"].isin(list(targets))].unique()
        chosen = self._with_ancestors({*runs["model"].unique(), *scored, *models})
        corpora = {name for key in chosen for name in self.models[key].trained_on}
        places = targets | corpora

        def between(frame: pd.DataFrame, ends: Mapping[str, set[str]]) -> pd.DataFrame:
            kept = pd.concat([frame[end].isin(names) for end, names in ends.items()], axis=1).all(axis=1)
            return frame[kept].reset_index(drop=True)

        return Zoo(
            {key: card for key, card in self.models.items() if key in chosen},
            {key: card for key, card in self.datasets.items() if key in places},
            runs.reset_index(drop=True),
            between(self.scores, {"model": chosen, "dataset": places}),
            between(self.relations, {"dataset": places, "other": places}),
            between(self.influences, {"dataset": places}),
        )

    def _with_ancestors(self, models: set[str]) -> set[str]:
        """Return those of ``models`` that are known, and all that their weights come from."""
        found, waiting = set(), [name for name in models if name in self.models]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [parent.model for parent in self.models[name].derived_from if parent.model in self.models]
        return found

    def fingerprint(self) -> str:
        """SHA-256 over all cards and rows, in any order."""
        digest = hashlib.sha256()
        for cards in (self.models, self.datasets):
            for key in sorted(cards):
                digest.update(cards[key].model_dump_json().encode())
        for frame in self._records:
            digest.update(pd.util.hash_pandas_object(frame, index=False).sort_values().to_numpy().tobytes())
        return digest.hexdigest()


def _frame(records: Iterable[Record], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame([[getattr(row, name) for name in columns] for row in records], columns=list(columns))
