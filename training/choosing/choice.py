"""What ``choose`` returns: the model to take, what it rests on, and how the expected regret fell."""

from __future__ import annotations

import math
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from zoograph.data.files.counts import count_of
from zoograph.data.images.reading.unreadable import describe_unreadable
from zoograph.data.networks.find_model import OWN
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.report import Report
from zoograph.training.answers.notes import describe_source, format_chance

if TYPE_CHECKING:
    import pandas as pd

    from zoograph.training.answers.current.current_predictor import Provenance
    from zoograph.training.candidates.filters import Step as FilterStep


class Trial(NamedTuple):
    """One measurement.

    Attributes:
        model: that was measured.
        level: ``probe``, ``head`` or ``finetune``.
        accuracy: that was found, in [0, 1].
        took: seconds.
        elapsed: seconds of the budget that were spent when it ended.
        leader: the model to pick after it.
        predicted: accuracy that is expected of the leader; ``lower`` and ``upper`` are its 90 % interval.
        regret: points of accuracy that the leader is expected to lose against the best candidate.
    """

    model: str
    level: Protocol
    accuracy: float
    took: float
    elapsed: float
    leader: str
    predicted: float
    lower: float
    upper: float
    regret: float


class Plan(NamedTuple):
    """A measurement that would come next.

    Attributes:
        model: that would be measured.
        level: of the measurement.
        seconds: that it is expected to take.
        gain: points by which it is expected to lower the expected regret.
    """

    model: str
    level: Protocol
    seconds: float
    gain: float


class Ranked(NamedTuple):
    """A candidate at the end; accuracies in [0, 1] under the asked protocol.

    Attributes:
        predicted: expected, from everything that was measured; ``lower`` and ``upper`` are its 90 % interval.
        best: probability of being the best, in [0, 1].
        regret: points that picking it is expected to lose.
        probe, head, finetune: what was measured of it; None where nothing was.
    """

    model: str
    predicted: float
    lower: float
    upper: float
    best: float
    regret: float
    probe: float | None
    head: float | None
    finetune: float | None


NO_WEIGHTS = "its weights are not to be had."
"""Why a candidate that was asked for by its name is left out, where nothing else is wrong with it."""


class Left(NamedTuple):
    """A candidate that could not be measured, and why."""

    model: str
    reason: str


REASONS = {
    "regret": "the expected regret is below what was asked for",
    "budget": "no further measurement fits into the budget",
    "exhausted": "everything that can be measured was measured",
}


