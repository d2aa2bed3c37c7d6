"""Everything that is known of one pair: why a model should do as it is predicted to do on a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from zoograph.data.errors import ZoographError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.choices import choose
from zoograph.data.records.records import HINDSIGHT, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.current_predictor import current_predictor
from zoograph.training.answers.predict import Answer, predict
from zoograph.training.answers.question import find_datasets
from zoograph.training.runtime.progress import Progress, Stage, Warn, ignore

if TYPE_CHECKING:
    from zoograph.training.analysis.distance.compare import DistanceReport
    from zoograph.training.analysis.relatedness.kept import KeptBound
    from zoograph.training.answers.evidence import Evidence

_MOST_CLASSES = 5
_OUTCOMES = ("influence_correct", "influence_probability", "influence_margin")


@dataclass(frozen=True)
class ScoreOfPair:
    """A transferability score of the pair; higher is better.

    Attributes:
        rank: place of the model among the ``out_of`` models that have the score on the dataset; 1 is best.
    """

    name: str
    value: float
    rank: int
    out_of: int


@dataclass(frozen=True)
class ClassEffect:
    """What a source class does to the dataset: mean outcome of models that saw it minus that of those that did not."""

    label: str
    corpus: str
    value: float
    standard_error: float | None


@dataclass(frozen=True)
class Missing:
    """What was not measured, and the command that measures it."""

    what: str
    command: str


@dataclass(frozen=True)
class Explanation:
    """What is known of a pair; a part that was never measured is empty or None, and is named in ``missing``.

    Attributes:
        answer: prediction, interval and measurement.
        evidence: nearest measured datasets and models, and the records that moved the prediction most.
        scores: of the pair.
        bounds: of the loss after transfer, by reference task, lowest first.
        distance: parameter distance by block, after fine-tuning.
        helpful: source classes with the highest influences on the dataset, of the model's own corpus if it has any.
        harmful: those with the lowest ones.
        outcome: what the influences are of.
        missing: the rest.
    """

    answer: Answer
    evidence: Evidence | None
    scores: tuple[ScoreOfPair, ...]
    bounds: tuple[KeptBound, ...]
    distance: DistanceReport | None
    helpful: tuple[ClassEffect, ...]
    harmful: tuple[ClassEffect, ...]
    outcome: str | None
    missing: tuple[Missing, ...]


def explain(
    model: str,
    dataset: str,
    protocol: Protocol | str | None = None,
    encoder: str | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
    stage: Stage | None = None,
) -> Explanation:
    """Put together what is known of a model on a dataset.

    Args:
        model: a name in the store, or one that timm knows.
        dataset: one dataset in the store, or a folder of images.
        protocol: default: the one that most of the dataset's records have, else a retrained head.
        encoder: text encoder; default as shipped.
        progress: called with (steps done, steps in all) while training.
        warn: told what the user should know.
        stage: told what is being done, in a few words.

    Raises:
        ZoographError: with what to do next, also if ``dataset`` is a family of several.
    """
    protocol = None if protocol is None else choose(Protocol, protocol)
    stage = stage or ignore
    with RecordStore.open() as store:
        ids, cards = find_datasets(store.names(), dataset, None, warn or ignore)
    if len(ids) > 1:
        raise ZoographError(f"'{dataset}' stands for {len(ids)} datasets: choose one of {', '.join(ids)}.")
    answer = predict(model, dataset, protocol, None, encoder, progress, warn, stage)
    stage("Looking for what the prediction rests on")
    with RecordStore.open() as store:
        zoo = store.snapshot().with_cards(datasets=cards)
        names = {name for name, targets in store.names().datasets.items() if ids[0] in targets}
        evidence = _explain(store, zoo, answer, ids[0], encoder)
    scores = tuple(_scores(zoo, answer.model, ids[0]))
    bounds, distance = _find_bounds(answer.model, {*names, ids[0]}), _find_distance(answer.model, ids[0])
    outcome, effects = _effects(zoo, answer.model, ids[0])
    return Explanation(
        answer,
        evidence,
        scores,
        bounds,
        distance,
        tuple(effects[:_MOST_CLASSES]),
        tuple(effects[: -_MOST_CLASSES - 1 : -1]) if len(effects) > _MOST_CLASSES else (),
        outcome,
        tuple(_missing(answer, _images_of(dataset), bool(scores), bool(bounds), distance is not None, bool(effects))),
    )


def _explain(store: RecordStore, zoo: Zoo, answer: Answer, dataset: str, encoder: str | None) -> Evidence | None:
    """Return what the prediction rests on; None for a zoo that is too large for the exact predictor."""
    from zoograph.data.networks.timm_cards import model_card_from_timm
    from zoograph.graphs.schema import DATASET, MODEL
    from zoograph.models.training_records import same_names
    from zoograph.training.answers.evidence import find_evidence
    from zoograph.training.answers.recommend import measured_pairs
    from zoograph.training.predictors.exact import ExactPredictor
    from zoograph.training.runtime.threads import one_thread
    from zoograph.training.versions.restore import load_on

    card: ModelCard | None = None if answer.model in zoo.models else model_card_from_timm(answer.model)
    zoo = zoo.with_cards([card] if card is not None else [])
    with one_thread():
        graph, predictor, _ = load_on(current_predictor(store, answer.protocol, encoder), zoo, encoder)
        if not isinstance(predictor, ExactPredictor):
            return None
        node = int(same_names([answer.model], graph[MODEL].ids)[0])
        target = same_names([dataset], graph[DATASET].ids)
        return find_evidence(predictor, graph, node, target, measured_pairs(zoo, answer.protocol))


def _scores(zoo: Zoo, model: str, dataset: str) -> Iterator[ScoreOfPair]:
    there = zoo.scores[(zoo.scores["dataset"] == dataset) & ~zoo.scores["name"].isin(HINDSIGHT)]
    for name, rows in there.groupby("name"):
        values = rows.groupby("model")["value"].mean()
        if model in values.index:
            rank = int((values > values[model]).sum()) + 1
            yield ScoreOfPair(str(name), float(values[model]), rank, len(values))


def _find_bounds(model: str, names: set[str]) -> tuple[KeptBound, ...]:
    from zoograph.training.analysis.relatedness.kept import find_kept
    from zoograph.training.analysis.relatedness.own_images import relatedness_folder

    return tuple(find_kept(relatedness_folder(), model, names))


def _find_distance(model: str, dataset: str) -> DistanceReport | None:
    from zoograph.training.analysis.distance.measure import find_distance

    return find_distance(model, dataset)


def _effects(zoo: Zoo, model: str, dataset: str) -> tuple[str | None, Sequence[ClassEffect]]:
    """Return the outcome, and the influences on it of the classes of the model's corpus, or else of all corpora."""
    rows = zoo.influences[zoo.influences["dataset"] == dataset]
    outcome = next((name for name in _OUTCOMES if (rows["name"] == name).any()), None)
    rows = rows[rows["name"] == outcome]
    card = zoo.models.get(model)
    own = rows[rows["corpus"] == (card.pretrained_on if card else None)]
    chosen: pd.DataFrame = (own if len(own) else rows).sort_values("value", ascending=False)
    columns = (chosen[name] for name in ("label", "corpus", "value", "standard_error"))
    return outcome, [
        ClassEffect(str(label), str(corpus), float(value), None if pd.isna(error) else float(error))
        for label, corpus, value, error in zip(*columns, strict=True)
    ]


def _images_of(dataset: str) -> str:
    """Return what a command that looks at the images is given."""
    return dataset if Path(dataset).expanduser().is_dir() else "FOLDER"


def _missing(
    answer: Answer, images: str, scored: bool, bounded: bool, tuned: bool, influenced: bool
) -> Iterator[Missing]:
    one, many = (f"--{word} {answer.model}" for word in ("model", "models"))
    if answer.rows[0].measured is None:
        command = f"zoograph measure {many} --dataset {images} --protocol {answer.protocol.value}"
        yield Missing("the accuracy itself", command)
    if not scored:
        yield Missing("transferability scores", f"zoograph score {many} --dataset {images}")
    if not bounded:
        yield Missing("a bound of the loss", f"zoograph relatedness {many} --reference REFERENCE --target {images}")
    if not tuned:
        yield Missing("parameter distance by block", f"zoograph analyze distance {one} --dataset {images}")
    if not influenced:
        command = f"zoograph analyze influence --source SOURCE --target {images} --store"
        yield Missing("the influence of source classes", command)
