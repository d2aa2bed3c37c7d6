"""Nearest datasets: kernel-weighted mean of a model's accuracies by text similarity."""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, HAS, LABEL
from zoograph.models.conformal import half_width
from zoograph.models.intervals import around
from zoograph.models.method import Method, Prediction
from zoograph.models.training_records import TrainingRecords

_WIDTHS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 2.0)


class Texts(NamedTuple):
    """Unit text embeddings of n datasets: (n, S, T), and (n, S) bool where there is one."""

    vectors: Tensor
    known: Tensor


class NearestDatasets(Method):
    r"""Kernel-weighted mean of the model's accuracies, over datasets weighted by text similarity.

    .. math:: \hat a_{md} = \frac{\sum_{d'} k_{dd'} a_{md'}}{\sum_{d'} k_{dd'}}, \quad
        k_{dd'} = \exp(\mathrm{sim}(d, d') / h)

    (Nadaraya, 1964; Watson, 1964). The similarity is the mean cosine of the texts that both datasets have:
    name, domain and mean of the labels. The width :math:`h` has the least leave-one-out error, and those
    errors make the intervals. A model without a record takes the weighted mean over all models; a dataset
    without any text that others share weighs all datasets alike.
    """

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        records = self._records = TrainingRecords.of(graph)
        self._graph = graph
        datasets, column = torch.unique(records.dataset, return_inverse=True)
        texts = dataset_texts(graph)
        self._texts = Texts(texts.vectors[datasets], texts.known[datasets])
        self._value = torch.zeros(len(records.model_ids), len(datasets), dtype=torch.float64)
        self._known = torch.zeros_like(self._value)
        self._value[records.model, column], self._known[records.model, column] = records.value, 1.0
        self._mean = float(records.value.mean())

        similar = similarity(self._texts, self._texts)
        errors = []
        for width in _WIDTHS:
            weight = (similar / width).exp().fill_diagonal_(0.0)
            errors.append(records.value - self._estimate(weight[column], records.model))
        best = min(range(len(_WIDTHS)), key=lambda i: float(errors[i].square().sum()))
        self._kernel_width = _WIDTHS[best]
        self._half_width = half_width(errors[best] if len(datasets) > 1 else errors[best][:0])
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        models = self._records.models_of(graph, pairs[0])
        asked, row = torch.unique(pairs[1], return_inverse=True)
        texts = dataset_texts(self._graph if graph is None else graph)
        similar = similarity(Texts(texts.vectors[asked], texts.known[asked]), self._texts)
        weight = (similar / self._kernel_width).exp()
        return around(self._estimate(weight[row], models), self._half_width)

    def _estimate(self, weight: Tensor, models: Tensor) -> Tensor:
        """Return (n,) weighted means for (n, D) weights; the mean of all records where nothing weighs."""
        everyone = (weight @ self._value.sum(0)) / (weight @ self._known.sum(0)).clamp(min=1e-300)
        everyone = torch.where((weight @ self._known.sum(0)) > 0, everyone, self._mean)
        known = self._known[models] * (models >= 0).unsqueeze(1)
        mass = (weight * known).sum(1)
        own = (weight * known * self._value[models]).sum(1) / mass.clamp(min=1e-300)
        return torch.where(mass > 0, own, everyone)


def dataset_texts(graph: HeteroData) -> Texts:
    """Return the texts of every dataset: its name and domain, and the mean of its labels."""
    source, target = graph[HAS].edge_index
    own = graph[DATASET].x_text
    labels = own.new_zeros(len(own), own.shape[2]).index_add_(0, source, graph[LABEL].x_text[target, 0])
    labelled = torch.bincount(source, minlength=len(own)) > 0
    vectors = torch.cat([own, labels.unsqueeze(1)], dim=1).double()
    known = torch.cat([graph[DATASET].x_text_mask, labelled.unsqueeze(1)], dim=1)
    return Texts(torch.nn.functional.normalize(vectors, dim=2), known)


def similarity(a: Texts, b: Texts) -> Tensor:
    """Return (n_a, n_b) the mean cosine over the texts that both have, in [-1, 1]; 0 if they share none."""
    both = torch.einsum("is,js->ij", a.known.double(), b.known.double())
    cosines = torch.einsum("ist,jst->ij", a.vectors * a.known.unsqueeze(2), b.vectors * b.known.unsqueeze(2))
    return cosines / both.clamp(min=1)
