r"""The covariance of accuracies: sums and products of kernels on cards, labels, relations and learned embeddings.

.. math:: k\big((m, d), (m', d')\big) = k_\mathrm{level}(d, d')
    + k_\mathrm{effect}(m, m')\, k_\mathrm{spread}(d, d') + w\, s_{md}^\top s_{m'd'}

The level says how hard a dataset is, the effect how good a model is and on which datasets it is so, and the last term
reads the transferability scores of the pair. Every kernel is a weighted sum whose weights are learned; one of its
terms is a Gaussian kernel of graph-neural-network embeddings (deep kernel learning, Wilson et al., 2016).
"""

from __future__ import annotations

import math

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, MODEL
from zoograph.models.gp.covariances import Covariances, dense_scores
from zoograph.models.gp.node_kernels import (
    corpus_codes,
    distance_kernel,
    distances,
    gaussian,
    label_overlap,
    number_kernels,
    same_code,
)
from zoograph.models.gp.structural_gnn import StructuralGNN
from zoograph.models.pair_features import NumberScaler

_MODEL_TERMS = ("own", "numbers", "family", "corpus", "gnn")
_DATASET_TERMS = (
    "own",
    "one",
    "number0",
    "number1",
    "number2",
    "domain",
    "cell",
    "cell_labels",
    "labels",
    "distance",
    "gnn",
)
_PARTS = {"level": (_DATASET_TERMS, 0.4), "effect": (_MODEL_TERMS, 0.6), "spread": (_DATASET_TERMS, 0.4)}


