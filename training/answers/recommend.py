"""A ranking of models for a dataset: expected accuracies, the probability of being the best, and expected regret."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.names import NEAREST
from zoograph.data.records.records import Protocol
from zoograph.data.records.report import Report
from zoograph.data.store.store import Measured, RecordStore
from zoograph.training.answers.current_predictor import CurrentPredictor, Provenance, open_predictor
from zoograph.training.answers.measured_pairs import measured_pairs
from zoograph.training.answers.notes import SIMILARITY, describe_new, describe_source
from zoograph.training.answers.question import ask
from zoograph.training.runtime.progress import Progress, Stage, Warn

if TYPE_CHECKING:
    import pandas as pd

    from zoograph.data.records.zoo import Zoo
    from zoograph.training.answers.evidence import Evidence


@dataclass(frozen=True)
class Filters:
    """Which models are candidates.

    Attributes:
        max_params: most parameters a model may have; one whose number is not known is left out then.
        family: exact name of an architecture family.
        all_models: also models that have no record of the protocol, by their cards.
    """

    max_params: int | None = None
    family: str | None = None
    all_models: bool = False


@dataclass(frozen=True)
class Candidate:
    """One model of a ranking; accuracies in [0, 1], over the tasks of a family their mean.

    Attributes:
        lower: lower end of the 90 % interval of one more measurement; ``upper`` likewise.
        measured: mean over the runs; None unless every task is measured.
        probability_best: that no other candidate has a higher true accuracy, in [0, 1].
        expected_regret_points: points of accuracy that picking it loses in expectation against the best; 0 is best.
        parameters, gmacs: as the card says; None where not known.
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


@dataclass(frozen=True)
class Recommendation(Report):
    """Everything that ``recommend`` prints.

    Attributes:
        tasks: the datasets that ``dataset`` stands for.
        candidates: the best of them, best first.
        num_candidates: all that were compared.
        num_unknown_size: models left out because their number of parameters is not known.
        unranked: tasks whose measured accuracies are nearly all one value, so that they rank nobody.
        new: datasets that the predictor knows by their cards alone.
    """

    dataset: str
    tasks: tuple[str, ...]
    protocol: Protocol
    provenance: Provenance
    candidates: tuple[Candidate, ...]
    num_candidates: int
    num_unknown_size: int
    unranked: tuple[str, ...]
    new: tuple[str, ...]
    explanation: Evidence | None

    @property
    def title(self) -> str:
        """The dataset and the protocol."""
        tasks = f" (mean of {len(self.tasks)} tasks)" if len(self.tasks) > 1 else ""
        return f"Models for {self.dataset}{tasks}, {self.protocol.description}: top-1 accuracy"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the columns mean, where the ranking comes from, and who was left out."""
        notes = [
            f"best: the probability of being the best of {self.num_candidates} candidates. "
            "regret: points of accuracy that picking the model loses in expectation against the best.",
            *describe_source(self.provenance, self.protocol),
        ]
        if any(candidate.measured_runs for candidate in self.candidates):
            notes.append("A measured model is predicted with its own record, unlike in `predict`: all evidence counts.")
        if self.unranked:
            notes.append(f"Measured accuracies that are nearly all the same rank nobody: {', '.join(self.unranked)}.")
        if self.num_unknown_size:
            count = self.num_unknown_size
            models = "model" if count == 1 else "models"
            notes.append(f"{count:,} {models} of unknown size: left out because of --max-params.")
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
) -> Recommendation:
    """Rank models for a dataset, a family (by the mean over its tasks) or a folder of images.

    All evidence counts: unlike ``predict``, which answers for a measured pair without its own record, every record
    in the store is used, those that are newer than the predictor included. The order is that of the expected
    accuracy, which is that of the least expected regret.

    Args:
        dataset: a name or a family in the store, or a folder of images. A folder that exists is that folder;
            ``dataset:`` before a name asks for the dataset of the store all the same.
        filters: default: every model with records of the protocol.
        protocol: ``head`` or ``finetune``; default: the one that most of the dataset's records have, else a
            retrained head.
        domain: kind of images in a folder.
        encoder: text encoder; default as shipped.
        top: number of models to return, 1 or more.
        explain: whether to say what the prediction of the first of them rests on.
        progress: called with (steps done, steps in all) while training.
        warn: told what the user should know.
        stage: told what is being done, in a few words.

    Raises:
        ZoographError: with what to do next.
    """
    if top < 1:
        raise ValueError(f"'top' must be a positive integer in 'recommend' (got {top})")
    with RecordStore.open() as store:
        question = ask(store, None, dataset, protocol, domain, warn, stage)
        if stage is not None:
            stage("Reading the store")
        zoo = store.snapshot()
        models, num_unknown_size = choose_candidates(zoo, question.protocol, filters or Filters())
        current = open_predictor(store, question, encoder, progress, warn, stage, zoo)
        return _rank(current, models, num_unknown_size, top, explain)


def _rank(
    current: CurrentPredictor, models: list[ModelCard], num_unknown_size: int, top: int, explain: bool
) -> Recommendation:
    import torch

    from zoograph.training.answers.expected_regret import weigh_models
    from zoograph.training.runtime.threads import one_thread

    question = current.question
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
        current.provenance(),
        tuple(
            _candidate(models[i], question.tasks, current.measured, *(column[i] for column in columns))
            for i in order[:top]
        ),
        len(models),
        num_unknown_size,
        tuple(task for task, ranked in zip(question.tasks, joint.ranked.tolist(), strict=True) if not ranked),
        question.new,
        explanation,
    )


def choose_candidates(zoo: Zoo, protocol: Protocol, filters: Filters) -> tuple[list[ModelCard], int]:
    """Return the cards of the candidates, and how many models of unknown size were left out.

    Raises:
        UnknownName: if no model is of the family.
        ZoographError: if no candidate is left, with the filter to relax.
    """
    families = sorted({card.family for card in zoo.models.values() if card.family})
    if filters.family is not None and filters.family not in families:
        nearest = difflib.get_close_matches(filters.family, families, n=NEAREST, cutoff=0.0)
        raise UnknownName("family", filters.family, nearest, f"Valid names: {', '.join(families)}.")
    known = {model for model, _ in measured_pairs(zoo, protocol)}
    cards = [card for card in zoo.models.values() if filters.all_models or card.id in known]
    if not cards:
        raise ZoographError(
            f"No model has a record of a {protocol.description}. Add --all-models, or choose another --protocol."
        )
    if filters.family is not None:
        cards = [card for card in cards if card.family == filters.family]
        if not cards:
            raise ZoographError(
                f"No model of the family '{filters.family}' has a record of a {protocol.description}. "
                "Add --all-models, or choose another --family."
            )
    if filters.max_params is None:
        return cards, 0
    sized = [(card.parameters, card) for card in cards if card.parameters is not None]
    small = [card for parameters, card in sized if parameters <= filters.max_params]
    if small:
        return small, len(cards) - len(sized)
    if not sized:
        raise ZoographError("No candidate's number of parameters is known. Leave out --max-params.")
    least, smallest = min(sized, key=lambda pair: pair[0])
    raise ZoographError(
        f"No candidate has at most {filters.max_params:,} parameters (the smallest, '{smallest.id}', has {least:,}). "
        "Raise --max-params."
    )


def _candidate(
    card: ModelCard,
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
    )
