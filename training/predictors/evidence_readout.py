"""What the evidence says beyond one accuracy: joint expectations, similarities, and effects of records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET
from zoograph.models.conformal import FEW_RECORDS, KNOWN, situation
from zoograph.models.evidence.accuracy_logit import expected_accuracy, slope, to_accuracy
from zoograph.models.evidence.cells import Cells
from zoograph.models.evidence.posterior import Posterior, Prior
from zoograph.training.predictors.evidence_contrasts import scaled_contrasts
from zoograph.training.predictors.joint import JointPrediction, centred, draw_normal

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

_AT_ONCE = 400  # nodes whose own variances are read off a square of covariances


def answer_cells(
    posterior: Posterior, cells: Cells, mean: Tensor, variance: Tensor, sample_size: Tensor, widths: Tensor
) -> Tensor:
    """Return (3, n) expected accuracies of cells, and the bounds of one run: ``widths`` (n,) deviations from the mean.

    Args:
        posterior: that answers.
        cells: asked for.
        mean: (n,) of their noiseless logits.
        variance: (n,) of these.
        sample_size: (D,) samples of each dataset.
        widths: half-widths of intervals in standard deviations of the logit.
    """
    chance = posterior.prior.features.chance[cells.dataset]
    noise = posterior.noise(mean, cells, sample_size[cells.dataset].double())
    reach = widths * (variance + noise).sqrt()
    expected = expected_accuracy(mean, variance, chance)
    lower, upper = to_accuracy(mean - reach, chance), to_accuracy(mean + reach, chance)
    return torch.stack([expected, torch.minimum(lower, expected), torch.maximum(upper, expected)])


def predict_jointly(
    posterior: Posterior,
    graph: HeteroData,
    widths: Sequence[float],
    contrasts: Sequence[float],
    models: Tensor,
    datasets: Tensor,
    protocol: int,
) -> JointPrediction:
    """Return what is expected of ``models`` (k,) on the mean over ``datasets`` (t,).

    Logits are drawn together and taken to accuracies each, so that nobody is drawn above 1, and what a dataset adds to
    all models alike cancels between them. Differences between models are as uncertain as makes stated regrets true of
    left-out records; intervals are stretched by what left-out levels ask for, which says nothing of differences. Of
    many models, those that are likeliest to do better than the one that is expected to do best are contenders.

    Args:
        posterior: of every record.
        graph: whose nodes are asked for.
        widths: half-width of the interval in standard deviations, by situation.
        contrasts: see :func:`zoograph.training.predictors.evidence_contrasts.calibrated_contrasts`.
        models: nodes.
        datasets: nodes.
        protocol: that is asked for.
    """
    k, t = len(models), len(datasets)
    pairs = torch.cartesian_prod(models, datasets).t()
    cells = posterior.prior.ask(pairs, protocol)
    logits = posterior.joint(cells, k, t)
    mean, contenders = logits.mean, logits.contenders
    code = situation(graph, pairs)
    width = torch.tensor(widths, dtype=mean.dtype)[code]
    new = ~torch.isin(code, torch.tensor([KNOWN, FEW_RECORDS]))
    factor = torch.tensor(contrasts, dtype=mean.dtype)[new.long()].reshape(k, t).mean(1)
    covariance = scaled_contrasts(logits.covariance, factor[contenders])
    answer = answer_cells(posterior, cells, mean, logits.variance, graph[DATASET].sample_size, width)
    chance = posterior.prior.features.chance[cells.dataset]
    rises = slope(answer[0], chance).clamp(min=1e-6)
    run = posterior.noise(mean, cells, graph[DATASET].sample_size[cells.dataset].double()) * rises.square()
    expected, lower, upper = answer.reshape(3, k, t).mean(2)
    centre, guessing = (column.reshape(k, t).mean(1)[contenders] for column in (mean, chance))
    drawn = centred(to_accuracy(draw_normal(centre, covariance), guessing), expected[contenders])
    ranked = torch.ones(t, dtype=torch.bool)
    return JointPrediction(expected, lower, upper, drawn, run.reshape(k, t).sum(1) / t**2, ranked, contenders)


def similarities(prior: Prior, model: int, datasets: Tensor) -> tuple[Tensor, Tensor]:
    """Return how like ``model`` each model is (M,), and how like ``datasets`` (t,) each dataset (D,); in [0, 1].

    Prior correlations of skills, mean over ``datasets``.
    """
    models, every = torch.arange(len(prior.models.family)), torch.arange(len(prior.features.domain))

    def skill(a: Tensor, b: Tensor) -> Tensor:
        part = prior.between_models(a, b)
        return part.skill + part.interaction

    def where(a: Tensor, b: Tensor) -> Tensor:
        return prior.between_datasets(a, b).where

    return _correlation(skill, models[model][None], models)[0], _correlation(where, datasets, every).mean(0)


def record_effects(posterior: Posterior, model: int, datasets: Tensor, protocol: int) -> tuple[Tensor, Tensor]:
    """Return the pairs (2, R) of the asked protocol's records, and (R,) points by which each moves ``model``.

    The prediction with all records minus that without record :math:`r`, in closed form (as Rasmussen and Williams,
    2006, eq. 5.12, does for the record itself), in points of accuracy, mean over ``datasets``; how sure the prediction
    is without the record is left as it is with it. A record that is averaged with others, since it is far from the
    question, is not listed.
    """
    pairs = torch.stack([torch.full_like(datasets, model), datasets])
    cells = posterior.prior.ask(pairs, protocol)
    mean, variance = posterior.predict(cells)
    chance = posterior.prior.features.chance[cells.dataset]
    weights, left_out = posterior.weights(cells)
    listed = (posterior.records.edge >= 0).nonzero().flatten()
    without = mean[:, None] - (weights * left_out)[:, listed]
    others = expected_accuracy(without, variance[:, None], chance[:, None])
    points = 100 * (expected_accuracy(mean, variance, chance)[:, None] - others).mean(0)
    known = posterior.records.cells.at(listed)
    return torch.stack([known.model, known.dataset]), points


def _correlation(covariance: Callable[[Tensor, Tensor], Tensor], asked: Tensor, every: Tensor) -> Tensor:
    """Return (k, n) correlations in [0, 1] of the ``asked`` (k,) nodes with ``every`` (n,), of a function of nodes."""
    deviation = torch.cat([covariance(part, part).diagonal() for part in every.split(_AT_ONCE)]).sqrt()
    return (covariance(asked, every) / deviation[asked, None] / deviation[None]).clamp(0, 1)
