"""The loop: the measurement that is worth most per second is done, and moves what is believed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from zoograph.data.errors import ZoographError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import WARNINGS, Protocol
from zoograph.training.choosing.beliefs.belief import LEAST
from zoograph.training.choosing.beliefs.knowledge_gradient import best_rate, values_of_measuring
from zoograph.training.choosing.beliefs.levels import more_noise
from zoograph.training.choosing.beliefs.opinion import Opinion, Opinions
from zoograph.training.choosing.choice import Left, Plan, Ranked, Trial, format_seconds
from zoograph.training.choosing.laboratory import Laboratory, Wanted
from zoograph.training.choosing.seconds import Seconds
from zoograph.training.choosing.weight_sources import Sources
from zoograph.training.runtime.progress import Progress, Stage

_FIRST_SHARE = 0.2  # of the budget, that the leader may take to be measured before all others


class Standing(NamedTuple):
    """Where a choice stands, to be shown.

    Attributes:
        elapsed: seconds of the budget that are spent.
        doing: the measurement that begins now; None after the last.
        trials: those that were done in this call.
        leader: the model to pick by now.
        predicted: accuracy that is expected of it; ``lower`` and ``upper`` are its 90 % interval.
        regret: points that it is expected to lose.
        left: candidates that failed in this call.
    """

    elapsed: float
    doing: Plan | None
    trials: Sequence[Trial]
    leader: str
    predicted: float
    lower: float
    upper: float
    regret: float
    left: Sequence[Left] = ()


Watch = Callable[[Standing], None]


@dataclass
class Loop:
    """Measures candidates until the budget is spent, or little is left to lose.

    Attributes:
        begin: when it began, by the monotonic clock.
        budget: seconds, in all.
        threshold: points of expected regret at which it stops.
        sources: where weights are to be had.
        laboratory: that measures.
        opinions: asks the predictor.
        seconds: predicts how long a measurement takes.
        trials: what was measured, in order.
        left: candidates that failed.
        warnings: of the runs.
        stopped: why it stopped, see :data:`zoograph.training.choosing.choice.REASONS`.
        first_regret: expected points before anything was measured here.
    """

    begin: float
    budget: float
    threshold: float
    sources: Sources
    laboratory: Laboratory
    opinions: Opinions
    seconds: Seconds
    trials: list[Trial] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stopped: str = ""
    first_regret: float = 0.0
    _new: list[tuple[Plan, float, float]] = field(default_factory=list)

    def run(self, progress: Progress | None = None, stage: Stage | None = None, watch: Watch | None = None) -> None:
        """Measure.

        Args:
            progress: called with (steps done, steps in all) of the measurement that runs.
            stage: told what is being done.
            watch: told where it stands before each measurement, and at the end.

        Raises:
            ZoographError: if there is no time for one candidate, or none can be measured.
        """
        self._form_opinion(stage, progress)
        self.first_regret = self.standing().regret
        while (plan := self._decide()) is not None:
            plans = self._beside(plan)
            if stage is not None:
                stage(", ".join(f"{each.model}: {each.level.description}" for each in plans))
            if watch is not None:
                watch(self.standing(plan))  # last, since it says more: beside the measurement, who leads
            self._measure(plans, progress)
            self._form_opinion(stage, None)
            self._note()
        if watch is not None:
            watch(self.standing())

    @property
    def elapsed(self) -> float:
        """Seconds that are spent."""
        return time.monotonic() - self.begin

    @property
    def num_known(self) -> int:
        """Measurements of the dataset that the store has, at any level."""
        return len(self.opinion.measured)

    def standing(self, doing: Plan | None = None) -> Standing:
        """Return where it stands."""
        leader = self.opinion.leader
        columns = (self.opinion.mean, *self.opinion.bounds)
        predicted, lower, upper = (float(column[leader]) for column in columns)
        regret = 100 * self.opinion.regret(leader)
        leading = (self.opinion.ids[leader], predicted, lower, upper, regret)
        return Standing(self.elapsed, doing, self.trials, *leading, self.left)

    def plan(self) -> Plan | None:
        """Return the measurement that is worth most per second, whatever it takes; None if nothing is left."""
        return self._best(float("inf"))

    def rank(self) -> tuple[Ranked, ...]:
        """Return all candidates, the one to pick first, then by expected regret."""
        opinion, leader, regrets = self.opinion, self.opinion.leader, self.opinion.regrets
        best, (lower, upper) = opinion.chances(), opinion.bounds
        order = sorted(range(len(opinion.ids)), key=lambda i: (i != leader, regrets[i]))
        return tuple(
            Ranked(
                id := opinion.ids[i],
                float(opinion.mean[i]),
                float(lower[i]),
                float(upper[i]),
                best[i],
                100 * regrets[i],
                opinion.measured.get((id, Protocol.PROBE)),
                opinion.measured.get((id, Protocol.HEAD)),
                opinion.measured.get((id, Protocol.FINETUNE)),
            )
            for i in order
        )

    @property
    def _protocol(self) -> Protocol:
        return self.opinions.question.protocol

    def _form_opinion(self, stage: Stage | None, progress: Progress | None) -> None:
        self.opinion: Opinion = self.opinions.ask(stage, progress)

    def _decide(self) -> Plan | None:
        """Return the next measurement; None when it is time to stop, and why is noted."""
        remaining, now = self.budget - self.elapsed, self.standing()
        known = (now.leader, self._protocol) in self.opinion.measured
        tried = {model for model, _ in self.opinion.measured}
        enough = now.regret < self.threshold and len(tried) >= min(LEAST, len(self.opinion.ids))
        if known and enough:
            self.stopped = "regret"
            return None
        best = self._best(remaining)
        if best is None:
            self._stop_for_want_of_time()
            return None
        final = self._plan_of(now.leader, self._protocol)
        last = enough or best.seconds + final.seconds > remaining
        if not known and last and final.seconds <= remaining:
            return final  # the model that is picked is measured itself, before there is no time left for it
        if not self.num_known:
            # What the leader tells of the level of a new dataset is what all others are then held against.
            first = self._plan_of(now.leader, next(iter(self.seconds.work)))
            if first.seconds <= min(remaining, _FIRST_SHARE * self.budget):
                return first
        return best

    def _stop_for_want_of_time(self) -> None:
        quickest = min(self._open(), key=lambda plan: plan.seconds, default=None)
        self.stopped = "exhausted" if quickest is None else "budget"
        if quickest is not None and not self.num_known:
            needed = 1.2 * (self.elapsed + quickest.seconds)
            raise ZoographError(
                f"A budget of {format_seconds(self.budget)} is too short for one candidate: the quickest, "
                f"'{quickest.model}' ({quickest.level.description}), takes about {format_seconds(quickest.seconds)} "
                f"once the records are read. Give --budget {needed:.0f}s or more."
            )

    def _open(self) -> list[Plan]:
        """Return every measurement that is left: of each model, what is dearer than what was done."""
        levels = list(self.seconds.work)
        plans = []
        for id in self.opinion.ids:
            done = max((levels.index(level) for level in levels if (id, level) in self.opinion.measured), default=-1)
            plans += [self._plan_of(id, level) for level in levels[done + 1 :]]
        return plans

    def _best(self, most_seconds: float, without: Collection[str] = ()) -> Plan | None:
        """Return the measurement of a contender that is worth most per second and takes no longer; None for none.

        Args:
            most_seconds: that it may take.
            without: models that are passed over.
        """
        belief, opinion = self.opinion.belief, self.opinion
        names = [opinion.ids[i] for i in opinion.contenders.tolist()]
        place = {name: i for i, name in enumerate(names)}
        plans = [plan for plan in self._open() if plan.model in place and plan.seconds <= most_seconds]
        plans = [plan for plan in plans if plan.model not in without]
        options: list[tuple[float, Plan]] = []
        for level in self.seconds.work:
            own = [plan for plan in plans if plan.level is level]
            if not own:
                continue
            extra = more_noise(opinion.prior.belief, level, self._protocol, opinion.test_sizes[level])
            values = values_of_measuring(belief, extra)
            seconds = torch.ones(len(names), dtype=torch.float64)
            open_ = torch.zeros(len(names), dtype=torch.bool)
            for plan in own:
                seconds[place[plan.model]], open_[place[plan.model]] = plan.seconds, True
            best = best_rate(belief, values, seconds, open_)
            assert best is not None
            plan = next(plan for plan in own if plan.model == names[best])
            options.append((float(values[best]) / plan.seconds, plan._replace(gain=100 * float(values[best]))))
        return max(options, key=lambda option: option[0])[1] if options else None

    def _plan_of(self, model: str, level: Protocol) -> Plan:
        return Plan(model, level, self.seconds.predict(self._cards[model], level), 0.0)

    @property
    def _cards(self) -> dict[str, ModelCard]:
        return {card.id: card for card in self.opinions.cards}

    def _beside(self, plan: Plan) -> list[Plan]:
        """Return a measurement, and those of other models that are worth most among what can be done beside it.

        What is measured for the level, or of the model that is picked, is waited for alone.
        """
        plans, remaining = [plan], self.budget - self.elapsed
        while plan.gain > 0 and len(plans) < self.laboratory.at_once:
            other = self._best(remaining, {each.model for each in plans})
            if other is None:
                break
            plans.append(other)
        return plans

    def _measure(self, plans: Sequence[Plan], progress: Progress | None) -> None:
        """Do measurements of different models; a candidate that cannot be measured is left out from now on."""
        cards = self._cards
        wanted = [Wanted(cards[plan.model], self.sources[plan.model], plan.level) for plan in plans]
        for plan, found in zip(plans, self.laboratory.measure(wanted, progress), strict=True):
            run = found.run
            if run is None:
                self._leave_out(plan.model, found.reason)
                continue
            self.opinions.learn(plan.model, plan.level, run.value)
            self.seconds.learn(cards[plan.model], plan.level, found.seconds)
            self.warnings += [text for text in run.hyperparameters.get(WARNINGS, ()) if text not in self.warnings]
            self._new.append((plan, run.value, found.seconds))

    def _leave_out(self, model: str, reason: str) -> None:
        self.left.append(Left(model, reason))
        if len(self.opinions.cards) == 1:
            raise ZoographError(f"No candidate can be measured; the last: {model}: {reason}")
        self.opinions.leave_out(model)

    def _note(self) -> None:
        """Write down the measurements that moved the opinion."""
        now = self.standing()
        for plan, value, took in self._new:
            self.trials.append(
                Trial(
                    plan.model,
                    plan.level,
                    value,
                    took,
                    now.elapsed,
                    now.leader,
                    now.predicted,
                    now.lower,
                    now.upper,
                    now.regret,
                )
            )
        self._new = []
