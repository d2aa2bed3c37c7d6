"""A ranking of models for a dataset: expected accuracies, the probability of being the best, and expected regret."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from zoograph.data.files.counts import count_of
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.report import Report
from zoograph.data.records.zoo import Zoo
from zoograph.data.store.measurements import Measured
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.candidates import Candidates, choose_candidates, with_named
from zoograph.training.answers.current.current_predictor import CurrentPredictor, Provenance, open_predictor
from zoograph.training.answers.current.source import Source, opened
from zoograph.training.answers.notes import SIMILARITY, caution_of, describe_basis, describe_source
from zoograph.training.answers.question import ask
from zoograph.training.candidates.filters import Filters, Step
from zoograph.training.candidates.speeds import estimate_speeds, require_device, speed_on
from zoograph.training.candidates.trade_off import HERE, Cost, TradeOff, choose_cost, cost_of, find_front, rate
from zoograph.training.runtime.progress import Progress, Stage, Warn

if TYPE_CHECKING:
    import pandas as pd

    from zoograph.training.answers.evidence import Evidence

_DIGITS = 9  # models that differ by less are in the order of their names, not in one that rounding makes


@dataclass(frozen=True)
class Candidate:
    """One model of a ranking; accuracies in [0, 1], over the tasks of a family their mean.

    Attributes:
        lower: lower end of the 90 % interval of one more measurement; ``upper`` likewise.
        best: probability that no other candidate has a higher true accuracy, in [0, 1].
        regret: points of accuracy that picking it loses in expectation against the best; 0 is best.
        cost: in the unit of the ranking's cost; None where not known.
        front: whether no other candidate is better in accuracy or cost and not worse in the other.
        utility: what the ranking is by, higher is better, see :func:`zoograph.training.candidates.trade_off.rate`;
            None where the cost counts and is not known.
        measured: mean over the runs; None unless every task is measured.
        parameters, gmacs, input_size, licence: as the card says; None where not known.
        twins: ids of near-twins that it stands for: uploads that were fine-tuned from it, the same weights elsewhere,
            and recipes that differ in numbers alone.
    """

    model: str
    family: str | None
    predicted: float
    lower: float
    upper: float
    best: float
    regret: float
    cost: float | None
    front: bool
    utility: float | None
    measured: float | None
    measured_runs: int
    parameters: int | None
    gmacs: float | None
    input_size: int | None
    licence: str | None
    twins: tuple[str, ...] = ()


@dataclass(frozen=True)
class CountedCost:
    """What is set against accuracy.

    Attributes:
        name: ``parameters``, ``gmacs`` or ``time``.
        unit: of its numbers.
        device: that time is counted on; None for others.
        error: typical relative error of times on this machine, which are estimates; None for others.
        num_measured: networks that these estimates rest on.
    """

    name: Cost
    unit: str
    device: str | None = None
    error: float | None = None
    num_measured: int = 0


@dataclass(frozen=True)
class Recommendation(Report):
    """Everything that ``recommend`` prints.

    Attributes:
        tasks: the datasets that ``dataset`` stands for.
        cost: what is set against accuracy.
        weight: of accuracy in the order, in [0, 1]; 1 ranks by accuracy alone.
        candidates: the first of them, best first.
        everyone: all that were compared, best first.
        steps: what each filter did.
        num_hidden: uploads and near-twins of candidates that are not compared.
        unranked: tasks whose measured accuracies are nearly all one value, so that they rank no model.
        num_known: models with a record of what is predicted, on each of ``tasks``.
        cautions: what is to be known of measured values of ``candidates`` before they are believed.
    """

    dataset: str
    tasks: tuple[str, ...]
    protocol: Protocol
    metric: Metric
    modality: str
    provenance: Provenance
    cost: CountedCost
    weight: float
    candidates: tuple[Candidate, ...]
    everyone: tuple[Candidate, ...] = field(repr=False)
    steps: tuple[Step, ...]
    num_hidden: int
    unranked: tuple[str, ...]
    num_known: tuple[int, ...]
    explanation: Evidence | None
    cautions: tuple[str, ...] = ()

    @property
    def new(self) -> tuple[str, ...]:
        """Datasets without a record of what is predicted."""
        return tuple(task for task, number in zip(self.tasks, self.num_known, strict=True) if not number)

    @property
    def num_candidates(self) -> int:
        """All that were compared."""
        return len(self.everyone)

    @property
    def title(self) -> str:
        """The dataset, the protocol and the metric."""
        tasks = f" (mean of {len(self.tasks)} tasks)" if len(self.tasks) > 1 else ""
        return f"Models for {self.dataset}{tasks}, {self.protocol.description}: {self.metric.description}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the columns mean, where the ranking comes from, and who was left out."""
        notes = [
            f"best: the probability of being the best of {count_of(self.num_candidates, 'candidate')}. regret: points "
            f"of {self.metric.description} that picking the model loses in expectation against the best.",
            *self._describe_order(),
            *describe_source(self.provenance, self.protocol, self.metric),
        ]
        if any(candidate.measured_runs for candidate in self.candidates):
            notes.append(
                "A measured model is predicted with its own record, unlike in `predict`. best and regret are of true "
                "accuracies, not of those on the test samples alone: one that was measured a little lower may be first."
            )
        if self.unranked:
            notes.append(f"Nearly all measured accuracies are the same, and rank no model: {', '.join(self.unranked)}.")
        if self.steps:
            done = (
                f"{step.option} left {step.left:,}"
                + (f" ({step.unknown:,} left out as unknown)" if step.unknown else "")
                for step in self.steps
            )
            notes.append(f"Candidates after each filter: {', '.join(done)}.")
        if self.num_hidden:
            what = count_of(self.num_hidden, "upload or near-twin", "uploads and near-twins")
            are = "is" if self.num_hidden == 1 else "are"
            notes.append(f"{what} of candidates {are} left out; --all-variants compares them too.")
        basis = describe_basis((), self.new, self.modality, self.num_known) if self.provenance.version else []
        return (*notes, *basis, *self.cautions, *([SIMILARITY] if self.explanation else []))

    def _describe_order(self) -> list[str]:
        cost, on = self.cost, sum(candidate.front for candidate in self.everyone)
        where = f" on {cost.device}" if cost.device else ""
        what = f"{cost.unit}{where}"
        models = count_of(on, "candidate is", "candidates are")
        notes = (
            []
            if not on
            else [f"* {models} on the Pareto front: no other has both a higher expected accuracy and fewer {what}."]
        )
        if self.weight < 1:
            unknown = sum(candidate.cost is None for candidate in self.everyone)
            last = f" {unknown:,} of unknown cost come last." if unknown else ""
            notes.append(
                f"Ordered by utility: accuracy counts {self.weight:g}, and few {what} count {1 - self.weight:g}.{last}"
            )
        if cost.error is not None:
            notes.append(
                f"Times here are estimates from {cost.num_measured} networks measured on this machine; "
                f"typical error {100 * cost.error:.0f} %."
            )
        return notes

    def to_frame(self, *, everyone: bool = False) -> pd.DataFrame:
        """Return one row a candidate, best first: ``rank`` from 1, and the attributes of :class:`Candidate`.

        Args:
            everyone: whether all candidates are rows, not the first ones alone.
        """
        import pandas as pd

        rows = [asdict(candidate) for candidate in (self.everyone if everyone else self.candidates)]
        table = pd.DataFrame(rows)
        table.insert(0, "rank", range(1, len(table) + 1))
        numbers = dict.fromkeys(("cost", "utility", "measured", "gmacs"), float)
        return table.astype({**numbers, "parameters": "Int64", "input_size": "Int64"})


