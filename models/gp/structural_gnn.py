"""Structural graph network: embeddings of datasets from everything but accuracies.

No accuracy enters here, neither as an input nor as an edge, so an embedding can feed a Gaussian process that conditions
on accuracies exactly, and leaving a record out needs no second pass through the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor, nn

from zoograph.graphs.schema import (
    DATASET,
    DERIVED_FROM,
    HAS,
    INFLUENCES,
    LABEL,
    MODEL,
    NODE_TYPES,
    PRETRAINED_ON,
    RELATED_TO,
    RELATION_NUMBERS,
    SCORED_ON,
    TRANSFERS_TO,
    EdgeType,
    reverse,
)
from zoograph.models.standardizer import Standardizer

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

# A model is near a dataset if its pre-training corpus is: the two-step path, with the relation measured on it.
NEAR: EdgeType = (MODEL, "near", DATASET)
_STRUCTURE = (HAS, PRETRAINED_ON, SCORED_ON, RELATED_TO, NEAR)
# Edges of these kinds carry numbers in some zoos alone.
_WHERE_NAMED = (INFLUENCES, PRETRAINED_ON, DERIVED_FROM)
_TEXT_SLOTS = {MODEL: (1, 0), DATASET: (1, 0), LABEL: (0,)}


class Inputs(NamedTuple):
    """What the network reads of a graph.

    Attributes:
        features: (N, F) of the nodes of each kind.
        edges: ends (2, E) and what they carry (E, A), both ways.
    """

    features: dict[str, Tensor]
    edges: dict[EdgeType, tuple[Tensor, Tensor]]


class StructuralGNN(nn.Module):
    """Embeds datasets from cards, texts, labels, corpora, relations and scores, of models too.

    Args:
        graph: whose shapes and vocabulary to take.
        hidden_channels: width of the states.
        out_channels: width of the embeddings.
        num_layers: rounds of message passing.
        text_channels: principal components of the texts that are read.
        conv: makes a layer from channels of states and of edges: of PyG, or the plain one that answers the same.
    """

    def __init__(
        self,
        graph: HeteroData,
        hidden_channels: int,
        out_channels: int,
        num_layers: int,
        text_channels: int,
        conv: Callable[[int, int], nn.Module],
    ) -> None:
        super().__init__()
        self.text_channels = text_channels
        widths = {}
        scales: dict[str, Standardizer] = {}
        for kind in NODE_TYPES:
            numbers = graph[kind].x_number.shape[1]
            text = graph[kind].x_text.shape[-1]
            scales[kind] = Standardizer(numbers)
            self.register_buffer(f"{kind}_text_mean", torch.zeros(text))
            self.register_buffer(f"{kind}_text_basis", torch.zeros(text, text_channels))
            read = 0 if kind == MODEL else text_channels
            widths[kind] = 2 * numbers + len(graph.vocabulary.get(kind, [])) + read
        num_relations = len(measured_relations(graph))
        attributes = {SCORED_ON: len(graph[SCORED_ON].names), RELATED_TO: num_relations, NEAR: num_relations}
        attributes |= {kind: len(graph[kind].names) for kind in _WHERE_NAMED if graph[kind].names}
        self.scales = nn.ModuleDict(scales | {edge[1]: Standardizer(width) for edge, width in attributes.items()})
        # A zoo without measured relations has no edges that carry them.
        edge_widths = {edge: 2 * attributes[edge] if edge in attributes else 1 for edge in (*_STRUCTURE, *attributes)}
        edge_widths = {edge: width for edge, width in edge_widths.items() if width}
        self.read = nn.ModuleDict({kind: nn.Linear(width, hidden_channels) for kind, width in widths.items()})
        ways = {way: width for kind, width in edge_widths.items() for way in (kind, reverse(kind))}
        self.layers = nn.ModuleList(
            nn.ModuleDict(
                # The last round reaches datasets alone: nobody asks what the others have become.
                {way[1]: conv(hidden_channels, width) for way, width in ways.items() if way[2] == DATASET or more}
            )
            for more in reversed(range(num_layers))
        )
        self.write = nn.Linear(hidden_channels, out_channels)

    def _scale(self, name: str) -> Standardizer:
        return cast(Standardizer, self.scales[name])

    def fit_scale(self, graph: HeteroData, trained: dict[str, Tensor]) -> None:
        """Take scales and text axes from the ``trained`` nodes (by node type) and from the structural edges."""
        for kind in NODE_TYPES:
            nodes = trained.get(kind, torch.arange(graph[kind].num_nodes))
            self._scale(kind).fit(graph[kind].x_number[nodes], graph[kind].x_number_mask[nodes])
            mean, basis = principal_axes(node_text(graph, kind)[nodes], self.text_channels)
            getattr(self, f"{kind}_text_mean").copy_(mean)
            getattr(self, f"{kind}_text_basis").copy_(basis)
        for name, (_, attributes, mask) in attributed_edges(graph).items():
            self._scale(name).fit(attributes, mask)

    def inputs(self, graph: HeteroData) -> Inputs:
        """Return what is read of a graph; no weight is in it, so that it is worked out once for many steps."""
        return Inputs({kind: self._features(graph, kind) for kind in NODE_TYPES}, self._edges(graph))

    def forward(self, inputs: Inputs) -> Tensor:
        """Return the embeddings of datasets (D, out_channels)."""
        state = {kind: torch.tanh(self.read[kind](features)) for kind, features in inputs.features.items()}
        for layer in self.layers:
            convs, update = cast(nn.ModuleDict, layer), dict(state)
            for (source, verb, target), (index, attributes) in inputs.edges.items():
                if verb in convs:
                    update[target] = update[target] + convs[verb]((state[source], state[target]), index, attributes)
            state = {kind: torch.tanh(value) for kind, value in update.items()}
        return cast(Tensor, self.write(state[DATASET]))

    def _features(self, graph: HeteroData, kind: str) -> Tensor:
        store, weight = graph[kind], cast(nn.Linear, self.read[kind]).weight
        mask = store.x_number_mask
        parts = [flagged(self._scale(kind), store.x_number.to(weight), mask)]
        words = len(graph.vocabulary.get(kind, []))
        if words:
            parts.append(nn.functional.one_hot(store.x_category, words + 1)[:, 1:].to(weight))
        if kind != MODEL:
            text = node_text(graph, kind).to(weight) - getattr(self, f"{kind}_text_mean")
            parts.append(text @ getattr(self, f"{kind}_text_basis"))
        return torch.cat(parts, dim=1).to(weight)

    def _edges(self, graph: HeteroData) -> dict[EdgeType, tuple[Tensor, Tensor]]:
        weight = cast(nn.Linear, self.read[MODEL]).weight
        edges: dict[EdgeType, tuple[Tensor, Tensor]] = {}
        attributed = attributed_edges(graph)
        for kind in (*_STRUCTURE, INFLUENCES, DERIVED_FROM):
            if kind[1] in attributed:
                index, attributes, mask = attributed[kind[1]]
                attributes = flagged(self._scale(kind[1]), attributes.to(weight), mask).to(weight)
            else:
                index = graph[kind].edge_index
                attributes = weight.new_ones(index.shape[1], 1)
            if index.shape[1]:
                edges[kind] = index, attributes
                edges[reverse(kind)] = index.flip(0), attributes
        return edges


def flagged(scale: Standardizer, numbers: Tensor, mask: Tensor) -> Tensor:
    """Return (N, 2F): scaled numbers, and flags of the missing ones."""
    return torch.cat([scale.scale(numbers) * mask, (~mask).to(numbers)], dim=1)


def node_text(graph: HeteroData, kind: str) -> Tensor:
    """Return (N, T) the most telling text of each node: a domain or family where known, else the name."""
    store = graph[kind]
    text = torch.zeros_like(store.x_text[:, 0])
    for slot in reversed(_TEXT_SLOTS[kind]):
        text = torch.where(store.x_text_mask[:, slot, None], store.x_text[:, slot], text)
    return text


def principal_axes(rows: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return mean (T,) and axes (T, size) of ``rows`` (N, T), scaled so that the first component has spread 1.

    Axes have no sign of their own: each is turned so that its largest entry is positive, so that a rerun agrees.
    """
    mean = rows.mean(0)
    if len(rows) < 2:
        return mean, rows.new_zeros(rows.shape[1], size)
    _, values, axes = torch.linalg.svd(rows - mean, full_matrices=False)
    axes = axes[:size] * axes[:size].gather(1, axes[:size].abs().argmax(1, keepdim=True)).sign()
    basis = rows.new_zeros(rows.shape[1], size)
    if values[0] > 1e-6:
        basis[:, : len(axes)] = axes.t() / (values[0] / (len(rows) - 1) ** 0.5)
        basis[:, : len(axes)] *= (values[: len(axes)] > 1e-6 * values[0]).to(basis)
    return mean, basis


