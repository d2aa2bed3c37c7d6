"""A ranking of models for a dataset: expected accuracies, the probability of being the best, and expected regret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.report import Report
from zoograph.data.store.measurements import Measured
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.candidates import Candidates, Filters, choose_candidates
from zoograph.training.answers.current_predictor import CurrentPredictor, Provenance, open_predictor
from zoograph.training.answers.notes import SIMILARITY, describe_new, describe_source
from zoograph.training.answers.question import ask
from zoograph.training.runtime.progress import Progress, Stage, Warn

if TYPE_CHECKING:
    import pandas as pd

    from zoograph.training.answers.evidence import Evidence


@dataclass(frozen=True)
class Candidate:
    """One model of a ranking; accuracies in [0, 1], over the tasks of a family their mean.

    Attributes:
        lower: lower end of the 90 % interval of one more measurement; ``upper`` likewise.
        measured: mean over the runs; None unless every task is measured.
        probability_best: that no other candidate has a higher true accuracy, in [0, 1].
        expected_regret_points: points of accuracy that picking it loses in expectation against the best; 0 is best.
        parameters, gmacs: as the card says; None where not known.
        copies: near-copies that it stands for: uploads that were fine-tuned from it, and the same weights elsewhere.
    """

    model: str
    family: str | None
    predicted: float
    lower: float
    upper: float
    measured: float | None
    measured_runs: int
    probability_best: float
    expected_regret_points: float
    parameters: int | None
    gmacs: float | None
    copies: int = 0


@dataclass(frozen=True)
class Recommendation(Report):
    """Everything that ``recommend`` prints.

    Attributes:
        tasks: the datasets that ``dataset`` stands for.
        candidates: the best of them, best first.
        num_candidates: all that were compared.
        num_unknown_size: models left out because their number of parameters is not known.
        num_hidden: uploads and near-copies of candidates that are not compared.
        unranked: tasks whose measured accuracies are nearly all one value, so that they rank nobody.
        new: datasets that the predictor knows by their cards alone.
    """

    dataset: str
    tasks: tuple[str, ...]
    protocol: Protocol
    metric: Metric
    modality: str
    provenance: Provenance
    candidates: tuple[Candidate, ...]
    num_candidates: int
    num_unknown_size: int
    num_hidden: int
    unranked: tuple[str, ...]
    new: tuple[str, ...]
    explanation: Evidence | None

    @property
    def title(self) -> str:
        """The dataset, the protocol and the metric."""
        tasks = f" (mean of {len(self.tasks)} tasks)" if len(self.tasks) > 1 else ""
        return f"Models for {self.dataset}{tasks}, {self.protocol.description}: {self.metric.description}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the columns mean, where the ranking comes from, and who was left out."""
        notes = [
            f"best: the probability of being the best of {self.num_candidates} candidates. regret: points of "
            f"{self.metric.description} that picking the model loses in expectation against the best.",
            *describe_source(self.provenance, self.protocol, self.metric),
        ]
        if any(candidate.measured_runs for candidate in self.candidates):
            notes.append("A measured model is predicted with its own record, unlike in `predict`: all evidence counts.")
        if self.unranked:
            notes.append(f"Measured accuracies that are nearly all the same rank nobody: {', '.join(self.unranked)}.")
        if self.num_unknown_size:
            count = self.num_unknown_size
            models = "model" if count == 1 else "models"
            notes.append(f"{count:,} {models} of unknown size: left out because of --max-params.")
        if self.num_hidden:
            notes.append(
                f"{self.num_hidden:,} uploads and near-copies of published weights are not compared: --all-variants."
            )
        return (*notes, *describe_new(self.new), *([SIMILARITY] if self.explanation else []))

    def to_frame(self) -> pd.DataFrame:
        """Return one row a candidate, best first: ``rank`` from 1, and the attributes of :class:`Candidate`."""
        import pandas as pd

        table = pd.DataFrame([asdict(candidate) for candidate in self.candidates])
        table.insert(0, "rank", range(1, len(table) + 1))
        return table.astype({"parameters": "Int64"})


