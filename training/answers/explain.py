"""Everything that is known of a model on a dataset: the prediction, its evidence, and all that was measured."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoograph.data.collections.public.encoder_facts import with_encoder_facts
from zoograph.data.errors import ZoographError
from zoograph.data.networks.find_model import loading_name
from zoograph.data.records.card_words import describe_model
from zoograph.data.records.cards import DatasetCard, Modality, ModelCard
from zoograph.data.records.records import HINDSIGHT, Metric, Protocol
from zoograph.data.records.report import Report
from zoograph.data.records.zoo import Zoo
from zoograph.data.tasks.sources import holds_dataset
from zoograph.training.analysis.kept_folders import checkpoints_folder, relatedness_folder
from zoograph.training.answers.current.current_predictor import open_predictor
from zoograph.training.answers.current.source import Source, opened
from zoograph.training.answers.notes import SIMILARITY
from zoograph.training.answers.predict import Answer, answer
from zoograph.training.answers.question import ask, name_of, require_name
from zoograph.training.measuring.subject import MEASURABLE
from zoograph.training.runtime.progress import Progress, Stage, Warn

if TYPE_CHECKING:
    import pandas as pd

    from zoograph.training.analysis.distance.compare import DistanceReport
    from zoograph.training.analysis.relatedness.kept import KeptBound
    from zoograph.training.answers.evidence import Evidence

_MOST_CLASSES = 5
_SAME = 1e-9  # of a score: what rounding makes of it
_DATA = "DATA"
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
class Explanation(Report):
    """What is known of a pair; a part that was never measured is empty or None, and is named in ``missing``.

    Attributes:
        answer: prediction, interval and measurement.
        card: of the model.
        evidence: nearest measured datasets and models, and the records that moved the prediction most.
        scores: of the pair.
        bounds: of the loss after transfer, by reference task, lowest first.
        distance: parameter distance by block, after fine-tuning.
        helpful: source classes with the highest influences on the dataset, of the model's own corpus if it has any.
        harmful: those with the lowest ones.
        outcome: what the influences are of.
        missing: the rest, as far as a command measures it.
        loadable: whether there is one that looks at samples with the model.
    """

    answer: Answer
    card: ModelCard
    evidence: Evidence | None
    scores: tuple[ScoreOfPair, ...]
    bounds: tuple[KeptBound, ...]
    distance: DistanceReport | None
    helpful: tuple[ClassEffect, ...]
    harmful: tuple[ClassEffect, ...]
    outcome: str | None
    missing: tuple[Missing, ...]
    loadable: bool = True

    @property
    def title(self) -> str:
        """The pair and the protocol."""
        return f"What is known of {self.answer.title}"

    @property
    def notes(self) -> tuple[str, ...]:
        """Where the prediction comes from, and how to measure what is missing."""
        loads = () if self.loadable else (self.cannot_load,)
        missing = (f"Not measured yet: {part.what}. To measure it: {part.command}" for part in self.missing)
        about = filter(None, [describe_model(self.card)])
        return (*self.answer.notes, *about, *([SIMILARITY] if self.evidence else []), *loads, *missing)

    @property
    def cannot_load(self) -> str:
        """What is said of a model that is not loadable."""
        return f"Nobody here loads the weights '{self.answer.model}': nothing more can be measured of them."

    @property
    def missing_where(self) -> str:
        """What the words in capitals of the commands stand for; empty where there are none."""
        used = {word for part in self.missing for word in part.command.split()}
        samples = "a folder of its images, with one sub-folder a class"
        if self.answer.modality == Modality.TEXT:
            samples = "a table of its texts, or a folder of them with one sub-folder a class"
        meanings = {_DATA: samples, "REFERENCE": "the dataset to transfer from", "SOURCE": "the dataset to learn from"}
        return "; ".join(f"{word} is {meaning}" for word, meaning in meanings.items() if word in used)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a fact.

        Columns: ``part``, such as ``prediction``, ``similar dataset`` or ``score``; ``name`` of the fact; ``value``
        in the unit of its part (accuracies and similarities in [0, 1], effects of records in points); ``detail`` in
        words.
        """
        import pandas as pd

        return pd.DataFrame(self._facts(), columns=["part", "name", "value", "detail"])

    def _facts(self) -> Iterator[tuple[str, str, float | None, str]]:
        row = self.answer.rows[0]
        yield "prediction", "predicted", row.predicted, f"90 % interval {row.lower:.3f} – {row.upper:.3f}"
        yield "prediction", "linear regression", row.linear_regression, ""
        yield "prediction", "measured", row.measured, f"runs: {row.measured_runs}"
        if self.evidence:
            for near in self.evidence.datasets:
                detail = f"best there: {near.best_model}, {near.best_measured:.3f}"
                yield "similar dataset", near.dataset, near.similarity, detail
            for akin in self.evidence.models:
                measured = "not measured here" if akin.measured is None else f"measured here: {akin.measured:.3f}"
                yield "similar model", akin.model, akin.similarity, measured
            for record in self.evidence.records:
                pair = f"{record.model} on {record.dataset}"
                yield "effect of a record", pair, record.points, f"measured: {record.measured:.3f}"
        for score in self.scores:
            yield "score", score.name, score.value, f"rank {score.rank} of {score.out_of}"
        for kept in self.bounds:
            yield "bound of the loss", kept.reference, kept.bound.total, "nats"
        for block in self.distance.blocks if self.distance else ():
            yield "parameter distance", block.name, block.ratio, ""
        for does, effects in (("helpful", self.helpful), ("harmful", self.harmful)):
            for effect in effects:
                yield f"{does} source class", effect.label, effect.value, effect.corpus