def measured_relations(graph: HeteroData) -> list[int]:
    """Return the columns of ``related_to`` that were measured, rather than read off labels and texts."""
    return [i for i, name in enumerate(graph[RELATED_TO].names) if name not in RELATION_NUMBERS]


def attributed_edges(graph: HeteroData) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    """Return index (2, E), attributes (E, F) and mask of the structural edges that carry numbers, by verb.

    A corpus that nobody was transferred to says something of the models that come from it, by ``near`` edges, and
    nothing of the targets: what was measured between two such corpora is left out.
    """
    store = graph[RELATED_TO]
    columns = measured_relations(graph)
    measured = store.edge_attr_mask[:, columns].any(1)
    index = store.edge_index[:, measured]
    attributes, mask = store.edge_attr[measured][:, columns], store.edge_attr_mask[measured][:, columns]

    corpora = torch.zeros(graph[DATASET].num_nodes, dtype=torch.bool)
    corpora[graph[PRETRAINED_ON].edge_index[1]] = True
    corpora[graph[SCORED_ON].edge_index[1]] = False
    corpora[graph[TRANSFERS_TO].edge_index[1]] = False
    # A relation is symmetric and stored once: walk it both ways.
    both = torch.cat([index, index.flip(0)], 1)
    attributes, mask = torch.cat([attributes, attributes]), torch.cat([mask, mask])
    models, origins = graph[PRETRAINED_ON].edge_index
    row, edge = ((origins[:, None] == both[0][None]) & ~corpora[both[1]][None]).nonzero(as_tuple=True)
    kept = ~corpora[both].any(0)
    scored = graph[SCORED_ON]
    attributed = {
        SCORED_ON[1]: (scored.edge_index, scored.edge_attr, scored.edge_attr_mask),
        RELATED_TO[1]: (both[:, kept], attributes[kept], mask[kept]),
        NEAR[1]: (torch.stack([models[row], both[1][edge]]), attributes[edge], mask[edge]),
    }
    for kind in _WHERE_NAMED:
        if graph[kind].names:
            attributed[kind[1]] = (graph[kind].edge_index, graph[kind].edge_attr, graph[kind].edge_attr_mask)
    return attributed
