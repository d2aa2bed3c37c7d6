"""Report of the parameter distances of the glyph zoo: T by block, and regressions of log T."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel, ConfigDict

from zoograph.graphs.scores.analysis.domain_gap import domain_gap
from zoograph.graphs.scores.analysis.intraclass_variance import intraclass_variance
from zoograph.graphs.scores.analysis.parameter_distance import BlockDistance, Norm, ParameterDistance
from zoograph.training.studies.distance.regression import DATA, GAP, PUBLISHED, SPREAD, Published, Regression, regress
from zoograph.training.studies.distance.study import PAIRS, DistanceStudy
from zoograph.training.studies.glyph_zoo.work import read_pool

FULL_GAP, STEPS = "full_gap", "log_steps"


class PairDistance(BaseModel):
    """One fine-tuned pair.

    Attributes:
        model: id.
        architecture: of the model.
        task: id of the target.
        family: of the target.
        blocks: block -> T.
        log_t: logarithm of T of the network; None if a block did not move.
        log_t_l2: the same by the Euclidean distance.
        gap: G, the target's distance from the corpus in standard deviations of the corpus.
        full_gap: the same with full covariances.
        spread: D, variance within classes.
        log_images: log N.
        log_steps: logarithm of the steps that the tested weights took.
        accuracy: on the test images, after fine-tuning.
    """

    model_config = ConfigDict(ser_json_inf_nan="strings")

    model: str
    architecture: str
    task: str
    family: str
    blocks: dict[str, float]
    log_t: float | None
    log_t_l2: float | None
    gap: float
    full_gap: float
    spread: float
    log_images: float
    log_steps: float
    accuracy: float


class ArchitectureSummary(NamedTuple):
    """T of the pairs of one architecture: how many, and quartiles."""

    architecture: str
    num_pairs: int
    lower: float
    median: float
    upper: float


class DistanceStudyReport(BaseModel):
    """Everything that the study says.

    Attributes:
        pairs: all of them.
        num_unmoved: pairs of which a block did not move, which are in no regression.
        num_measured: pairs whose accuracy the zoo has measured, and ``num_alike`` those that reached the same again.
        num_alike: see there.
        summary: T by architecture.
        correlations: Pearson's, of the regressors with each other and with log T, over pairs.
        accuracy: Pearson correlation of log T with the accuracy after fine-tuning, both less the model's mean.
        pooled: the regression over all pairs.
        architectures: one for each architecture.
        variants: the pooled one with something else.
        published: the authors' own, whose regressors are measured otherwise.
    """

    model_config = ConfigDict(ser_json_inf_nan="strings")

    pairs: list[PairDistance]
    num_unmoved: int
    num_measured: int
    num_alike: int
    summary: list[ArchitectureSummary]
    correlations: dict[str, dict[str, float]]
    accuracy: float
    pooled: Regression
    architectures: list[Regression]
    variants: list[Regression]
    published: list[Published]


def report_study(study: DistanceStudy) -> DistanceStudyReport:
    """Return what a finished study found.

    Raises:
        ZoographError: if statsmodels is not installed, or if the pairs are too few for a regression.
    """
    pairs = [_describe(study, *pair) for pair in study.pieces[PAIRS]]
    table = pd.DataFrame([pair.model_dump(exclude={"blocks"}) for pair in pairs])
    moved = table.dropna(subset=["log_t", "log_t_l2"]).astype({"log_t": float, "log_t_l2": float})
    columns = ["log_t", GAP, SPREAD, DATA, STEPS, FULL_GAP]
    apart = moved[["log_t", "accuracy"]] - moved.groupby("model")[["log_t", "accuracy"]].transform("mean")
    again = [_is_alike(study, pair) for pair in pairs]
    return DistanceStudyReport(
        pairs=pairs,
        num_unmoved=len(table) - len(moved),
        num_measured=sum(alike is not None for alike in again),
        num_alike=sum(alike is True for alike in again),
        summary=[
            ArchitectureSummary(str(name), len(part), *np.exp(part["log_t"].quantile([0.25, 0.5, 0.75])).tolist())
            for name, part in moved.groupby("architecture")
        ],
        correlations={str(name): column.to_dict() for name, column in moved[columns].corr().items()},
        accuracy=float(apart["log_t"].corr(apart["accuracy"])),
        pooled=regress(moved, "all models"),
        architectures=[regress(part, str(name)) for name, part in moved.groupby("architecture")],
        variants=list(_vary(moved)),
        published=list(PUBLISHED),
    )


def _vary(moved: pd.DataFrame) -> list[Regression]:
    return [
        regress(moved.assign(log_t=moved["log_t_l2"]), "L2 distance"),
        regress(moved.assign(gap=moved[FULL_GAP]), "full covariances"),
        regress(moved, "model clusters", cluster="model"),
        regress(moved, "steps, not images", (GAP, SPREAD, STEPS)),
        regress(moved, "steps and images", (GAP, SPREAD, DATA, STEPS)),
    ]


def _describe(study: DistanceStudy, model: str, name: str) -> PairDistance:
    files = study.files
    task, found = files.plan.task(name), study.read(PAIRS, model, name)
    seen, _ = files.read_tensors("features", model, task.domain)
    probe, _ = files.read_tensors("probes", model)
    pool = read_pool(files, task.domain)
    rows, _ = pool.rows(task)
    features, labels = seen["features"][rows], torch.from_numpy(pool.targets(task, rows))
    distances = {norm: _parse(found["distances"][norm]) for norm in Norm}
    return PairDistance(
        model=model,
        architecture=files.plan.model(model).architecture,
        task=name,
        family=task.family,
        blocks={block.name: block.ratio for block in distances[Norm.L1].blocks},
        log_t=distances[Norm.L1].log_transferability,
        log_t_l2=distances[Norm.L2].log_transferability,
        gap=domain_gap(probe["features"], features),
        full_gap=domain_gap(probe["features"], features, full=True),
        spread=intraclass_variance(features, labels),
        log_images=math.log(found["images"]),
        log_steps=math.log(found["steps"]),
        accuracy=found["accuracy"],
    )


def _parse(rows: list[tuple[str, float, float]]) -> ParameterDistance:
    return ParameterDistance(tuple(BlockDistance(*row) for row in rows), None)


def _is_alike(study: DistanceStudy, pair: PairDistance) -> bool | None:
    """Return whether a pair reached what the zoo measured; None if it has not measured it."""
    names = (pair.model, pair.task)
    if not study.files.path("finetuning", names).exists():
        return None
    return bool(study.files.read_facts("finetuning", *names)["value"] == pair.accuracy)