def recommend(
    dataset: str,
    filters: Filters | None = None,
    protocol: Protocol | str | None = None,
    domain: str | None = None,
    encoder: str | None = None,
    top: int = 10,
    explain: bool = False,
    progress: Progress | None = None,
    warn: Warn | None = None,
    stage: Stage | None = None,
    metric: Metric | str | None = None,
) -> Recommendation:
    """Rank models for a dataset, a family (by the mean over its tasks) or a folder of images.

    All evidence counts: unlike ``predict``, which answers for a measured pair without its own record, every record
    in the store is used, those that are newer than the predictor included. The order is that of the expected
    accuracy, which is that of the least expected regret.

    Args:
        dataset: a name or a family in the store, a folder of images, or a card file. A folder that exists is that
            folder; ``dataset:`` before a name asks for the dataset of the store all the same.
        filters: default: every published model with records of what is asked.
        protocol: ``native``, ``zero_shot``, ``probe``, ``head`` or ``finetune``; default: the one that most of the
            dataset's records have, else a retrained head.
        domain: kind of images in a folder, or of a card that does not say.
        encoder: text encoder; default as shipped.
        top: number of models to return, 1 or more.
        explain: whether to say what the prediction of the first of them rests on.
        progress: called with (steps done, steps in all) while training.
        warn: told what the user should know.
        stage: told what is being done, in a few words.
        metric: such as ``top1`` or ``miou``; default: the one that most of the dataset's records have, else top-1
            accuracy.

    Raises:
        ZoographError: with what to do next.
    """
    if top < 1:
        raise ValueError(f"'top' must be a positive integer in 'recommend' (got {top})")
    with RecordStore.open(to_read=True) as store:
        question = ask(store, None, dataset, protocol, domain, warn, stage, metric)
        if stage is not None:
            stage("Reading the store")
        zoo = store.snapshot()
        candidates = choose_candidates(zoo, question, filters or Filters())
        ids = [card.id for card in candidates.cards]
        current = open_predictor(store, question, encoder, progress, warn, stage, zoo, ids)
        new = store.unmeasured([], question.tasks, question.protocol, question.metric)
        return _rank(current, candidates, new, top, explain)


def _rank(
    current: CurrentPredictor, candidates: Candidates, new: tuple[str, ...], top: int, explain: bool
) -> Recommendation:
    import torch

    from zoograph.training.answers.expected_regret import weigh_models
    from zoograph.training.runtime.threads import one_thread

    question, models = current.question, candidates.cards
    with one_thread():
        joint = current.joint([card.id for card in models])
        weighed = weigh_models(joint)
        order = torch.argsort(weighed.expected_regret, stable=True).tolist()
        explanation = current.find_evidence(models[order[0]].id) if explain else None
    columns = [column.tolist() for column in weighed]
    return Recommendation(
        question.dataset,
        question.tasks,
        question.protocol,
        question.metric,
        question.modality,
        current.provenance(),
        tuple(
            _candidate(
                models[i],
                candidates.copies.get(models[i].id, 0),
                question.tasks,
                current.measured,
                *(column[i] for column in columns),
            )
            for i in order[:top]
        ),
        len(models),
        candidates.num_unknown_size,
        candidates.num_hidden,
        tuple(task for task, ranked in zip(question.tasks, joint.ranked.tolist(), strict=True) if not ranked),
        new,
        explanation,
    )


def _candidate(
    card: ModelCard,
    copies: int,
    tasks: Sequence[str],
    measured: Mapping[tuple[str, str], Measured],
    predicted: float,
    lower: float,
    upper: float,
    probability_best: float,
    expected_regret: float,
) -> Candidate:
    runs = [measured[card.id, task] for task in tasks if (card.id, task) in measured]
    return Candidate(
        card.id,
        card.family,
        predicted,
        lower,
        upper,
        sum(run.value for run in runs) / len(runs) if len(runs) == len(tasks) else None,
        sum(run.num_runs for run in runs),
        probability_best,
        100 * expected_regret,
        card.parameters,
        card.gmacs,
        copies,
    )
