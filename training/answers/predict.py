"""The accuracy of a model on a dataset, or on every task of a family.

The warm path, a known pair and a trained predictor, imports neither torch nor PyG.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.naming.hub_copies import HUB_COPIES
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.report import Report
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.current.current_predictor import CurrentPredictor, Provenance, open_predictor
from zoograph.training.answers.current.source import Source, opened
from zoograph.training.answers.notes import ENOUGH, caution_of, describe_basis, describe_source
from zoograph.training.answers.question import Question, ask, require_name
from zoograph.training.runtime.progress import Progress, Stage, Warn

if TYPE_CHECKING:
    import pandas as pd

LINEAR_REGRESSION = "The linear regression is no answer: it is fitted to what cards say, for comparison."
OWN_RECORD = "Where the pair was measured, the prediction leaves that record out, so that the two can be compared."
OWN_FOLD = (
    "Where the pair was measured, the prediction leaves that record out, and a quarter of all others with it, so that "
    "the two can be compared."
)
"""The same of a trained predictor, which leaves out the fold of a record, see its ``predict``."""


@dataclass(frozen=True)
class Row:
    """The answer for one dataset; accuracies in [0, 1].

    Attributes:
        lower: lower end of the 90 % interval; ``upper`` likewise.
        linear_regression: the baseline's answer; None where there are too few records for it.
        measured: mean over the runs; None where there is no record.
    """

    dataset: str
    predicted: float
    lower: float
    upper: float
    linear_regression: float | None
    measured: float | None
    measured_runs: int


@dataclass(frozen=True)
class Answer(Report):
    """Everything that ``predict`` prints.

    Attributes:
        mean: over the rows. Its interval is the mean of the intervals, which holds however the errors of the
            tasks go together; ``measured`` is given only if every row is measured.
        new: the model and datasets that have no record of what is predicted.
        meaning: which weights the name of the model was taken for, in a sentence; None if the name says so itself.
        num_others: other models with a record of what is predicted, on each dataset.
    """

    model: str
    dataset: str
    protocol: Protocol
    metric: Metric
    modality: str
    provenance: Provenance
    rows: tuple[Row, ...]
    mean: Row
    new: tuple[str, ...]
    meaning: str | None = None
    cautions: tuple[str, ...] = ()
    num_others: tuple[int, ...] = (ENOUGH,)

    @property
    def title(self) -> str:
        """The pair, the protocol and the metric; for a family also the mean over its tasks."""
        title = f"{self.model} on {self.dataset}, {self.protocol.description}: {self.metric.description}"
        if len(self.rows) == 1:
            return title
        mean = self.mean
        return f"{title}; mean of {len(self.rows)}: {mean.predicted:.3f} ({mean.lower:.3f} – {mean.upper:.3f})"

    @property
    def notes(self) -> tuple[str, ...]:
        """Where the answer comes from, and how to read it."""
        measured = any(row.measured is not None for row in self.rows)
        return (
            *([] if self.meaning is None else [self.meaning]),
            *describe_source(self.provenance, self.protocol, self.metric),
            *self._describe_basis(),
            *([OWN_FOLD if self.provenance.version else OWN_RECORD] if measured else []),
            *self.cautions,
        )

    def _describe_basis(self) -> list[str]:
        models = [name for name in self.new if name == self.model]
        datasets = [name for name in self.new if name != self.model]
        if not self.provenance.version:
            return []
        basis = describe_basis(models, datasets, self.modality, self.num_others, "other model")
        return [*basis, LINEAR_REGRESSION] if min(self.num_others) < ENOUGH else basis

    def to_frame(self) -> pd.DataFrame:
        """Return one row a task, with the attributes of :class:`Row` as columns."""
        import pandas as pd

        table = pd.DataFrame([asdict(row) for row in self.rows])
        return table.astype({"linear_regression": float, "measured": float})


def predict(
    model: str,
    dataset: str | os.PathLike[str] | DatasetCard,
    protocol: Protocol | str | None = None,
    domain: str | None = None,
    encoder: str | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
    stage: Stage | None = None,
    metric: Metric | str | None = None,
    source: Source | None = None,
) -> Answer:
    """Predict the accuracy of a model on a dataset, or another metric, training a predictor if there is none.

    Args:
        model: a name in the store, or one that timm knows.
        dataset: a name or a family in the store, a folder of images, a card file, or a card. A folder that exists is
            that folder; ``dataset:`` before a name asks for the dataset of the store all the same.
        protocol: ``native``, ``zero_shot``, ``probe``, ``head`` or ``finetune``; default: the one that most of the
            dataset's records have, else a retrained head.
        domain: kind of images in a folder, or of a card that does not say.
        encoder: text encoder; default as shipped.
        progress: called with (steps done, steps in all) while training.
        warn: told what the user should know, such as a damaged predictor that was set aside.
        stage: told what is being done, in a few words.
        metric: such as ``top1`` or ``miou``; default: the one that most of the dataset's records have, else top-1
            accuracy.
        source: where the answer comes from; default: the store of the home.

    Raises:
        ZoographError: with what to do next.
        TypeError: if the model is no name, or the dataset no name, path or card.
    """
    require_name(model)
    with opened(source) as chosen:
        question = ask(chosen.store, model, dataset, protocol, domain, warn, stage, metric, anywhere=chosen.local)
        return answer(open_predictor(chosen, question, encoder, progress, warn, stage), chosen.store)


def answer(current: CurrentPredictor, store: RecordStore) -> Answer:
    """Return the answer of a predictor to its question, which names a model."""
    question = current.question
    model = str(question.model)
    kind = (question.protocol, question.metric)
    measured = store.measured(model, question.tasks, *kind)
    rows = []
    for task, values in zip(question.tasks, current.predict(), strict=True):
        known = measured.get(task)
        mean, lower, upper = (float(values[name] or 0.0) for name in ("mean", "lower", "upper"))
        own = (known.value, known.num_runs) if known else (None, 0)
        rows.append(Row(task, mean, lower, upper, values["baseline"], *own))
    new = store.unmeasured([model], question.tasks, *kind)
    return Answer(
        model,
        question.dataset,
        *kind,
        question.modality,
        current.provenance(),
        tuple(rows),
        _mean(rows),
        new,
        question.meaning,
        (*caution_of(measured), *_measured_otherwise(store, model, question), *_published_twice(model, new)),
        store.count_models(question.tasks, *kind, without=model),
    )


def _measured_otherwise(store: RecordStore, model: str, question: Question) -> Iterator[str]:
    """Yield what was measured of the model there under other protocols, if anything was."""
    found = []
    for protocol in Protocol:
        if protocol is question.protocol:
            continue
        known = store.measured(model, question.tasks, protocol, question.metric)
        if known:
            of = f" (mean of {len(known)})" if len(known) > 1 else ""
            found.append(f"{protocol.description} {fmean(one.value for one in known.values()):.3f}{of}")
    if found:
        yield f"Measured under other protocols: {', '.join(found)}."


def _published_twice(model: str, new: Sequence[str]) -> Iterator[str]:
    """Yield under which name timm publishes the weights of a model without records, if it does."""
    if model in new and model in HUB_COPIES:
        yield (
            f"timm publishes these weights as '{HUB_COPIES[model]}', of which the zoo knows more (compute, ImageNet "
            "accuracy): where the answers differ, that name's is the better informed one."
        )


def _mean(rows: list[Row]) -> Row:
    def average(values: list[float]) -> float:
        return sum(values) / len(values)

    def of_all(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return average(known) if len(known) == len(values) else None

    return Row(
        "mean",
        average([row.predicted for row in rows]),
        average([row.lower for row in rows]),
        average([row.upper for row in rows]),
        of_all([row.linear_regression for row in rows]),
        of_all([row.measured for row in rows]),
        sum(row.measured_runs for row in rows),
    )
