"""What an ensemble of sampled networks says beyond one accuracy: joint expectations, similarities, record effects."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.pairs import PairIndex
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.gp.accuracy_scale import AccuracyScale
from zoograph.models.method import INTERVAL_SIGMAS
from zoograph.training.networks.ensemble import GraphNetwork
from zoograph.training.networks.noise import measurement_variance
from zoograph.training.predictors.joint import JointPrediction

# What a mean over runs is off by at least, half a point: seeds differ also where the test set is large or not known.
_LEAST_NOISE = 0.005**2
# Each record that is tried costs a pass over the graph for each member.
_MOST_TRIED = 16


def predict_jointly(
    network: GraphNetwork, graph: HeteroData, models: Tensor, datasets: Tensor, visible: Tensor | None = None
) -> JointPrediction:
    r"""Return what is expected of ``models`` (k,) on the mean over ``datasets`` (t,).

    Networks give no joint distribution, and it is assumed that, given a member, the errors of different pairs are
    independent normal ones; what they share is how the members differ. An error that a dataset's pairs have in common
    counts as one of each, so that regrets come out too large rather than too small. Deviations are stretched by the
    conformal width of their pair over that of a Gaussian. The record of a measured pair, which the networks are not
    shown, is weighed in by its precision, with :math:`v` the variance of the prediction and :math:`s` that of the
    record, half a point squared or more:

    .. math:: a' = \frac{s\,a + v\,y}{s + v}, \quad v' = \frac{s\,v}{s + v}

    Args:
        network: fitted.
        graph: as built.
        models: nodes.
        datasets: nodes.
        visible: (E,) bool, records that count; default: all.
    """
    k, t = len(models), len(datasets)
    pairs = torch.cartesian_prod(models, datasets).t()
    means, spreads = (part.double() for part in network.read(pairs, graph, visible))
    width = network.widths(pairs, graph).double()
    stretch = torch.where(width.isfinite(), width / INTERVAL_SIGMAS, 1.0)
    variances = (stretch * spreads).square()

    edge = PairIndex.of(graph, TRANSFERS_TO).find(pairs)
    own = (edge >= 0) if visible is None else (edge >= 0) & visible[edge]
    store, edge = graph[TRANSFERS_TO], edge[own]
    noise = (measurement_variance(store.sample_size[edge].double()) / store.num_runs[edge]).clamp(min=_LEAST_NOISE)
    share = variances[:, own] / (variances[:, own] + noise)
    means[:, own] += share * (store.edge_label[edge] - means[:, own])
    variances[:, own] = share * noise

    mean, between = means.mean(0), means.var(0, correction=0)
    run = measurement_variance(graph[DATASET].sample_size[pairs[1]].double())
    half = INTERVAL_SIGMAS * (variances.mean(0) + stretch.square() * (between + run)).sqrt()
    half = torch.where(width.isfinite(), half, 1.0)
    bounds = (mean, mean - half, mean + half)
    scale = AccuracyScale.fitted(store.edge_label.double(), store.edge_index[1], graph[DATASET].num_nodes)
    mean, lower, upper = (bound.clamp(0, 1).reshape(k, t).mean(1) for bound in bounds)
    return JointPrediction(
        mean,
        lower,
        upper,
        means.reshape(-1, k, t).mean(2),
        torch.diag_embed(variances.reshape(-1, k, t).sum(2) / t**2),
        scale.informative[datasets],
    )


def similarities(network: GraphNetwork, graph: HeteroData, model: int, datasets: Tensor) -> tuple[Tensor, Tensor]:
    """Return how like ``model`` each model is (M,), and how like ``datasets`` (t,) each dataset (D,); in [0, 1].

    Cosines of embeddings about their mean over all nodes, means over the members and over ``datasets``; 0 where the
    cosine is negative.
    """
    akin, alike = [], []
    for x_dict in network.embed(graph):
        models, others = (_centred(x_dict[kind]) for kind in (MODEL, DATASET))
        akin.append(models @ models[model])
        alike.append((others @ others[datasets].t()).mean(1))
    return torch.stack(akin).mean(0).clamp(0, 1), torch.stack(alike).mean(0).clamp(0, 1)


def record_effects(network: GraphNetwork, graph: HeteroData, model: int, datasets: Tensor) -> tuple[Tensor, Tensor]:
    """Return pairs (2, R), and (R,) points by which the record of each moves the accuracy of ``model``.

    The prediction with all records minus that with this record hidden, mean over ``datasets`` (t,); what was learned
    stays as it is. Tried are records of the model and records of the datasets: at most sixteen, of the most similar
    models and datasets.
    """
    records = graph[TRANSFERS_TO].edge_index
    akin, alike = similarities(network, graph, model, datasets)
    of_model, on_dataset = records[0] == model, torch.isin(records[1], datasets)
    near = torch.where(of_model, alike[records[1]], akin[records[0]])
    near = torch.where(of_model & on_dataset, torch.inf, near)
    tried = (of_model | on_dataset).nonzero().flatten()
    tried = tried[near[tried].argsort(descending=True, stable=True)][:_MOST_TRIED]

    def predicted(hidden: Tensor) -> float:
        visible = torch.ones(records.shape[1], dtype=torch.bool)
        visible[hidden] = False
        return float(predict_jointly(network, graph, torch.tensor([model]), datasets, visible).mean)

    whole = predicted(tried[:0])
    points = [100 * (whole - predicted(record)) for record in tried]
    return records[:, tried], torch.tensor(points, dtype=torch.float64)


def _centred(x: Tensor) -> Tensor:
    return torch.nn.functional.normalize(x.double() - x.double().mean(0))