def explain(
    model: str,
    dataset: str | os.PathLike[str] | DatasetCard,
    protocol: Protocol | str | None = None,
    encoder: str | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
    stage: Stage | None = None,
    metric: Metric | str | None = None,
    source: Source | None = None,
    domain: str | None = None,
) -> Explanation:
    """Put together what is known of a model on a dataset.

    Args:
        model: a name in the store, or one that timm knows.
        dataset: one dataset in the store, a folder of images, a card file, or a card. A folder that exists is that
            folder; ``dataset:`` before a name asks for the dataset of the store all the same.
        protocol: ``native``, ``zero_shot``, ``probe``, ``head`` or ``finetune``; default: the one that most of the
            dataset's records have, else a retrained head.
        encoder: text encoder; default as shipped.
        progress: called with (steps done, steps in all) while training.
        warn: told what the user should know.
        stage: told what is being done, in a few words.
        metric: such as ``top1`` or ``miou``; default: the one that most of the dataset's records have, else top-1
            accuracy.
        source: where the answer comes from; default: the store of the home.
        domain: kind of images in a folder, or of a card that does not say.

    Raises:
        ZoographError: with what to do next, also if ``dataset`` is a family of several.
        TypeError: if the model is no name, or the dataset no name, path or card.
    """
    from zoograph.training.runtime.threads import one_thread

    require_name(model)
    dataset = name_of(dataset)
    with opened(source) as chosen:
        store = chosen.store
        question = ask(store, model, dataset, protocol, domain, warn, stage, metric, anywhere=chosen.local)
        if len(question.tasks) > 1:
            several = ", ".join(question.tasks)
            raise ZoographError(
                f"'{question.dataset}' stands for {len(question.tasks)} datasets: choose one of {several}."
            )
        current = open_predictor(chosen, question, encoder, progress, warn, stage)
        predicted, zoo = answer(current, store), current.zoo
        with one_thread():
            evidence = current.find_evidence(predicted.model)
        names = {name for name, targets in store.names().datasets.items() if question.dataset in targets}
    scores = tuple(list_scores(zoo, predicted.model, question.dataset))
    bounds = _find_bounds(predicted.model, {*names, question.dataset})
    distance = _find_distance(predicted.model, question.dataset)
    outcome, effects = _effects(zoo, predicted.model, question.dataset)
    loaded = loading_name(zoo.models[predicted.model])
    known = bool(scores), bool(bounds), distance is not None, bool(effects)
    return Explanation(
        predicted,
        with_encoder_facts(zoo.models[predicted.model]),
        evidence,
        scores,
        bounds,
        distance,
        tuple(effects[:_MOST_CLASSES]),
        tuple(effects[: -_MOST_CLASSES - 1 : -1]) if len(effects) > _MOST_CLASSES else (),
        outcome,
        tuple(_missing(predicted, loaded, _samples_of(dataset) if chosen.local else _DATA, domain, *known)),
        loaded is not None,
    )


