"""Whether what is stated is true, group by group: coverage of intervals, regret, and the chance of being the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel

from zoograph.data.errors import FoldsError
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.method import Prediction
from zoograph.training.evaluation.bootstrap import unit_means
from zoograph.training.evaluation.collections.catalogue import CollectionGraph
from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.evaluation.collections.hiding import Question
from zoograph.training.evaluation.collections.methods import rows_of
from zoograph.training.evaluation.collections.questions import PROTOCOLS
from zoograph.training.evaluation.collections.running import CollectionRun
from zoograph.training.evaluation.table import PROJECT
from zoograph.training.studies.reliability.stated import Stated, kept_rankings

GROUPS = {
    "warm": "pairs_out",
    "few records": "few_records_3",
    "new dataset": "dataset_out",
    "new model": "model_out",
    "both new": "both_new",
    "new domain": "domain_out",
    "new collection": "collection_out",
}
"""What is new of what is asked, or known of its dataset, and the protocol that leaves the rest out."""
ALL = "all"
_UNITS = {"family": "families of datasets", "model": "models", "domain": "domains", "collection": "collections"}
_ENOUGH = 10  # cells of a dataset whose coverage is looked at
_NUM_SAMPLES = 2000
_BINS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0 + 1e-9)
_REGRET_BINS = 6


class Share(BaseModel):
    """A mean with its 95 % interval; of several kinds of unit that may be drawn, that with the widest is taken.

    Attributes:
        value: mean over cells or rankings.
        lower, upper: bootstrap interval; None for fewer than two units of every kind.
        units, num_units: what was drawn.
    """

    value: float
    lower: float | None = None
    upper: float | None = None
    units: str = ""
    num_units: int = 0


class Group(BaseModel):
    """What is stated and what is true in one group of one collection, or of all.

    Attributes:
        collection: its name, or ``all``.
        group: one of ``GROUPS``.
        num_cells: whose intervals are judged.
        coverage: of 90 % intervals.
        width: mean.
        worst: dataset of ten cells or more with the least coverage, and that.
        below_half: datasets of ten cells or more with a coverage below a half, of ``num_datasets``.
        num_rankings: datasets of five asked models or more, a question each.
        stated_regret: mean regret that is stated of the model named first.
        stated_measured_regret: the same with the noise of measuring.
        actual_regret: its measured regret.
        surplus: actual less stated with noise.
        stated_best, stated_measured_best: mean probability that is stated of it to be the best, likewise.
        actual_best: share of rankings in which it was measured best.
    """

    collection: str
    group: str
    num_cells: int
    coverage: Share
    width: float
    worst: tuple[str, float] | None
    below_half: int
    num_datasets: int
    num_rankings: int = 0
    stated_regret: float | None = None
    stated_measured_regret: float | None = None
    actual_regret: Share | None = None
    surplus: Share | None = None
    stated_best: float | None = None
    stated_measured_best: float | None = None
    actual_best: Share | None = None


class Bin(BaseModel):
    """Statements that are alike, of all collections.

    Attributes:
        of: ``best``, a model each, or ``regret``, the model named first of a ranking each.
        count: statements.
        stated: their mean, noise of measuring included.
        actual: what was measured: the share of best models, or the mean regret.
    """

    of: str
    count: int
    stated: float
    actual: Share


class Reliability(BaseModel):
    """Everything: groups of each collection and of all, bins of all, and what could not be asked."""

    groups: list[Group]
    bins: list[Bin]
    reasons: dict[str, str]


def ask_collection(
    part: CollectionGraph, folder: Path, groups: Sequence[str], limits: Limits, progress: Callable[[str], None]
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """Return cells, ranked models, and why groups were not asked; what is kept in ``folder`` is not asked again."""
    run, (row,) = CollectionRun(part, folder), rows_of(part, PROJECT)
    cells, ranked, reasons = [], [], {}
    for group in groups:
        progress(f"{part.name}: {group}")
        try:
            questions = PROTOCOLS[GROUPS[group]](part, limits).questions
            answers = run.answers(row, questions)
            stated = list(kept_rankings(run, row, questions, folder))
        except FoldsError as error:
            reasons[f"{part.name}, {group}"] = str(error)
            continue
        for question, answer, statement in zip(questions, answers, stated, strict=True):
            table = _cells(part, question, answer.prediction).assign(group=group, question=question.name)
            cells.append(table)
            ranked.append(_ranked(table, statement))
    empty = pd.DataFrame()
    return pd.concat(cells) if cells else empty, pd.concat(ranked) if ranked else empty, reasons


def _cells(part: CollectionGraph, question: Question, said: Prediction) -> pd.DataFrame:
    graph = part.graph
    models, datasets = graph[TRANSFERS_TO].edge_index[:, question.asked]
    family, first = np.unique(graph[DATASET].group.numpy(), return_index=True)
    names = dict(zip(family.tolist(), (graph[DATASET].ids[place] for place in first.tolist()), strict=True))
    domain = graph[DATASET].x_category.flatten()
    value = part.values[question.asked].numpy()
    lower, upper = said.lower.double().numpy(), said.upper.double().numpy()
    return pd.DataFrame(
        {
            "collection": part.name,
            "model": [graph[MODEL].ids[node] for node in models.tolist()],
            "dataset": [graph[DATASET].ids[node] for node in datasets.tolist()],
            "family": [names[code] for code in graph[DATASET].group[datasets].tolist()],
            "domain": [f"{part.name} {code}" for code in domain[datasets].tolist()],
            "value": value,
            "inside": ((lower <= value) & (value <= upper)).astype(float),
            "width": upper - lower,
        }
    )


def _ranked(cells: pd.DataFrame, stated: Stated) -> pd.DataFrame:
    """Return the cells that were ranked, with what was stated of them and what is true of them."""
    columns = {name: column.double().numpy() for name, column in stated._asdict().items() if name != "dataset"}
    rows = cells.iloc[stated.cell.numpy()].reset_index(drop=True)
    rows = rows.assign(**{f"stated_{name}": column for name, column in columns.items() if name != "cell"})
    top = rows.groupby("dataset")["value"].transform("max") if len(rows) else rows["value"]
    first = rows.groupby("dataset")["stated_mean"].transform("max") if len(rows) else rows["value"]
    return rows.assign(
        actual_regret=top - rows["value"],
        actual_best=(rows["value"] >= top).astype(float),
        first=rows["stated_mean"] >= first,
    )


def summarise(cells: pd.DataFrame, ranked: pd.DataFrame, reasons: dict[str, str]) -> Reliability:
    """Return groups and bins of the cells and ranked models of all collections."""
    groups = []
    for name, own in cells.groupby("group", sort=False):
        mine = ranked[ranked["group"] == name]
        for collection, table in own.groupby("collection", sort=False):
            groups.append(_group(str(collection), str(name), table, mine[mine["collection"] == collection]))
        if own["collection"].nunique() > 1:
            groups.append(_group(ALL, str(name), own, mine))
    return Reliability(groups=groups, bins=_bins(ranked), reasons=reasons)


def _group(collection: str, group: str, cells: pd.DataFrame, ranked: pd.DataFrame) -> Group:
    by_dataset = cells.groupby(["collection", "dataset"])["inside"].agg(["mean", "size"])
    judged = by_dataset[by_dataset["size"] >= _ENOUGH]["mean"]
    worst = None if judged.empty else (str(judged.droplevel(0).idxmin()), float(judged.min()))
    found = Group(
        collection=collection,
        group=group,
        num_cells=len(cells),
        coverage=_share(cells, cells["inside"]),
        width=float(cells["width"].mean()),
        worst=worst,
        below_half=int((judged < 0.5).sum()),
        num_datasets=len(judged),
    )
    first = ranked[ranked["first"].astype(bool)] if len(ranked) else ranked
    if first.empty:
        return found
    return found.model_copy(
        update={
            "num_rankings": len(first),
            "stated_regret": float(first["stated_regret"].mean()),
            "stated_measured_regret": float(first["stated_measured_regret"].mean()),
            "actual_regret": _share(first, first["actual_regret"]),
            "surplus": _share(first, first["actual_regret"] - first["stated_measured_regret"]),
            "stated_best": float(first["stated_best"].mean()),
            "stated_measured_best": float(first["stated_measured_best"].mean()),
            "actual_best": _share(first, first["actual_best"]),
        }
    )


def _share(rows: pd.DataFrame, values: pd.Series[float]) -> Share:
    """Return the mean of values with the widest of the intervals over families, models, domains and collections."""
    found = Share(value=float(values.mean()))
    for column, units in _UNITS.items():
        codes, names = pd.factorize(rows[column])
        if len(names) < 2:
            continue
        means = unit_means(np.asarray(values, dtype=np.float64)[:, None], torch.from_numpy(codes), _NUM_SAMPLES)[:, 0]
        lower, upper = np.quantile(means, (0.025, 0.975)).tolist()
        if found.lower is None or found.upper is None or upper - lower > found.upper - found.lower:
            found = Share(value=found.value, lower=lower, upper=upper, units=units, num_units=len(names))
    return found


def _bins(ranked: pd.DataFrame) -> list[Bin]:
    if ranked.empty:
        return []
    first = ranked[ranked["first"].astype(bool)]
    quantiles = np.unique(first["stated_measured_regret"].quantile(np.linspace(0, 1, _REGRET_BINS + 1)))
    parts = {
        "best": (ranked, pd.cut(ranked["stated_measured_best"], list(_BINS), right=False)),
        "regret": (first, pd.cut(first["stated_measured_regret"], quantiles.tolist(), include_lowest=True)),
    }
    return [
        Bin(
            of=of,
            count=len(own),
            stated=float(own[f"stated_measured_{of}"].mean()),
            actual=_share(own, own[f"actual_{of}"]),
        )
        for of, (rows, places) in parts.items()
        for _, own in rows.groupby(places, observed=True)
    ]
