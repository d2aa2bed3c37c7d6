"""The study of influence on the glyph zoo: three corpora, six targets, two hundred small models of each corpus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from zoograph.training.analysis.influence.counterfactuals import Removals, Retrained, counts_of, retrain_without
from zoograph.training.analysis.influence.ensembles import EnsembleRunner
from zoograph.training.analysis.influence.estimate import estimate
from zoograph.training.analysis.influence.jobs import OUTCOMES
from zoograph.training.analysis.influence.recipe import Recipe
from zoograph.training.analysis.influence.small_tasks import corpus_task, glyph_task
from zoograph.training.studies.influence.planted import make_planted_case
from zoograph.training.studies.influence.report import (
    InfluenceStudyReport,
    PlantedReport,
    mean_changes,
    report_pair,
    report_planted,
    right_order,
    study_rows,
)

SOURCES = ("latin", "eastern", "symbols")
TARGETS = tuple(
    f"glyph_{name}_50"
    for name in ("print_b16", "outline_b32", "thin_b16", "inverted_b16", "clutter_b16", "blurred_b32")
)
NUM_MODELS = 200
REMOVED = (0.1, 0.2, 0.3, 0.4)
"""Shares of the classes of a source that counterfactuals leave out."""

PLANTED_REMOVED = (1 / 6, 1 / 3)


@dataclass(frozen=True)
class StudyPlan:
    """What is studied.

    Attributes:
        sources: keys of the corpora.
        targets: ids of tasks of the glyph zoo.
        models: of each source, that influences rest on.
        removed: shares of the classes that are left out; none for no counterfactuals.
        recipe: of the models.
    """

    sources: tuple[str, ...] = SOURCES
    targets: tuple[str, ...] = TARGETS
    models: int = NUM_MODELS
    removed: tuple[float, ...] = REMOVED
    recipe: Recipe = field(default_factory=Recipe)

    def removals(self, units: int) -> Removals | None:
        """Return how many classes of a source are left out; None for no counterfactuals."""
        return Removals(counts_of(units, self.removed)) if self.removed else None

    def count_models(self, sizes: Sequence[int]) -> tuple[int, int]:
        """Return how many models influences rest on, and how many are trained anew, for sources of these classes."""
        anew = (self.removals(size) for size in sizes)
        return self.models * len(sizes), sum(one.count_models(len(self.targets)) for one in anew if one is not None)


def run_study(
    lab: EnsembleRunner, plan: StudyPlan, say: Callable[[str], None] = lambda words: None
) -> InfluenceStudyReport:
    """Do what of a study is not done yet, and report it.

    Args:
        lab: keeps every model and outcome.
        plan: what to do.
        say: called with sentences about what is ahead.
    """
    sources = [corpus_task(name) for name in plan.sources]
    targets = [glyph_task(name) for name in plan.targets]
    first, anew = plan.count_models([len(source.classes) for source in sources])
    minutes = (first + anew) * lab.seconds_per_model(sources[0], plan.recipe) / 60
    say(
        f"{first} models for influences and {anew} for counterfactuals, {lab.group} at once: about {minutes:.0f} "
        "minutes of one process to train them all, and less than that to transfer them. What is finished is kept."
    )
    planted, pairs, rows = run_planted(lab, plan.models), [], []
    for source in sources:
        ensemble = lab.random_ensemble(source, plan.models, recipe=plan.recipe)
        known = {target.id: [estimate(ensemble, target, outcome) for outcome in OUTCOMES] for target in targets}
        retrained: list[Retrained] = []
        removals = plan.removals(len(source.classes))
        if removals is not None:
            orders = {name: estimates[0].order() for name, estimates in known.items()}
            retrained = retrain_without(lab, source, targets, orders, removals, recipe=plan.recipe)
        accuracy = float(ensemble.train()["accuracy"].mean())
        for target in targets:
            reached = ensemble.transfer(target)["outcomes"][:, 0].mean(axis=1, dtype=np.float64)
            pairs.append(report_pair(source, target, known[target.id], reached, accuracy, retrained))
            rows += study_rows(source, target, known[target.id])
    return InfluenceStudyReport(
        pairs=pairs,
        planted=planted,
        influences=rows,
        right_order=right_order(pairs),
        changes=mean_changes(pairs),
        models_trained=first + anew,
    )


def run_planted(
    lab: EnsembleRunner,
    models: int = NUM_MODELS,
    removed: tuple[float, ...] = PLANTED_REMOVED,
    unit: str = "class",
    repeats: int = 4,
) -> PlantedReport:
    """Estimate influences in the planted case, and take classes out.

    Args:
        lab: keeps the models.
        models: that influences rest on.
        removed: shares of the units that are left out; none for no counterfactuals.
        unit: ``class``, or ``example``: an image is of the kind of its class.
        repeats: models of each removal.
    """
    case = make_planted_case()
    ensemble = lab.random_ensemble(case.source, models, unit, case.recipe)
    estimates = [estimate(ensemble, case.target, outcome) for outcome in OUTCOMES]
    kinds = case.kinds if unit == "class" else case.kinds[case.source.train_labels]
    retrained: list[Retrained] = []
    if removed:
        removals = Removals(counts_of(len(kinds), removed), repeats, repeats)
        orders = {case.target.id: estimates[0].order()}
        retrained = retrain_without(lab, case.source, [case.target], orders, removals, unit, case.recipe)
    return report_planted(kinds, estimates, retrained)