def recommend(
    dataset: str | os.PathLike[str] | DatasetCard,
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
    trade_off: TradeOff | None = None,
    source: Source | None = None,
) -> Recommendation:
    """Rank models for a dataset, a family (by the mean over its tasks) or a folder of images.

    All evidence counts: unlike ``predict``, which answers for a measured pair without its own record, every record
    in the store is used, those that are newer than the predictor included. The order is that of the least expected
    regret, unless ``trade_off`` has the cost count too.

    Args:
        dataset: a name or a family in the store, a folder of images, a card file, or a card. A folder that exists is
            that folder; ``dataset:`` before a name asks for the dataset of the store all the same.
        filters: which models are ranked, a :class:`zoograph.training.candidates.filters.Filters`; default: every
            published model that reads what the dataset is made of.
        protocol: ``native``, ``zero_shot``, ``probe``, ``head`` or ``finetune``; default: the one that most of the
            dataset's records have, else a retrained head.
        domain: kind of images in a folder, or of a card that does not say.
        encoder: text encoder; default as shipped.
        top: number of models to return; 0 for all.
        explain: whether to say what the prediction of the first of them rests on.
        progress: called with (steps done, steps in all) while training.
        warn: told what the user should know.
        stage: told what is being done, in a few words.
        metric: such as ``top1`` or ``miou``; default: the one that most of the dataset's records have, else top-1
            accuracy.
        trade_off: what is set against accuracy, and how much it counts, a
            :class:`zoograph.training.candidates.trade_off.TradeOff`; default: accuracy counts alone.
        source: where the answer comes from; default: the store of the home.

    Raises:
        ZoographError: with what to do next.
        TypeError: if the dataset is no name, path or card.
    """
    if top < 0:
        raise ValueError(f"'top' must be a number of models, 0 for all, in 'recommend' (got {top})")
    filters, trade_off = filters or Filters(), trade_off or TradeOff()
    with opened(source) as chosen:
        store = chosen.store
        question = ask(store, None, dataset, protocol, domain, warn, stage, metric)
        if stage is not None:
            stage("Reading the store")
        zoo, named = with_named(store.summary(), store.names(), filters, files=chosen.local)
        times = _Times(zoo, trade_off, filters.min_images_per_second is not None, stage, progress)
        candidates = choose_candidates(zoo, question, filters, times.speed, named)
        # All in one graph, so that what is expected of a model does not depend on the others that pass a filter.
        everyone = choose_candidates(zoo, question, Filters(), times.speed) if filters != Filters() else candidates
        ids = list(dict.fromkeys(card.id for card in (*everyone.cards, *candidates.cards)))
        current = open_predictor(chosen, question, encoder, progress, warn, stage, zoo, ids)
        num_known = store.count_models(question.tasks, question.protocol, question.metric)
        with _threads(chosen):
            ranking = _rank(current, candidates, trade_off, times, num_known, top, explain)
        return replace(ranking, cautions=tuple(_find_cautions(store, ranking)))