def list_scores(zoo: Zoo, model: str, dataset: str) -> Iterator[ScoreOfPair]:
    """Yield every score of a pair, with its rank among the models that have it."""
    there = zoo.scores[(zoo.scores["dataset"] == dataset) & ~zoo.scores["name"].isin(HINDSIGHT)]
    for name, rows in there.groupby("name"):
        values = rows.groupby("model")["value"].mean()
        if model in values.index:
            own = float(values[model])
            rank = int((values > own + _SAME * abs(own)).sum()) + 1
            yield ScoreOfPair(str(name), own, rank, len(values))


def _find_bounds(model: str, names: set[str]) -> tuple[KeptBound, ...]:
    if not relatedness_folder().exists():
        return ()
    from zoograph.training.analysis.relatedness.kept import find_kept

    return tuple(find_kept(relatedness_folder(), model, names))


def _find_distance(model: str, dataset: str) -> DistanceReport | None:
    if not checkpoints_folder().exists():
        return None
    from zoograph.training.analysis.distance.measure import find_distance

    return find_distance(model, dataset)


def _effects(zoo: Zoo, model: str, dataset: str) -> tuple[str | None, Sequence[ClassEffect]]:
    """Return the outcome, and the influences on it of the classes of the model's corpus, or else of all corpora."""
    import pandas as pd

    rows = zoo.influences[zoo.influences["dataset"] == dataset]
    outcome = next((name for name in _OUTCOMES if (rows["name"] == name).any()), None)
    rows = rows[rows["name"] == outcome]
    card = zoo.models.get(model)
    own = rows[rows["corpus"] == (card.pretrained_on if card else None)]
    chosen = (own if len(own) else rows).sort_values("value", ascending=False)
    columns = (chosen[name] for name in ("label", "corpus", "value", "standard_error"))
    return outcome, [
        ClassEffect(str(label), str(corpus), float(value), None if pd.isna(error) else float(error))
        for label, corpus, value, error in zip(*columns, strict=True)
    ]


def _samples_of(dataset: str | DatasetCard) -> str:
    """Return what a command that looks at the samples is given."""
    if isinstance(dataset, DatasetCard):
        return _DATA
    place = Path(dataset).expanduser()
    return shlex.quote(dataset) if place.exists() and holds_dataset(place) else _DATA


def _missing(
    answer: Answer,
    loaded: str | None,
    samples: str,
    domain: str | None,
    scored: bool,
    bounded: bool,
    tuned: bool,
    influenced: bool,
) -> Iterator[Missing]:
    if loaded is None:  # nobody here can look at images with it
        scored = bounded = tuned = True
    one, many = (f"--{word} {loaded}" for word in ("model", "models"))
    kind = "" if domain is None else f" --domain {shlex.quote(domain)}"
    if answer.rows[0].measured is None and answer.protocol in MEASURABLE and loaded is not None:
        command = f"zoograph measure {many} --dataset {samples}{kind} --protocol {answer.protocol.value}"
        yield Missing("the accuracy itself", command)
    if not scored:
        yield Missing("transferability scores", f"zoograph score {many} --dataset {samples}{kind}")
    if not bounded:
        yield Missing("a bound of the loss", f"zoograph relatedness {many} --reference REFERENCE --target {samples}")
    if not tuned and answer.modality == Modality.IMAGE:
        yield Missing("parameter distance by block", f"zoograph analyze distance {one} --dataset {samples}")
    if not influenced and answer.modality == Modality.IMAGE:
        command = f"zoograph analyze influence --source SOURCE --target {samples} --store"
        yield Missing("the influence of source classes", command)
