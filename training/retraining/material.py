"""Everything that a version learns from, as of one moment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd
from torch_geometric.data import HeteroData

from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.store.store import RecordStore
from zoograph.data.text.lookup import text_for
from zoograph.data.text.table import TextTable
from zoograph.graphs.builder import Vocabulary, build_graph
from zoograph.training.versions.folders import find_again


@dataclass(frozen=True)
class Material:
    """Everything that a version learns from, as of one moment.

    Attributes:
        zoo: cards and records.
        batches: the batch of each run of ``zoo``.
        text: embeddings of every text in ``zoo``.
        protocol, metric: whose runs count.
        revision: the store's token.
        scores: token of the scores of each dataset.
        encoder_source: name or full path that finds the encoder again; None for the default one.
    """

    zoo: Zoo
    batches: pd.Series[str]
    text: TextTable
    protocol: Protocol
    metric: Metric
    revision: str = ""
    scores: dict[str, str] = field(default_factory=dict)
    encoder_source: str | None = None

    @classmethod
    def of(cls, store: RecordStore, protocol: Protocol, metric: Metric, encoder: str | None = None) -> Material:
        """Read a store; if it is written to meanwhile, read it again."""
        while True:
            revision, scores = store.revision, store.score_digests()
            zoo = store.snapshot().without_hindsight()
            batches = [batch for part in store.stream_runs(["batch"]) for (batch,) in part]
            if store.revision == revision:
                break
        text = text_for(zoo, encoder)
        batch = pd.Series(batches, dtype=str)
        return cls(zoo, batch, text, protocol, metric, revision, scores, find_again(encoder))

    @cached_property
    def counted(self) -> pd.Series[bool]:
        """Which runs are of the protocol and the metric."""
        runs = self.zoo.runs
        return (runs["protocol"] == self.protocol) & (runs["metric"] == self.metric)

    @cached_property
    def batch_digests(self) -> dict[str, str]:
        """A token of the counted runs of each batch, which changes with every one of them."""
        columns = ["model", "dataset", "value"]
        hashed = pd.util.hash_pandas_object(self.zoo.runs.loc[self.counted, columns], index=False)
        own = self.batches[self.counted]
        return {
            str(batch): hashlib.sha256(part.sort_values().to_numpy().tobytes()).hexdigest()[:16]
            for batch, part in hashed.groupby(own)
        }

    def graph(self, vocabulary: Vocabulary | None = None, only: pd.Series[bool] | None = None) -> HeteroData:
        """Return the graph of all runs, or ``only`` of these."""
        zoo = self.zoo if only is None else self.zoo.with_runs(self.zoo.runs[only])
        return build_graph(zoo, self.text.lookup, self.protocol, self.metric, vocabulary)
