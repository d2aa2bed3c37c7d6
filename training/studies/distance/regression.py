"""Regression of log T on domain gap, intraclass variance and number of images, with cluster-robust intervals."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel

from zoograph.data.errors import ZoographError

INSTALL = "pip install 'statsmodels>=0.14'"
GAP, SPREAD, DATA = "gap", "spread", "log_images"
REGRESSORS = (GAP, SPREAD, DATA)
CONFIDENCE = 0.95


class Published(NamedTuple):
    """A regression as its authors print it (README of Schuture/Transferability-of-Pre-trained-DNNs, arXiv:2212.00399).

    Attributes:
        architecture: whose twelve datasets.
        coefficients: of gap, intraclass variance and log N, standardised.
        intercept: mean of log T.
    """

    architecture: str
    coefficients: tuple[float, float, float]
    intercept: float


PUBLISHED = (
    Published("ResNet-50", (-0.26, 0.32, -0.61), 2.86),
    Published("ResNet-34", (-0.15, 0.25, -0.64), 2.31),
    Published("DenseNet-121", (-0.14, 0.28, -0.71), 2.76),
    Published("ViT-S", (-0.01, 0.08, -0.85), 2.76),
)


class Coefficient(BaseModel):
    """Change of log T for one standard deviation of a regressor, with a 95 % confidence interval."""

    name: str
    value: float
    lower: float
    upper: float


class Regression(BaseModel):
    """What a regression says.

    Attributes:
        name: what it was fitted on.
        coefficients: of the regressors, in their order.
        intercept: mean of log T over the models, each at mean regressors.
        r_squared: share of the variance of log T that regressors and models explain.
        within: share of the variance within models that the regressors explain.
        num_pairs: rows.
        num_models: each with a level of its own.
        num_clusters: groups of rows whose errors go together.
        weaker_than: for every other regressor how much larger its absolute coefficient is than that of the gap, with an
            interval; above 0 throughout means that the gap matters less.
    """

    name: str
    coefficients: list[Coefficient]
    intercept: float
    r_squared: float
    within: float
    num_pairs: int
    num_models: int
    num_clusters: int
    weaker_than: list[Coefficient]


def regress(
    table: pd.DataFrame, name: str = "", regressors: tuple[str, ...] = REGRESSORS, cluster: str = "family"
) -> Regression:
    """Regress ``log_t`` on regressors that are standardised over the rows, with a level for every model.

    Intervals are cluster-robust with Student's t of as many degrees of freedom as there are clusters less one.

    Args:
        table: a row a pair, with ``log_t`` (finite), ``model``, the regressors and the cluster.
        name: of the result.
        regressors: columns, the gap first.
        cluster: column whose groups have errors that go together.

    Raises:
        ZoographError: if statsmodels is not installed, if there are fewer rows than unknowns, fewer than three
            clusters, or a regressor that does not vary beside the others.
    """
    ols = _ols()
    levels = pd.get_dummies(table["model"], dtype=float)
    spread = table[list(regressors)].std()
    scaled = (table[list(regressors)] - table[list(regressors)].mean()) / spread.where(spread > 0, 1.0)
    design = pd.concat([scaled, levels], axis=1)
    clusters = pd.factorize(table[cluster])[0]
    num_clusters = int(clusters.max()) + 1
    if len(table) <= design.shape[1] or num_clusters < 3 or np.linalg.matrix_rank(design) < design.shape[1]:
        raise ZoographError(
            f"A regression on {', '.join(regressors)} needs more pairs than unknowns, three clusters, and regressors "
            f"that vary (got {len(table)} pairs, {design.shape[1]} unknowns, {num_clusters} clusters). "
            "Measure more pairs."
        )
    fitted = ols(table["log_t"], design).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    interval = fitted.conf_int(1 - CONFIDENCE)
    means = table["log_t"].groupby(table["model"]).transform("mean")
    return Regression(
        name=name,
        coefficients=[
            Coefficient(name=x, value=fitted.params[x], lower=interval.loc[x, 0], upper=interval.loc[x, 1])
            for x in regressors
        ],
        intercept=float(fitted.params[levels.columns].mean()),
        r_squared=1 - float((fitted.resid**2).sum() / ((table["log_t"] - table["log_t"].mean()) ** 2).sum()),
        within=1 - float((fitted.resid**2).sum() / ((table["log_t"] - means) ** 2).sum()),
        num_pairs=len(table),
        num_models=levels.shape[1],
        num_clusters=num_clusters,
        weaker_than=[_compare(fitted, regressors[0], other) for other in regressors[1:]],
    )


def _compare(fitted: Any, one: str, other: str) -> Coefficient:
    """Return by how much the absolute coefficient of ``other`` exceeds that of ``one``, at the signs that they have."""
    contrast = np.zeros(len(fitted.params))
    place = list(fitted.params.index)
    contrast[place.index(other)] = np.sign(fitted.params[other])
    contrast[place.index(one)] = -np.sign(fitted.params[one])
    found = fitted.t_test(contrast)
    ((lower, upper),) = found.conf_int(1 - CONFIDENCE)
    return Coefficient(name=other, value=float(found.effect[0]), lower=float(lower), upper=float(upper))


def _ols() -> Any:
    try:
        from statsmodels.api import OLS
    except ImportError as error:
        raise ZoographError(f"The regression needs statsmodels, which is not installed: {INSTALL}.") from error
    return OLS
