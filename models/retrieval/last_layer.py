r"""Posterior of the last layer: what reserved runs say of a dataset's vector and of single models, in closed form.

Given the network, the logit of model m on dataset d has the prior

.. math:: y_{md} = z_m^\top (w_d + \delta_d) + c_d + r_m + \epsilon, \quad \delta_d \sim N(0, \tau_d^2 I),\;
    r_m \sim N(0, \rho_m^2),\; \epsilon \sim N(0, \sigma^2 + s^2_{md}),

and the evidence are the runs that neither training nor message passing saw: one of each model. So every run is used
once, and a run that comes later moves the answer without training, as Snoek et al. (2015, "Scalable Bayesian
Optimization Using Deep Neural Networks", section 3) do it for one task. Of a node with more visible runs the
network knows more: :math:`\tau_d` and :math:`\rho_m` depend on how many there are.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

VISIBLE = (1, 3, 10, 30, 100)
"""Numbers of visible runs from which a node is of the next class."""
_START = (0.02, 0.1)  # of the dataset's and of the other variances
_STEPS = 80
_LEAST = 1e-4


class Variances(NamedTuple):
    """Of what the network does not say.

    Attributes:
        dataset: (6,) of each number of a dataset's vector, by its class of :data:`VISIBLE`.
        model: (6,) of a model's own part, likewise.
        run: of one run, besides what its test set leaves.
    """

    dataset: Tensor
    model: Tensor
    run: float


class Evidence(NamedTuple):
    """n pairs; as evidence, runs that message passing never saw.

    Attributes:
        models, datasets: (n,) nodes.
        vectors: (n, C) of the models.
        residual: (n,) measured logits minus those that the network expects; not read of what is asked for.
        noise: (n,) variances that test sets leave; not read of what is asked for.
        model_runs, dataset_runs: (n,) visible runs of both.
    """

    models: Tensor
    datasets: Tensor
    vectors: Tensor
    residual: Tensor
    noise: Tensor
    model_runs: Tensor
    dataset_runs: Tensor

    def at(self, rows: Tensor) -> Evidence:
        """Return the pairs of ``rows``, positions or a mask."""
        return Evidence(*(part[rows] for part in self))

    def and_(self, other: Evidence) -> Evidence:
        """Return these pairs, then the others."""
        return Evidence(*(torch.cat(parts) for parts in zip(self, other, strict=True)))


class Judged(NamedTuple):
    """What is expected of k pairs beyond what the network says.

    Attributes:
        shift: (k,) to be added to its logits.
        variance: (k,) of the noiseless logits.
    """

    shift: Tensor
    variance: Tensor


def judge(asked: Evidence, evidence: Evidence, variances: Variances) -> Judged:
    """Return the posterior of pairs, exactly.

    Args:
        asked: pairs.
        evidence: runs on their datasets, and runs of their models.
        variances: of the prior.
    """
    prior = _dataset(asked, variances) * asked.vectors.square().sum(1) + _model(asked, variances)
    if not len(evidence.models):
        return Judged(torch.zeros_like(prior), prior)
    covariance = _covariance(evidence, evidence, variances)
    covariance.diagonal().add_(evidence.noise + variances.run)
    factor = torch.linalg.cholesky(covariance)
    cross = torch.linalg.solve_triangular(factor, _covariance(evidence, asked, variances), upper=False)
    white = torch.linalg.solve_triangular(factor, evidence.residual[:, None], upper=False)[:, 0]
    return Judged(white @ cross, (prior - cross.square().sum(0)).clamp(min=1e-9))


def dataset_shift(evidence: Evidence, variances: Variances) -> Tensor:
    r"""Return (C,) the posterior mean of :math:`\delta_d`, from runs on one dataset by different models.

    Time rises with the number of runs, not with its square: what a model adds of its own is noise here.
    """
    weight = 1 / (evidence.noise + variances.run + _model(evidence, variances))
    precision = (evidence.vectors * weight[:, None]).t() @ evidence.vectors
    precision.diagonal().add_(1 / _dataset(evidence, variances)[0])
    return torch.linalg.solve(precision, evidence.vectors.t() @ (weight * evidence.residual))


def model_shifts(evidence: Evidence, variances: Variances) -> Tensor:
    """Return (n,) the posterior means of models' own parts, each from its run in ``evidence`` alone."""
    own = _model(evidence, variances)
    others = _dataset(evidence, variances) * evidence.vectors.square().sum(1) + evidence.noise + variances.run
    return own / (own + others) * evidence.residual


def fit_variances(evidence: Evidence) -> Variances:
    """Return the variances under which runs on some whole datasets are likeliest.

    A model's own part cannot be told from the noise of its one run. Of models with most visible runs, whose own part
    message passing knows, all is noise; what others have more than these is theirs.

    Args:
        evidence: of some tens of datasets, each model once.
    """
    groups = [evidence.at(evidence.datasets == dataset) for dataset in torch.unique(evidence.datasets)]
    start = torch.tensor(_START, dtype=evidence.vectors.dtype).log()
    logs = start[:, None].repeat(1, len(VISIBLE) + 1).requires_grad_()
    optimizer = torch.optim.LBFGS([logs], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        total = 0.5 * (logs - start[:, None]).square().sum()  # a class that does not occur stays where it was
        for group in groups:
            of_dataset = logs[0, _codes(group.dataset_runs)][0].exp()
            rest = logs[1, _codes(group.model_runs)].exp()
            covariance = of_dataset * group.vectors @ group.vectors.t() + torch.diag(group.noise + rest)
            factor = torch.linalg.cholesky(covariance)
            white = torch.linalg.solve_triangular(factor, group.residual[:, None], upper=False)
            total = total + 0.5 * white.square().sum() + factor.diagonal().log().sum()
        total.backward()
        return total

    optimizer.step(loss)
    dataset, rest = logs.detach().exp()
    run = float(rest[torch.unique(_codes(evidence.model_runs))].min())
    return Variances(dataset, (rest - run).clamp(min=_LEAST), run)


def _covariance(a: Evidence, b: Evidence, variances: Variances) -> Tensor:
    """Return (n, m) prior covariances of the noiseless logits of pairs."""
    same_dataset, same_model = (
        (x[:, None] == y[None]).to(a.vectors.dtype) for x, y in ((a.datasets, b.datasets), (a.models, b.models))
    )
    return _dataset(a, variances)[:, None] * same_dataset * (a.vectors @ b.vectors.t()) + (
        _model(a, variances)[:, None] * same_model
    )


def _dataset(pairs: Evidence, variances: Variances) -> Tensor:
    return variances.dataset[_codes(pairs.dataset_runs)]


def _model(pairs: Evidence, variances: Variances) -> Tensor:
    return variances.model[_codes(pairs.model_runs)]


def _codes(runs: Tensor) -> Tensor:
    return torch.bucketize(runs, torch.tensor(VISIBLE, dtype=runs.dtype), right=True)
