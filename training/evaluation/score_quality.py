"""Rank correlation of transferability scores with accuracies: of models on a task, and of tasks under a model."""

from __future__ import annotations

import pandas as pd
from pydantic import BaseModel
from scipy.stats import kendalltau

from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo

_LEAST_RANKED = 3


class Agreement(BaseModel):
    """Kendall's τ-b with measured accuracy, in [-1, 1], higher is better.

    Attributes:
        mean: over the rankings.
        standard_error: of the mean, as if rankings were independent; None for a single one.
        num_rankings: that have a correlation.
        num_undefined: that have none, all values being the same or fewer than three.
    """

    mean: float
    standard_error: float | None
    num_rankings: int
    num_undefined: int


class ScoreQuality(BaseModel):
    """A score, or a mean that it is held against.

    Attributes:
        name: of the score.
        models: ranking models, one ranking a task; None for what does not rank models.
        tasks: ranking tasks, one ranking a model; None for what does not rank tasks.
        num_pairs: pairs that have both a score and an accuracy.
    """

    name: str
    models: Agreement | None
    tasks: Agreement | None
    num_pairs: int


def score_quality(zoo: Zoo) -> list[ScoreQuality]:
    """Return how every score of ``zoo`` agrees with the accuracies of retrained heads, the best ranker of models first.

    Held against them: the mean accuracy of the model on all other tasks, the same on the tasks of other families
    alone, and the mean accuracy of the other models on the task.
    """
    zoo = zoo.without_hindsight()
    runs = zoo.runs[(zoo.runs["protocol"] == Protocol.HEAD.value) & (zoo.runs["metric"] == Metric.TOP1.value)]
    accuracy = runs.pivot_table(index="model", columns="dataset", values="value", aggfunc="mean")
    scores = zoo.scores.pivot_table(index=["name", "model"], columns="dataset", values="value", aggfunc="mean")
    rows = [_quality(name, scores.loc[name].reindex_like(accuracy), accuracy) for name in scores.index.unique(0)]
    rows.sort(key=lambda row: -(row.models.mean if row.models else float("-inf")))
    family = pd.Series({name: card.family or name for name, card in zoo.datasets.items()})
    others = _mean_of_others(accuracy, pd.Series(accuracy.columns, accuracy.columns))
    strangers = _mean_of_others(accuracy, family.reindex(accuracy.columns))
    peers = _mean_of_others(accuracy.T, pd.Series(accuracy.index, accuracy.index)).T
    return [
        *rows,
        _quality("model mean, other tasks", others, accuracy, tasks=False),
        _quality("model mean, other families", strangers, accuracy, tasks=False),
        _quality("task mean, other models", peers, accuracy, models=False),
    ]


def _quality(
    name: str, values: pd.DataFrame, accuracy: pd.DataFrame, *, models: bool = True, tasks: bool = True
) -> ScoreQuality:
    return ScoreQuality(
        name=name,
        models=_agreement(values, accuracy) if models else None,
        tasks=_agreement(values.T, accuracy.T) if tasks else None,
        num_pairs=int((values.notna() & accuracy.notna()).to_numpy().sum()),
    )


def _agreement(values: pd.DataFrame, accuracy: pd.DataFrame) -> Agreement | None:
    """Return the agreement of the columns of two tables; None if no column has a correlation."""
    found, undefined = [], 0
    for column in accuracy.columns:
        both = pd.concat([values[column], accuracy[column]], axis=1).dropna()
        if len(both) < _LEAST_RANKED:
            undefined += 1
            continue
        tau = kendalltau(both.iloc[:, 0], both.iloc[:, 1]).statistic
        if pd.isna(tau):
            undefined += 1
        else:
            found.append(float(tau))
    if not found:
        return None
    taus = pd.Series(found)
    error = float(taus.std() / len(taus) ** 0.5) if len(taus) > 1 else None
    return Agreement(mean=float(taus.mean()), standard_error=error, num_rankings=len(found), num_undefined=undefined)


def _mean_of_others(accuracy: pd.DataFrame, groups: pd.Series[str]) -> pd.DataFrame:
    """Return for each cell the mean of its row over the columns of other groups; NaN where there are none."""
    columns = {
        column: accuracy.loc[:, (groups != groups[column]).to_numpy()].mean(axis=1) for column in accuracy.columns
    }
    return pd.DataFrame(columns, index=accuracy.index)
