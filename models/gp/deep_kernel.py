"""The deep kernel: kernels on cards, labels and relations, and Gaussian kernels of learned embeddings.

The embeddings are those of a graph neural network that is learned with the weights of the kernels (deep kernel
learning, Wilson et al., 2016).
"""

from __future__ import annotations

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, MODEL
from zoograph.models.gp.covariances import Covariances
from zoograph.models.gp.node_kernels import gaussian
from zoograph.models.gp.structural_gnn import StructuralGNN
from zoograph.models.gp.table_kernel import TableKernel, log_starts

_MODEL_TERMS = ("own", "numbers", "family", "corpus", "gnn")
_DATASET_TERMS = (
    "own",
    "one",
    "number0",
    "number1",
    "number2",
    "domain",
    "cell",
    "domain_labels",
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


class DeepKernel(TableKernel):
    """Learned hyper-parameters and embeddings; in float64 throughout."""

    def __init__(self, graph: HeteroData, config: KernelConfig) -> None:
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
        super().__init__(graph, log_starts(starts, torch.float32))
        self.config = config
        self.encoder = (
            StructuralGNN(graph, config.hidden_channels, config.out_channels, config.num_layers, config.text_channels)
            if config.gnn
            else None
        )
        self.double()
        self._origin = {name: value.detach().clone() for name, value in self.named_parameters()}

    def fit_scale(self, graph: HeteroData, pairs: Tensor) -> None:
        """Take all scales from the nodes in ``pairs`` (2, n)."""
        super().fit_scale(graph, pairs)
        if self.encoder is not None:
            self.encoder.fit_scale(graph, {MODEL: torch.unique(pairs[0]), DATASET: torch.unique(pairs[1])})

    def penalty(self) -> Tensor:
        """Return minus the log prior, up to a constant."""
        total = torch.zeros((), dtype=torch.float64)
        for name, value in self.named_parameters():
            precision = self.config.log_precision if name.startswith("log.") else self.config.weight_precision
            total = total + 0.5 * precision * (value - self._origin[name]).square().sum()
        return total

    def forward(self, graph: HeteroData) -> Covariances:
        """Return the prior covariances of all nodes of ``graph``."""
        models, datasets = self.model_kernels(graph), self.dataset_kernels(graph)
        if self.encoder is not None:
            for kind, kernels, embedding in zip((MODEL, DATASET), (models, datasets), self.encoder(graph), strict=True):
                kernels["gnn"] = gaussian(embedding / self.log[f"length_gnn_{kind}"].exp())
        return self.combined(graph, models, datasets)