class KernelConfig(BaseModel):
    """Shape and priors of the kernel.

    Attributes:
        gnn: whether embeddings take part; without them the same kernel reads the tables alone.
        hidden_channels, out_channels, num_layers, text_channels: shape of the graph neural network.
        weight_precision: of the Gaussian prior that holds its weights near their random start.
        log_precision: of the prior that holds log hyper-parameters near theirs.
        amplitudes: starting weights of the kernels on embeddings, of levels, and of effects and spreads.
        reach: their starting length scale.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gnn: bool = True
    hidden_channels: int = 16
    out_channels: int = 4
    num_layers: int = 2
    text_channels: int = 8
    weight_precision: float = 10_000.0
    log_precision: float = 0.02
    amplitudes: tuple[float, float] = (0.15, 0.3)
    reach: float = 1.0


class DeepKernel(nn.Module):
    """Learned hyper-parameters and embeddings; in float64 throughout."""

    def __init__(self, graph: HeteroData, config: KernelConfig) -> None:
        super().__init__()
        self.config = config
        for kind in (MODEL, DATASET):
            width = graph[kind].x_number.shape[1]
            self.register_buffer(f"{kind}_mean", torch.zeros(width))
            self.register_buffer(f"{kind}_std", torch.ones(width))
        starts = {
            f"{part}_{term}": config.amplitudes[part != "level"]
            if term == "gnn"
            else start * (0.5 if term in ("own", "one") else 1.0)
            for part, (terms, start) in _PARTS.items()
            for term in terms
            if config.gnn or term != "gnn"
        }
        starts |= {"noise": 1.0, "repeat": 0.15, "common": 0.3, "score": 0.2, "length_distance": 0.7}
        starts |= {f"length_number{i}": 1.5 for i in range(graph[DATASET].x_number.shape[1])}
        # One for all: with seven lengths the evidence of few models is overfitted.
        starts["length_models"] = 2.0
        if config.gnn:
            starts |= {f"length_gnn_{kind}": config.reach for kind in (MODEL, DATASET)}
        self.log = nn.ParameterDict({name: nn.Parameter(torch.tensor(math.log(x))) for name, x in starts.items()})
        self.encoder = (
            StructuralGNN(graph, config.hidden_channels, config.out_channels, config.num_layers, config.text_channels)
            if config.gnn
            else None
        )
        self.double()
        self._origin = {name: value.detach().clone() for name, value in self.named_parameters()}

    def fit_scale(self, graph: HeteroData, pairs: Tensor) -> None:
        """Take all scales from the nodes in ``pairs`` (2, n)."""
        trained = {MODEL: torch.unique(pairs[0]), DATASET: torch.unique(pairs[1])}
        for kind, nodes in trained.items():
            scaler = NumberScaler.fitted(graph[kind].x_number[nodes], graph[kind].x_number_mask[nodes])
            getattr(self, f"{kind}_mean").copy_(scaler.mean)
            getattr(self, f"{kind}_std").copy_(scaler.std)
        if self.encoder is not None:
            self.encoder.fit_scale(graph, trained)

    def variance(self, name: str) -> Tensor:
        """Return the square of a learned amplitude."""
        return (2 * self.log[name]).exp()

    def penalty(self) -> Tensor:
        """Return minus the log prior, up to a constant."""
        total = torch.zeros((), dtype=torch.float64)
        for name, value in self.named_parameters():
            precision = self.config.log_precision if name.startswith("log.") else self.config.weight_precision
            total = total + 0.5 * precision * (value - self._origin[name]).square().sum()
        return total

    def forward(self, graph: HeteroData) -> Covariances:
        """Return the prior covariances of all nodes of ``graph``."""
        embeddings = self.encoder(graph) if self.encoder is not None else (None, None)
        models = self._model_kernels(graph, embeddings[0])
        datasets = self._dataset_kernels(graph, embeddings[1])
        return Covariances(
            self._sum("level", datasets),
            self._sum("effect", models),
            self._sum("spread", datasets),
            dense_scores(graph),
            self.variance("score"),
        )

    def _sum(self, part: str, kernels: dict[str, Tensor]) -> Tensor:
        terms = [self.variance(f"{part}_{name}") * kernel for name, kernel in kernels.items()]
        return torch.stack(terms).sum(0)

    def _numbers(self, graph: HeteroData, kind: str, lengths: Tensor) -> list[Tensor]:
        store = graph[kind]
        scaler = NumberScaler(getattr(self, f"{kind}_mean"), getattr(self, f"{kind}_std"))
        return number_kernels(store.x_number.double(), store.x_number_mask, scaler, lengths)

    def _model_kernels(self, graph: HeteroData, embedding: Tensor | None) -> dict[str, Tensor]:
        lengths = self.log["length_models"].exp().expand(graph[MODEL].x_number.shape[1])
        kernels = {
            "own": torch.eye(graph[MODEL].num_nodes, dtype=torch.float64),
            "numbers": torch.stack(self._numbers(graph, MODEL, lengths)).prod(0),
            "family": same_code(graph[MODEL].x_category),
            "corpus": same_code(corpus_codes(graph)),
        }
        if embedding is not None:
            kernels["gnn"] = gaussian(embedding / self.log[f"length_gnn_{MODEL}"].exp())
        return kernels

    def _dataset_kernels(self, graph: HeteroData, embedding: Tensor | None) -> dict[str, Tensor]:
        lengths = torch.stack([self.log[f"length_number{i}"] for i in range(graph[DATASET].x_number.shape[1])]).exp()
        numbers = self._numbers(graph, DATASET, lengths)
        own = torch.eye(graph[DATASET].num_nodes, dtype=torch.float64)
        domain, labels = same_code(graph[DATASET].x_category), label_overlap(graph)
        kernels = {
            "own": own,
            "one": torch.ones_like(own),
            **{f"number{i}": kernel for i, kernel in enumerate(numbers)},
            "domain": domain,
            "cell": domain * torch.stack(numbers).prod(0),
            "cell_labels": domain * labels,
            "labels": labels,
            "distance": distance_kernel(distances(graph), self.log["length_distance"].exp()),
        }
        if embedding is not None:
            kernels["gnn"] = gaussian(embedding / self.log[f"length_gnn_{DATASET}"].exp())
        return kernels
