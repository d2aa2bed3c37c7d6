"""What the predictor expects of candidates on one dataset, from every record that the store has by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.current_predictor import Provenance, open_predictor
from zoograph.training.answers.expected_regret import ExpectedRegret, weigh_models
from zoograph.training.answers.question import Question
from zoograph.training.answers.source import Source
from zoograph.training.choosing.belief import Belief
from zoograph.training.choosing.levels import LEVELS
from zoograph.training.runtime.progress import Progress, Stage, Warn
from zoograph.training.runtime.threads import one_thread


@dataclass(frozen=True)
class Opinion:
    """What is expected of k candidates.

    Attributes:
        ids: of the candidates.
        weighed: expectations and intervals of all of them.
        contenders: (c,) places of those that ``belief`` is of.
        belief: of the contenders.
        measured: (model, level) -> mean of what was measured on the dataset.
        provenance: where the answer comes from.
    """

    ids: tuple[str, ...]
    weighed: ExpectedRegret
    contenders: Tensor
    belief: Belief
    measured: Mapping[tuple[str, Protocol], float]
    provenance: Provenance

    def leader(self, protocol: Protocol) -> int:
        """Return the place of the model to pick: of those that were measured at any level, the best by what is known.

        What was measured under the protocol counts as it is; of the others, what is expected. Where no model was
        measured, it is the best expected one.
        """
        tried = {model for model, level in self.measured if level in LEVELS[protocol]}
        expected = self.weighed.mean.tolist()
        known = [self.measured.get((id, protocol), expected[i]) for i, id in enumerate(self.ids)]
        return max(range(len(known)), key=lambda i: (self.ids[i] in tried, known[i]))

    def regret(self, place: int) -> float:
        """Return the accuracy that a candidate is expected to lose against the best, on the test images there are."""
        return self.regrets()[place]

    def regrets(self) -> list[float]:
        """Return that of all candidates, from 0 on."""
        expected = self.weighed.mean.double()
        gaps, means = self._drawn[1], self.belief.mean
        regrets = float((means + gaps).mean()) - expected  # the first is what the best is expected to have
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


@dataclass(frozen=True)
class Opinions:
    """Asks the predictor about the same candidates again and again, each time from what the store has by then.

    The predictor is conditioned on what is new and learns nothing from it; ``zoograph retrain`` does that.

    Attributes:
        store: that is read.
        question: about one dataset.
        cards: of the candidates.
        test_size: images that a measurement under the asked protocol is tested on.
        encoder: text encoder; default as shipped.
    """

    store: RecordStore
    question: Question
    cards: Sequence[ModelCard]
    test_size: float
    encoder: str | None = None
    warn: Warn | None = None

    def ask(self, stage: Stage | None = None, progress: Progress | None = None) -> Opinion:
        """Return what is expected by now.

        Raises:
            PredictorError: if there is no record to predict from.
        """
        ids = [card.id for card in self.cards]
        zoo = self.store.snapshot().with_cards(self.cards)
        current = open_predictor(Source(self.store), self.question, self.encoder, progress, self.warn, stage, zoo, ids)
        with one_thread():
            joint = current.joint(ids)
            contenders = torch.arange(len(ids)) if joint.contenders is None else joint.contenders
            belief = Belief.of(joint, self.test_size)
            weighed = weigh_models(joint)
        measured = self._measured(zoo)
        known = [
            (place, measured[ids[i], self.question.protocol])
            for place, i in enumerate(contenders.tolist())
            if (ids[i], self.question.protocol) in measured
        ]
        if known:
            places, values = zip(*known, strict=True)
            belief = belief.with_known(torch.tensor(places), torch.tensor(values))
        return Opinion(tuple(ids), weighed, contenders, belief, measured, current.provenance())

    def _measured(self, zoo: Zoo) -> dict[tuple[str, Protocol], float]:
        runs = zoo.runs[(zoo.runs["dataset"] == self.question.tasks[0]) & (zoo.runs["metric"] == self.question.metric)]
        means = runs[runs["failure"].isna()].groupby(["model", "protocol"])["value"].mean()
        return {
            (str(model), Protocol(level)): float(value)
            for (model, level), value in zip(means.index, means, strict=True)
        }