def _threads(source: Source) -> AbstractContextManager[None]:
    """Return what keeps torch to one thread where several may ask at a time; one who asks alone has every core."""
    if source.local:
        return nullcontext()
    from zoograph.training.runtime.threads import one_thread

    return one_thread()


def _find_cautions(store: RecordStore, ranking: Recommendation) -> Iterator[str]:
    for model in (candidate.model for candidate in ranking.candidates if candidate.measured_runs):
        measured = store.measured(model, ranking.tasks, ranking.protocol, ranking.metric)
        yield from (f"{model}: {caution}" for caution in caution_of(measured))


class _Times:
    """Images a second of models on the device of a question; this machine is measured if they are needed."""

    def __init__(
        self, zoo: Zoo, trade_off: TradeOff, limited: bool, stage: Stage | None, progress: Progress | None
    ) -> None:
        cards = list(zoo.models.values())
        require_device(trade_off.device, cards)
        self.device, self.here, self.limited = trade_off.device, None, limited
        if self.device == HERE and (limited or trade_off.cost is Cost.TIME):
            from zoograph.training.candidates.machine_speed import measure_machine

            if stage is not None:
                stage("Measuring the speed of this machine, once")
            machine = measure_machine(progress)
            self.here = estimate_speeds(cards, machine.speeds, machine.kind)

    def speed(self, card: ModelCard) -> float | None:
        """Return images a second; None where it is not known."""
        return speed_on(card, self.device) if self.here is None else self.here.speeds.get(card.id)

    def describe(self, cost: Cost) -> CountedCost:
        """Return what is said of a cost."""
        if cost is not Cost.TIME:
            return CountedCost(cost, cost.unit)
        if self.here is None:
            return CountedCost(cost, cost.unit, self.device)
        return CountedCost(cost, cost.unit, "this machine", self.here.error, self.here.num_measured)


def _rank(
    current: CurrentPredictor,
    candidates: Candidates,
    trade_off: TradeOff,
    times: _Times,
    num_known: tuple[int, ...],
    top: int,
    explain: bool,
) -> Recommendation:
    from zoograph.training.answers.expected_regret import weigh_models

    question, models = current.question, candidates.cards
    joint = current.joint([card.id for card in models])
    weighed = weigh_models(joint)
    cost = choose_cost(models, trade_off.cost, times.limited)
    costs = [cost_of(card, cost, times.speed) for card in models]
    regrets = weighed.expected_regret.tolist()
    # The least expected regret is the highest true accuracy that is expected.
    accuracies = [-regret for regret in regrets] if trade_off.utility == 1.0 else weighed.mean.tolist()
    values = rate(accuracies, costs, trade_off.utility)
    order = sorted(
        range(len(models)),
        key=lambda i: (values[i] is None, -round(values[i] or 0.0, _DIGITS), round(regrets[i], _DIGITS)),
    )
    explanation = current.find_evidence(models[order[0]].id) if explain else None
    fronts = find_front(weighed.mean.tolist(), costs)
    utilities = weighed.mean.tolist() if trade_off.utility == 1.0 else values
    columns = list(zip(*(column.tolist() for column in weighed), costs, fronts, utilities, strict=True))
    measured = current.measured_on(question.tasks)
    everyone = tuple(
        _candidate(models[i], candidates.twins.get(models[i].id, ()), question.tasks, measured, *columns[i])
        for i in order
    )
    return Recommendation(
        question.dataset,
        question.tasks,
        question.protocol,
        question.metric,
        question.modality,
        current.provenance(),
        times.describe(cost),
        trade_off.utility,
        everyone[: top or None],
        everyone,
        candidates.steps,
        candidates.num_hidden,
        tuple(task for task, ranked in zip(question.tasks, joint.ranked.tolist(), strict=True) if not ranked),
        num_known,
        explanation,
    )


def _candidate(
    card: ModelCard,
    twins: tuple[str, ...],
    tasks: Sequence[str],
    measured: Mapping[tuple[str, str], Measured],
    predicted: float,
    lower: float,
    upper: float,
    probability_best: float,
    expected_regret: float,
    cost: float | None,
    front: bool,
    utility: float | None,
) -> Candidate:
    runs = [measured[card.id, task] for task in tasks if (card.id, task) in measured]
    return Candidate(
        card.id,
        card.family,
        predicted,
        lower,
        upper,
        probability_best,
        100 * expected_regret,
        cost,
        front,
        utility,
        sum(run.value for run in runs) / len(runs) if len(runs) == len(tasks) else None,
        sum(run.num_runs for run in runs),
        card.parameters,
        card.gmacs,
        card.input_size,
        card.licence,
        twins,
    )