@dataclass(frozen=True)
class Choice(Report):
    """Everything that ``choose`` prints.

    Attributes:
        dataset: id in the store.
        folder: the dataset as it was given.
        protocol: that accuracies are of.
        budget: seconds; ``spent`` of these.
        threshold: points of expected regret at which it stops.
        stopped: why it stopped, one of :data:`REASONS`.
        first_regret: points that the pick was expected to lose before anything was measured in this call.
        picked: the choice.
        weights: file of its weights; None for those of the name.
        num_classes: of the dataset.
        trials: measurements of this call, in order.
        earlier: measurements of the dataset that the store had before.
        ranking: candidates by expected regret, the choice first.
        num_candidates: that were compared.
        num_without: candidates whose weights are not to be had.
        left: candidates that failed, and were not asked again.
        next: what would be measured next; None if nothing is left.
        filters: what each filter did.
        provenance: of the predictor.
        answered: protocol that the predictor answers for.
        skipped: samples that could not be read -> what is wrong with them.
        warnings: of the runs.
        samples: what several samples of the dataset are called.
        snippet: Python that loads the choice with a new classifier.
        save_model: folder that the best fine-tuned model was to be kept in; None if none was.
        is_saved: whether the choice is what the folder holds.
        options: further words of the command, such as those that name the columns of a table.
        num_test: samples, about, that an accuracy under the protocol is measured on; 0 where it is not known.
    """

    dataset: str
    folder: str
    protocol: Protocol
    budget: float
    spent: float
    threshold: float
    stopped: str
    first_regret: float
    picked: Ranked
    weights: Path | None
    num_classes: int
    trials: tuple[Trial, ...]
    earlier: int
    ranking: tuple[Ranked, ...]
    num_candidates: int
    num_without: int
    left: tuple[Left, ...]
    next: Plan | None
    filters: tuple[FilterStep, ...]
    provenance: Provenance
    answered: Protocol
    skipped: dict[str, str]
    warnings: tuple[str, ...]
    samples: str
    snippet: str
    options: tuple[str, ...] = ()
    save_model: Path | None = None
    is_saved: bool = False
    num_test: int = 0

    @property
    def title(self) -> str:
        """The dataset and the protocol."""
        return f"Chosen for {self.dataset}, {self.protocol.description}"

    @property
    def measured(self) -> float | None:
        """Accuracy of the choice under the asked protocol; None if there was no time to measure it."""
        return self.picked.finetune if self.protocol is Protocol.FINETUNE else self.picked.head

    @property
    def _rival(self) -> Ranked | None:
        """The candidate that is expected to lose least, where the choice was measured and it was not."""
        least = min(self.ranking, key=lambda candidate: candidate.regret)
        known = least.finetune if self.protocol is Protocol.FINETUNE else least.head
        better = self.measured is not None and known is None and least.regret < self.picked.regret
        return least if better else None

    @property
    def _chance_of_test(self) -> str | None:
        """How far a measured accuracy is off by the choice of test samples alone, where that is a point or more."""
        value = self.measured
        if value is None or not self.num_test:
            return None
        points = 100 * math.sqrt(value * (1 - value) / self.num_test)
        if points < 1:
            return None
        other = "" if self.num_candidates == 1 else ", and another candidate the best"
        return (
            f"Tested on about {self.num_test:,} {self.samples}: on others the accuracy may well be {points:.0f} points "
            f"higher or lower{other}."
        )

    @property
    def sentence(self) -> str:
        """The choice in words: what it reaches, and what it may lose."""
        chosen = self.picked
        reached = (
            f"{chosen.predicted:.3f} expected (90 % interval {chosen.lower:.3f} to {chosen.upper:.3f}), not measured"
            if self.measured is None
            else f"{self.measured:.3f} measured ({self.protocol.description})"
        )
        if self.num_candidates == 1:
            return f"Take {chosen.model}: {reached}. It is the only candidate, so it was compared with no other."
        return (
            f"Take {chosen.model}: {reached}. On these test {self.samples} it is expected to lose "
            f"{chosen.regret:.2f} points against the best of {self.num_candidates:,} candidates, and is the best with "
            f"a chance of {format_chance(chosen.best)}."
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Why it stopped, what the choice rests on, what would come next, and what was left out."""
        own = sum(trial.model == self.picked.model for trial in self.trials)
        now, earlier = (count_of(number, "measurement") for number in (len(self.trials), self.earlier))
        measured = [f"{now} of this call ({own} of the model itself)"] if self.trials else []
        measured += [f"{earlier} that the store had of this dataset"] if self.earlier else []
        rests = " and ".join([", ".join(measured), "the records of other datasets"][not measured :])
        before = f" Before, the pick was expected to lose {self.first_regret:.2f} points." if self.trials else ""
        notes = [
            f"Stopped after {format_seconds(self.spent)}: {REASONS[self.stopped]}.",
            f"It rests on {rests}.{before}",
        ]
        if (chance := self._chance_of_test) is not None:
            notes.append(chance)
        if (rival := self._rival) is not None:
            notes.append(
                f"{rival.model} is expected to lose less ({rival.regret:.2f} points), but was not measured: "
                "the choice is of those that were."
            )
        if self.next is not None:
            notes.append(
                f"Next would be {self.next.model} ({self.next.level.description}, about "
                f"{format_seconds(self.next.seconds)}), expected to lower the regret by {self.next.gain:.2f} points."
            )
        named = sum(reason == NO_WEIGHTS for _, reason in self.left)
        if self.num_without > named:
            one, several = "candidate was not asked: its", "candidates were not asked: their"
            further = count_of(self.num_without - named, f"further {one}", f"further {several}")
            notes.append(f"{further} weights are not to be had.")
        notes += [f"Left out: {model}: {reason}" for model, reason in self.left]
        if self.weights is not None:
            word = "" if OWN in self.picked.model else ", on the word of its name"
            notes.append(f"The weights of {self.picked.model} are those in '{self.weights}'{word}.")
        if self.is_saved:
            notes.append(f"The fine-tuned model is in '{self.save_model}': zoograph.load_finetuned reads it.")
        elif self.save_model is not None:
            notes.append(
                f"'{self.save_model}' does not hold the choice, which was not fine-tuned since it was asked for: "
                "the command below does that."
            )
        if self.skipped:
            notes.append(f"{len(self.skipped):,} {self.samples} are left out ({describe_unreadable(self.skipped)}).")
        notes += dict.fromkeys(self.warnings)
        if self.answered is not self.protocol:
            notes.append(
                f"Few records of {self.samples} are of this protocol ({self.protocol.description}): what is expected "
                f"before measurements is of another ({self.answered.description})."
            )
        return (*notes, *describe_source(self.provenance, self.answered, Metric.TOP1))

    @property
    def command(self) -> str:
        """The command that fine-tunes the choice and stores the run."""
        model = self.picked.model if self.weights is None else self.picked.model.partition(OWN)[0]
        words = ["zoograph", "measure", "--models", model, "--dataset", self.folder]
        words += ["--protocol", "finetune", *(["--weights", str(self.weights)] if self.weights else []), *self.options]
        words += ["--save-model", str(self.save_model)] if self.save_model else []
        return shlex.join(words)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a candidate, the choice first: the attributes of :class:`Ranked`."""
        import pandas as pd

        table = pd.DataFrame([candidate._asdict() for candidate in self.ranking])
        return table.astype({"probe": float, "head": float, "finetune": float})

    def as_dict(self) -> dict[str, object]:
        """Return what JSON holds of it."""
        return {
            "dataset": self.dataset,
            "protocol": self.protocol.value,
            "predictor": asdict(self.provenance),
            "budget": self.budget,
            "spent": self.spent,
            "threshold": self.threshold,
            "stopped": self.stopped,
            "first_regret": self.first_regret,
            "choice": {**self.picked._asdict(), "measured": self.measured},
            "weights": self.weights and str(self.weights),
            "trials": [trial._asdict() for trial in self.trials],
            "earlier": self.earlier,
            "ranking": [candidate._asdict() for candidate in self.ranking],
            "num_candidates": self.num_candidates,
            "num_without": self.num_without,
            "num_test": self.num_test,
            "left": [left._asdict() for left in self.left],
            "next": self.next and self.next._asdict(),
            "filters": [step._asdict() for step in self.filters],
            "saved": str(self.save_model) if self.is_saved else None,
            "answered": self.answered.value,
            "snippet": self.snippet,
            "command": self.command,
        }


def format_seconds(seconds: float) -> str:
    """Return a time in words.

    >>> format_seconds(42.4), format_seconds(754), format_seconds(7300)
    ('42 s', '13 min', '2.0 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
