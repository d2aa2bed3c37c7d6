"""The collections that are benchmarked, each as the cells of one source in a graph of everything that is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property

import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.collections.domainnet import SOURCE as DOMAINNET
from zoograph.data.collections.glyphs.zoo import read_glyph_texts, read_glyph_zoo
from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.collections.transfergraph import SOURCE as TRANSFERGRAPH
from zoograph.data.errors import UnknownName
from zoograph.data.records.cards import Modality, ModelCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.text.lookup import text_for
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, PROBE_SCORES, TRANSFERS_TO

_METRIC = Metric.TOP1
_GLYPHS = "glyphs"


def _every_model(card: ModelCard) -> bool:
    return True


def _timm_tower(card: ModelCard) -> bool:
    return card.timm_name is not None


@dataclass(frozen=True)
class Part:
    """What of the zoo one table is about.

    Attributes:
        name: of the table.
        title: for people.
        source: whose runs are left out, asked and judged.
        protocol: of the runs that are asked.
        modality: of the datasets.
        asked: which models of the source are asked; default: all.
    """

    name: str
    title: str
    source: str
    protocol: Protocol
    modality: Modality = Modality.IMAGE
    asked: Callable[[ModelCard], bool] = _every_model


PARTS = {
    part.name: part
    for part in (
        Part("domainnet", "DomainNet, heads", DOMAINNET, Protocol.HEAD),
        Part("transfergraph", "TransferGraph, fine-tuning", TRANSFERGRAPH, Protocol.FINETUNE),
        Part("open-clip", "OpenCLIP, zero-shot", "open-clip", Protocol.ZERO_SHOT),
        Part("mieb", "MIEB, probes", "mieb", Protocol.PROBE),
        Part("mieb-towers", "MIEB, probes of timm towers", "mieb", Protocol.PROBE, asked=_timm_tower),
        Part("clip-probes", "CLIP benchmark, probes", "clip-benchmark", Protocol.PROBE),
        Part("clip-heads", "CLIP benchmark, heads", "clip-benchmark", Protocol.HEAD),
        Part("pets", "Pets, fine-tuning", "fastai-pets", Protocol.FINETUNE),
        Part("mteb", "MTEB, probes of texts", "mteb", Protocol.PROBE, Modality.TEXT),
        Part("glyphs", "Glyphs, heads, their scores known", _GLYPHS, Protocol.HEAD),
        Part("glyphs-finetune", "Glyphs, fine-tuning, their scores known", _GLYPHS, Protocol.FINETUNE),
    )
}
"""Every table by name."""


@dataclass(frozen=True, eq=False)
class CollectionGraph:
    """The cells of one collection in the graph of all that is known under its modality.

    Attributes:
        part: what they are.
        graph: of all collections, built for the protocol that is asked.
        own: (E,) bool over its ``transfers_to`` edges: cells of the collection that may be asked.
        values: (E,) what the collection itself measured, mean over its runs; NaN where it measured nothing. An edge's
            label is the mean over all collections.
        measured: (E,) bool: pairs that the collection measured, asked or not.
        evidence: (E',) bool over the edges of other protocols: those that the collection measured. Scores that are
            accuracies are among these edges and in no collection's way: they are known of whatever is left out.
    """

    part: Part
    graph: HeteroData
    own: Tensor
    values: Tensor
    measured: Tensor
    evidence: Tensor

    @classmethod
    def of(cls, part: Part, zoo: Zoo, graph: HeteroData) -> CollectionGraph:
        """Find the cells of a part in a graph of ``zoo``, built for its protocol."""
        runs = zoo.runs
        runs = runs[(runs["source"] == part.source) & (runs["metric"] == _METRIC.value) & runs["failure"].isna()]
        means = runs.groupby(["model", "dataset", "protocol"])["value"].mean()
        values = _look_up(graph, TRANSFERS_TO, means)
        measured = ~values.isnan()
        chosen = torch.tensor([name in zoo.models and part.asked(zoo.models[name]) for name in graph[MODEL].ids])
        own = measured & chosen[graph[TRANSFERS_TO].edge_index[0]]
        evidence = torch.zeros(0, dtype=torch.bool)
        if MEASURED_OTHERWISE in graph.edge_types:
            evidence = ~_look_up(graph, MEASURED_OTHERWISE, means).isnan()
        return cls(part, graph, own, values, measured, evidence)

    @cached_property
    def name(self) -> str:
        """Name of the table."""
        return self.part.name


def _look_up(graph: HeteroData, kind: tuple[str, str, str], means: pd.Series[float]) -> Tensor:
    """Return (E,) the mean of each edge's model, dataset and protocol; NaN where there is none."""
    store = graph[kind]
    models, datasets = graph[MODEL].ids, graph[DATASET].ids
    words = [*(protocol.value for protocol in Protocol), *PROBE_SCORES]  # scores, which are no runs, are found nowhere
    rows = zip(*store.edge_index.tolist(), store.protocol.tolist(), strict=True)
    keys = pd.MultiIndex.from_tuples([(models[m], datasets[d], words[p]) for m, d, p in rows] or [("",) * 3])
    found = means.reindex(keys[: store.num_edges])
    return torch.from_numpy(found.to_numpy(dtype="float64").copy())


def read_collection(name: str) -> CollectionGraph:
    """Return a shipped collection by the name of its table.

    Raises:
        UnknownName: if there is none of that name.
    """
    part = get_part(name)
    zoo, graph = _zoo_and_graph(part.protocol, part.modality, part.source == _GLYPHS)
    return CollectionGraph.of(part, zoo, graph)


def get_part(name: str) -> Part:
    """Return the part of that name.

    Raises:
        UnknownName: if there is none.
    """
    if name not in PARTS:
        raise UnknownName("collection", name, get_close_matches(name, PARTS), f"Valid names: {', '.join(PARTS)}.")
    return PARTS[name]


@cache
def _zoo_and_graph(protocol: Protocol, modality: Modality, with_glyphs: bool) -> tuple[Zoo, HeteroData]:
    zoo = _zoo(modality)
    texts = text_for(zoo)
    if with_glyphs:
        zoo = _joined(zoo, read_glyph_zoo())
        texts = texts.joined(read_glyph_texts())
    return zoo, build_graph(zoo, texts.lookup, protocol, _METRIC)


@cache
def _zoo(modality: Modality) -> Zoo:
    """Return the shipped records on datasets of one modality, with the models that read it."""
    zoo = Zoo.of(read_tables(shipped_zoo()))
    models = {key: card for key, card in zoo.models.items() if modality in card.modalities}
    corpora = {name for card in models.values() for name in card.trained_on}
    datasets = {key: card for key, card in zoo.datasets.items() if card.modality == modality or key in corpora}
    targets = [key for key, card in datasets.items() if card.modality == modality]

    def between(frame: pd.DataFrame, **ends: Sequence[str]) -> pd.DataFrame:
        kept = pd.concat([frame[end].isin(names) for end, names in ends.items()], axis=1).all(axis=1)
        return frame[kept].reset_index(drop=True)

    both = {"model": list(models), "dataset": targets}
    known = list(datasets)
    return Zoo(
        models,
        datasets,
        between(zoo.runs, **both),
        between(zoo.scores, **both),
        between(zoo.relations, dataset=known, other=known),
        between(zoo.influences, dataset=known),
    )


def _joined(first: Zoo, second: Zoo) -> Zoo:
    frames = ("runs", "scores", "relations", "influences")
    tables = [
        pd.concat([part for zoo in (first, second) if len(part := getattr(zoo, name))] or [getattr(first, name)])
        for name in frames
    ]
    return Zoo(
        {**first.models, **second.models},
        {**first.datasets, **second.datasets},
        *(table.reset_index(drop=True) for table in tables),
    )
