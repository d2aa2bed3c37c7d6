"""Training material: the records, cards and texts of a store that matter to one predictor, as of one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd
from torch_geometric.data import HeteroData

from zoograph.data.records.cards import Modality
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
        zoo: cards and records, see :meth:`zoograph.data.records.zoo.Zoo.part`.
        batches: the batch of each run of ``zoo``.
        text: embeddings of every text in ``zoo``.
        protocol, metric, modality: whose runs count; those of other protocols are evidence.
        batch_digests: a token of the runs of each batch, of all protocols, which changes with every one of them.
        revision: the store's token.
        scores: token of the scores of each dataset.
        encoder_source: name or full path that finds the encoder again; None for the default one.
    """

    zoo: Zoo
    batches: pd.Series[str]
    text: TextTable
    protocol: Protocol
    metric: Metric
    batch_digests: dict[str, str] = field(default_factory=dict)
    revision: str = ""
    scores: dict[str, str] = field(default_factory=dict)
    encoder_source: str | None = None
    modality: str = Modality.IMAGE.value

    @classmethod
    def of(
        cls,
        store: RecordStore,
        protocol: Protocol,
        metric: Metric,
        encoder: str | None = None,
        modality: str = Modality.IMAGE.value,
    ) -> Material:
        """Read a store once, as of one moment, whoever writes to it meanwhile.

        Raises:
            EncoderError: if nobody knows the encoder.
        """
        state = store.read_all(metric, modality)
        zoo = state.zoo.without_hindsight().part(metric, modality)
        return cls(
            zoo,
            state.batches[state.zoo.learned(None, metric, modality)].reset_index(drop=True),
            text_for(zoo, encoder),
            protocol,
            metric,
            state.batch_digests,
            state.revision,
            state.score_digests,
            find_again(encoder),
            modality,
        )

    @cached_property
    def counted(self) -> pd.Series[bool]:
        """Which runs are records of what is asked."""
        return self.zoo.learned(self.protocol, self.metric, self.modality)

    def graph(self, vocabulary: Vocabulary | None = None, only: pd.Series[bool] | None = None) -> HeteroData:
        """Return the graph of all runs, or ``only`` of these."""
        zoo = self.zoo if only is None else self.zoo.with_runs(self.zoo.runs[only])
        return build_graph(zoo, self.text.lookup, self.protocol, self.metric, vocabulary)
