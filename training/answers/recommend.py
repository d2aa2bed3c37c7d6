"""From a dataset to a ranking of models: who is probably the best, and what it would cost to pick another."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.choices import choose
from zoograph.data.records.names import NEAREST
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.store import Measured, RecordStore
from zoograph.training.answers.current_predictor import Provenance, current_predictor, get_provenance
from zoograph.training.answers.question import find_datasets
from zoograph.training.runtime.progress import Progress, Stage, Warn, ignore

if TYPE_CHECKING:
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
class Recommendation:
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
        dataset: a name or a family in the store, or a folder of images.
        filters: default: every model with records of the protocol.
        protocol: default: the one that most of the dataset's records have, else a retrained head.
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
    protocol = None if protocol is None else choose(Protocol, protocol)
    stage = stage or ignore
    stage("Reading the store")
    with RecordStore.open() as store:
        tasks, cards = find_datasets(store.names(), dataset, domain, warn or ignore)
        protocol = protocol or next(iter(store.protocols(tasks)), Protocol.HEAD)
        zoo = store.snapshot().with_cards(datasets=cards)
        models, num_unknown_size = choose_candidates(zoo, protocol, filters or Filters())
        artifact = current_predictor(store, protocol, encoder, progress, warn)
        provenance = get_provenance(store, artifact, protocol)

    import torch

    from zoograph.graphs.schema import DATASET, MODEL
    from zoograph.models.training_records import same_names
    from zoograph.training.answers.expected_regret import weigh_models
    from zoograph.training.predictors.exact import ExactPredictor
    from zoograph.training.runtime.threads import one_thread
    from zoograph.training.versions.restore import load_on

    measured = measured_pairs(zoo, protocol)
    explanation = None
    stage("Weighing the records")
    with one_thread():
        graph, predictor, _ = load_on(artifact, zoo, encoder)
        sources = same_names([card.id for card in models], graph[MODEL].ids)
        targets = same_names(tasks, graph[DATASET].ids)
        if not isinstance(predictor, ExactPredictor):
            raise ZoographError(
                f"A ranking needs the joint posterior, which {provenance.records:,} records are too many for. "
                "Use 'predict' model by model."
            )
        outlook = weigh_models(predictor, sources, targets)
        order = torch.argsort(outlook.expected_regret, stable=True).tolist()
        informative = predictor.posterior().records.scale.informative[targets].tolist()
        if explain:
            from zoograph.training.answers.evidence import find_evidence

            explanation = find_evidence(predictor, graph, int(sources[order[0]]), targets, measured)
    columns = [column.tolist() for column in outlook]
    return Recommendation(
        dataset if len(tasks) > 1 else tasks[0],
        tasks,
        protocol,
        provenance,
        tuple(_candidate(models[i], tasks, measured, *(column[i] for column in columns)) for i in order[:top]),
        len(models),
        num_unknown_size,
        tuple(task for task, ranked in zip(tasks, informative, strict=True) if not ranked),
        tuple(card.id for card in cards),
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


def measured_pairs(zoo: Zoo, protocol: Protocol) -> dict[tuple[str, str], Measured]:
    """Return what was measured by (model, dataset), top-1 accuracy, mean over runs."""
    runs = zoo.runs[(zoo.runs["protocol"] == protocol) & (zoo.runs["metric"] == Metric.TOP1)]
    pairs = runs.groupby(["model", "dataset"])["value"].agg(["mean", "size"])
    return {(str(m), str(d)): Measured(float(mean), int(n)) for (m, d), mean, n in pairs.itertuples()}


def _candidate(
    card: ModelCard,
    tasks: Sequence[str],
    measured: dict[tuple[str, str], Measured],
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
