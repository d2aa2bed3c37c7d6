"""What is expected of candidates on one dataset: from other datasets' records, moved by what is measured on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.store import RecordStore
from zoograph.models.method import INTERVAL_SIGMAS
from zoograph.training.answers.current.current_predictor import Provenance, open_predictor
from zoograph.training.answers.current.source import Source
from zoograph.training.answers.measured_pairs import measured_pairs
from zoograph.training.answers.question import Question
from zoograph.training.choosing.beliefs.belief import Belief, binomial_noise
from zoograph.training.choosing.beliefs.levels import LEVELS, noise_of, translated
from zoograph.training.choosing.beliefs.prior import blended, elsewhere
from zoograph.training.runtime.progress import Progress, Stage, Warn
from zoograph.training.runtime.threads import one_thread

_FEWEST, _FEWEST_SHARE = 20, 0.05  # records under a protocol, and their share of those of the usual one, to ask for it


@dataclass(frozen=True)
class Prior:
    """What is expected of k candidates from the records of other datasets, before anything is measured on this one.

    Attributes:
        ids: of the candidates.
        mean: (k,) expected accuracy in [0, 1]; ``lower`` and ``upper`` (k,) are its 90 % interval.
        contenders: (c,) places of those that ``belief`` is of.
        belief: of the contenders, under the asked protocol.
        provenance: where the answer comes from.
        protocol: that the predictor answers for.
    """

    ids: tuple[str, ...]
    mean: Tensor
    lower: Tensor
    upper: Tensor
    contenders: Tensor
    belief: Belief
    provenance: Provenance
    protocol: Protocol

    def without(self, id: str) -> Prior:
        """Return the same without one candidate."""
        gone = self.ids.index(id)
        rest = torch.tensor([place for place in range(len(self.ids)) if place != gone], dtype=torch.long)
        own = self.contenders != gone
        belief = replace(
            self.belief,
            mean=self.belief.mean[own],
            covariance=self.belief.covariance[own][:, own],
            noise=self.belief.noise[own],
        )
        contenders = self.contenders[own] - (self.contenders[own] > gone).long()
        columns = {name: getattr(self, name)[rest] for name in ("mean", "lower", "upper")}
        return replace(
            self, ids=tuple(self.ids[i] for i in rest.tolist()), contenders=contenders, belief=belief, **columns
        )


@dataclass(frozen=True)
class Opinion:
    """What is expected of k candidates by now.

    Attributes:
        prior: without what was measured on the dataset.
        measured: (model, level) -> mean of what was measured on the dataset.
        protocol: that is asked for.
        test_sizes: level -> samples that it is tested on.
    """

    prior: Prior
    measured: Mapping[tuple[str, Protocol], float]
    protocol: Protocol
    test_sizes: Mapping[Protocol, float]

    @property
    def ids(self) -> tuple[str, ...]:
        """Candidates."""
        return self.prior.ids

    @property
    def contenders(self) -> Tensor:
        """(c,) places of those that ``belief`` is of."""
        return self.prior.contenders

    @cached_property
    def belief(self) -> Belief:
        """Of the contenders, from everything that is known."""
        place = {self.ids[i]: n for n, i in enumerate(self.contenders.tolist())}
        known = [(place[id], level, value) for (id, level), value in self.measured.items() if id in place]
        if not known:
            return self.prior.belief
        places, levels, values = (list(column) for column in zip(*known, strict=True))
        at = torch.tensor(places)
        noise = noise_of(self.prior.belief, at, levels, self.protocol, self.test_sizes)
        return self.prior.belief.given(at, torch.tensor(values), noise)

    @cached_property
    def mean(self) -> Tensor:
        """(k,) expected accuracies in [0, 1]; of a model that was measured under the protocol, what was measured."""
        belief, before = self.belief.mean, self.prior.belief.mean
        shift = float((belief - before).mean()) if len(before) else 0.0  # what is no contender moves with the level
        mean = self.prior.mean.double() + shift
        mean[self.contenders] = belief
        for i, id in enumerate(self.ids):
            mean[i] = self.measured.get((id, self.protocol), float(mean[i]))
        return mean.clamp(0, 1)

    @cached_property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """(k,) lower and (k,) upper ends of the 90 % intervals of a measurement on other test samples, as many.

        Before anything is measured, the prior's covariances have the chance of the test samples in them.
        """
        below, above = self.prior.mean - self.prior.lower, self.prior.upper - self.prior.mean
        variance = self.belief.covariance.diagonal().clamp(min=0) + self.belief.noise
        if self.measured:
            variance = variance + binomial_noise(self.mean[self.contenders], self.test_sizes[self.protocol])
        reach = INTERVAL_SIGMAS * variance.sqrt()
        sides = []
        for side in (below, above):
            full = side.double().clone()
            full[self.contenders] = reach
            sides.append(full)
        return (self.mean - sides[0]).clamp(0, 1), (self.mean + sides[1]).clamp(0, 1)

    @property
    def leader(self) -> int:
        """The place of the model to pick: of those that were measured at any level, the best by what is known.

        What was measured under the protocol counts as it is; of the others, what is expected. Where no model was
        measured, it is the best expected one.
        """
        tried = {model for model, _ in self.measured}
        known = self.mean.tolist()
        return max(range(len(known)), key=lambda i: (self.ids[i] in tried, known[i]))

    def regret(self, place: int) -> float:
        """Return the accuracy that a candidate is expected to lose against the best, on the test samples there are."""
        return self.regrets[place]

    @cached_property
    def regrets(self) -> list[float]:
        """That of all candidates, from 0 on."""
        gaps, means = self._drawn[1], self.belief.mean
        regrets = float((means + gaps).mean()) - self.mean  # the first is what the best is expected to have
        regrets[self.contenders] = gaps
        return regrets.clamp(min=0).tolist()

    def chances(self) -> list[float]:
        """Return the probability of each candidate to be the best, with sum 1."""
        chances = torch.zeros(len(self.ids), dtype=torch.float64)
        chances[self.contenders] = self._drawn[0]
        return chances.tolist()

    @cached_property
    def _drawn(self) -> tuple[Tensor, Tensor]:
        return self.belief.regrets()


@dataclass
class Opinions:
    """Asks the predictor once, and then moves what it said by what is measured on the dataset.

    The predictor is asked without the measurements of the dataset at the levels of the protocol: these are weighed
    here, in closed form. It learns nothing from them; ``zoograph retrain`` does that.

    Attributes:
        store: that is read.
        question: about one dataset, under the protocol that is asked for.
        cards: of the candidates.
        test_sizes: level -> samples that a measurement is tested on.
        encoder: text encoder; default as shipped.
        warn: told what the user should know.
    """

    store: RecordStore
    question: Question
    cards: Sequence[ModelCard]
    test_sizes: Mapping[Protocol, float]
    encoder: str | None = None
    warn: Warn | None = None
    _measured: dict[tuple[str, Protocol], float] = field(default_factory=dict)
    _prior: Prior | None = None

    def ask(self, stage: Stage | None = None, progress: Progress | None = None) -> Opinion:
        """Return what is expected by now.

        Raises:
            PredictorError: if there is no record to predict from.
        """
        if self._prior is None:
            self._prior = self._form_prior(stage, progress)
        known = {key: value for key, value in self._measured.items() if key[0] in self._prior.ids}
        return Opinion(self._prior, known, self.question.protocol, self.test_sizes)

    def learn(self, model: str, level: Protocol, value: float) -> None:
        """Take note of a measurement."""
        self._measured[model, level] = value

    def leave_out(self, model: str) -> None:
        """Ask about one candidate no more."""
        self.cards = [card for card in self.cards if card.id != model]
        if self._prior is not None:
            self._prior = self._prior.without(model)

    def _form_prior(self, stage: Stage | None, progress: Progress | None) -> Prior:
        ids, (task,), asked = [card.id for card in self.cards], self.question.tasks, self.question.protocol
        zoo = self.store.snapshot().with_cards(self.cards)
        for level in LEVELS[asked]:
            pairs = measured_pairs(zoo, level, self.question.metric, self.question.modality, [task])
            self._measured |= {(model, level): found.value for (model, _), found in pairs.items()}
        own = (zoo.runs["dataset"] == task) & zoo.runs["protocol"].isin([level.value for level in LEVELS[asked]])
        answered = answered_protocol(self.store, asked, self.question.metric, self.question.modality)
        question = replace(self.question, protocol=answered)
        current = open_predictor(
            Source(self.store), question, self.encoder, progress, self.warn, stage, zoo.with_runs(zoo.runs[~own]), ids
        )
        with one_thread():
            joint = current.joint(ids)
            contenders = torch.arange(len(ids)) if joint.contenders is None else joint.contenders
            belief = translated(Belief.of(joint, self.test_sizes[asked]), answered, asked)
            models, datasets = current.nodes(ids)
            belief = blended(belief, elsewhere(current.graph, models[contenders], int(datasets[0])))
        columns = (joint.mean, joint.lower, joint.upper)
        return Prior(tuple(ids), *columns, contenders, belief, current.provenance(), answered)


def answered_protocol(store: RecordStore, asked: Protocol, metric: Metric, modality: str) -> Protocol:
    """Return the protocol that a predictor is asked for: the asked one, or its usual level where it has few records.

    Args:
        store: whose records count.
        asked: that a choice is made under.
        metric: of the records.
        modality: of their datasets.
    """
    counts = store.ways_measured()
    number = {level: counts.get((level, metric, modality), 0) for level in LEVELS[asked]}
    usual = max(number, key=lambda level: (number[level], level is asked))
    return asked if number[asked] >= max(_FEWEST, _FEWEST_SHARE * number[usual]) else usual
