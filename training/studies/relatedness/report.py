"""Report of the study of task-relatedness: correlations with accuracy by share of data, and slack of the bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import pandas as pd
from pydantic import BaseModel
from scipy.stats import kendalltau

from zoograph.data.files.kept import Facts
from zoograph.training.studies.relatedness.study import SHARES, RelatednessStudy

_LEAST = 3


class Correlations(BaseModel):
    """How a score goes with accuracy, given a share of the target's training images; higher is better.

    Attributes:
        score: its name; ``relatedness`` is minus the bound.
        share: of the training images.
        models: Pearson correlation with the accuracy of retrained heads over models, mean over targets.
        models_error: standard error of it, as if targets were independent.
        models_kendall: the same by Kendall's τ-b.
        targets: Pearson correlation with the same over targets, mean over models.
        finetuned: Pearson correlation with the accuracy of full fine-tuning over pairs, where score and accuracy are
            held against the mean of the pairs with as many classes.
    """

    score: str
    share: float
    models: float
    models_error: float
    models_kendall: float
    targets: float
    finetuned: float


class Setting(BaseModel):
    """Mean bound of a setting on a few pairs, its parts, and seconds a pair; nats, lower is better."""

    name: str
    total: float
    reference_loss: float
    label_mismatch: float
    distribution_mismatch: float
    seconds: float
    transport_seconds: float


class TargetParts(NamedTuple):
    """Mean over models of the parts of the bound of one target, and of its true loss, in nats."""

    target: str
    reference_loss: float
    label_mismatch: float
    distribution_mismatch: float
    true_loss: float


class RelatednessStudyReport(BaseModel):
    """Everything that the study says.

    Attributes:
        num_pairs: that were scored.
        num_targets: on which all models were ranked.
        num_finetuned: pairs that were fine-tuned.
        images: mean number of training images by share.
        correlations: by score and share.
        held: share of pairs whose true loss is within the bound.
        slack: mean bound less true loss, nats.
        parts: of every ranked target.
        quick_kendall: τ-b of the models by 500 samples with those by all, mean over targets.
        quick_seconds: of twelve models for one target, largest, features not counted.
        consistent_total: mean bound with consistent costs, and ``quick_total`` the published one, same pairs.
        quick_total: see there.
        unlabelled: by way of guessing, mean absolute difference from the labelled bound, share of labels guessed
            right, and τ-b of the models with the labelled ranking.
        settings: on a few pairs.
        num_compared: pairs behind ``settings``.
    """

    num_pairs: int
    num_targets: int
    num_finetuned: int
    images: dict[float, float]
    correlations: list[Correlations]
    held: float
    slack: float
    parts: list[TargetParts]
    quick_kendall: float
    quick_seconds: float
    consistent_total: float
    quick_total: float
    unlabelled: dict[str, dict[str, float]]
    settings: list[Setting]
    num_compared: int


def report_study(study: RelatednessStudy) -> RelatednessStudyReport:
    """Return what a finished study found."""
    rows, checks = _table(study, "pairs"), _table(study, "checks")
    ranked = rows[rows["target"].isin(study.targets)]
    parts = pd.DataFrame(
        [bound | {"target": target} for bound, target in zip(ranked["bound"], ranked["target"], strict=True)]
    )
    parts["distribution_mismatch"] = parts["distance"] * parts["lipschitz"]
    parts["true_loss"] = ranked["true_loss"].to_numpy()
    totals = pd.Series([bound["total"] for bound in rows["bound"]])
    means = parts.groupby("target", sort=False)[list(TargetParts._fields[1:])].mean()
    return RelatednessStudyReport(
        num_pairs=len(rows),
        num_targets=len(study.targets),
        num_finetuned=int(rows["finetuned"].notna().sum()),
        images={share: float(_of_share(ranked, share, "images").mean()) for share in SHARES},
        correlations=list(_correlations(rows, ranked)),
        held=float((rows["true_loss"] <= totals).mean()),
        slack=float((totals - rows["true_loss"]).mean()),
        parts=[TargetParts(str(target), *map(float, values)) for target, *values in means.itertuples()],
        quick_kendall=_mean_tau(checks, "quick", "full"),
        quick_seconds=float(_of_share(ranked, 1.0, "seconds").groupby(ranked["target"]).sum().max()),
        consistent_total=float(_totals(checks, "consistent").mean()),
        quick_total=float(_totals(checks, "quick").mean()),
        unlabelled={way: _guessed(checks, way) for way in ("k-means", "iterated")},
        settings=_settings(study),
        num_compared=len(study.pieces["settings"]),
    )


def _read(study: RelatednessStudy, kind: str) -> list[Facts]:
    return [study.read(kind, *pair) for pair in study.pieces[kind]]


def _table(study: RelatednessStudy, kind: str) -> pd.DataFrame:
    names = pd.DataFrame(study.pieces[kind], columns=["model", "target"])
    return pd.concat([names, pd.DataFrame(_read(study, kind))], axis=1)


def _of_share(rows: pd.DataFrame, share: float, name: str) -> pd.Series[float]:
    return rows["shares"].map(lambda shares: float(shares[str(share)][name]))


def _correlations(rows: pd.DataFrame, ranked: pd.DataFrame) -> Iterator[Correlations]:
    """Yield the correlations of every score at every share; ``ranked`` are the rows of the targets with all models."""
    for share in SHARES:
        scores = pd.DataFrame([shares[str(share)]["scores"] for shares in rows["shares"]], rows.index)
        for name in scores.columns:
            table = rows[["model", "target", "classes", "head", "finetuned"]].assign(score=scores[name])
            here = table.loc[ranked.index].dropna(subset="score")
            models = pd.Series([_agreement(group, "pearson") for _, group in here.groupby("target")])
            ranks = pd.Series([_agreement(group, "kendall") for _, group in here.groupby("target")])
            targets = pd.Series([_agreement(group, "pearson") for _, group in here.groupby("model")])
            tuned = table.dropna(subset=["score", "finetuned"])
            values = tuned[["score", "finetuned"]].astype(float)
            apart = values - values.groupby(tuned["classes"]).transform("mean")
            yield Correlations(
                score=name,
                share=share,
                models=float(models.mean()),
                models_error=float(models.std() / len(models) ** 0.5),
                models_kendall=float(ranks.mean()),
                targets=float(targets.mean()),
                finetuned=float(apart["score"].corr(apart["finetuned"])),
            )


def _agreement(group: pd.DataFrame, method: Literal["pearson", "kendall"]) -> float:
    return float(group["score"].corr(group["head"], method=method)) if len(group) >= _LEAST else float("nan")


def _totals(checks: pd.DataFrame, way: str) -> pd.Series[float]:
    return checks[way].map(lambda found: float(found["total"]))


def _mean_tau(checks: pd.DataFrame, way: str, other: str) -> float:
    both = pd.DataFrame({"one": _totals(checks, way), "two": _totals(checks, other), "target": checks["target"]})
    return float(pd.Series([kendalltau(g["one"], g["two"]).statistic for _, g in both.groupby("target")]).mean())


def _guessed(checks: pd.DataFrame, way: str) -> dict[str, float]:
    return {
        "difference": float((_totals(checks, way) - _totals(checks, "quick")).abs().mean()),
        "agreement": float(checks[way].map(lambda found: float(found["agreement"])).mean()),
        "kendall": _mean_tau(checks, way, "quick"),
    }


def _settings(study: RelatednessStudy) -> list[Setting]:
    found = _read(study, "settings")
    return [_setting(name, [pair[name] for pair in found]) for name in found[0]]


def _setting(name: str, bounds: list[Facts]) -> Setting:
    table = pd.DataFrame(bounds)
    return Setting(
        name=name,
        total=float(table["total"].mean()),
        reference_loss=float(table["reference_loss"].mean()),
        label_mismatch=float(table["label_mismatch"].mean()),
        distribution_mismatch=float((table["distance"] * table["lipschitz"]).mean()),
        seconds=float(table["seconds"].map(lambda parts: sum(parts.values())).mean()),
        transport_seconds=float(table["seconds"].map(lambda parts: parts["transport"]).mean()),
    )
