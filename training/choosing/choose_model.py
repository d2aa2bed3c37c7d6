"""Choosing under a budget: from a dataset and candidates to the model to take."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from zoograph.data.errors import ZoographError
from zoograph.data.networks.checkpoints.finetuned import BestModel
from zoograph.data.networks.find_model import OWN, bare_architecture, loading_code
from zoograph.data.records.cards import DatasetCard, Modality, ModelCard
from zoograph.data.records.naming.choices import choose as find_choice
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.stratified import held_out_rows
from zoograph.training.answers.candidates import choose_candidates, with_named
from zoograph.training.answers.current.current_predictor import Provenance
from zoograph.training.answers.measured_pairs import measured_pairs
from zoograph.training.answers.question import Question
from zoograph.training.candidates.filters import Filters, Step
from zoograph.training.candidates.machine_speed import measure_machine
from zoograph.training.candidates.named_models import NamedModels
from zoograph.training.candidates.speeds import estimate_speeds
from zoograph.training.candidates.twins import fold_twins
from zoograph.training.choosing.beliefs.levels import levels_of
from zoograph.training.choosing.beliefs.opinion import Opinions
from zoograph.training.choosing.choice import NO_WEIGHTS, Choice, Left, Trial
from zoograph.training.choosing.laboratory import Laboratory
from zoograph.training.choosing.loop import Loop, Watch
from zoograph.training.choosing.seconds import Seconds, Work
from zoograph.training.choosing.weight_sources import (
    Sources,
    explain_none,
    find_copies,
    find_sources,
    load_own,
    load_unnamed,
)
from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.executors.opening import open_executor
from zoograph.training.measuring.each_model import HERE, held_here
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
from zoograph.training.measuring.split_quality import require_split
from zoograph.training.measuring.store_names import place_in_store
from zoograph.training.measuring.subject import Subject, require_finetuning, require_measurable
from zoograph.training.runtime.progress import Progress, Stage, Warn

_SHOWN = 10


@dataclass(frozen=True)
class Settings:
    """What is asked of a choice.

    Attributes:
        protocol: that the model is to be used under: a retrained head or full fine-tuning.
        budget: seconds, in all.
        regret: points of expected regret at which it stops.
        weights_dir: folder with files of weights; None for none.
        test_fraction: of each class, where the dataset has no test samples of its own.
        config: of fine-tuning.
        save_model: folder for the best fine-tuned model; None to keep none.
        encoder: text encoder; default as shipped.
        where: models are measured.
    """

    protocol: Protocol
    budget: float
    regret: float = 1.0
    weights_dir: Path | None = None
    test_fraction: float = 0.3
    config: FinetuneConfig = field(default_factory=FinetuneConfig)
    save_model: Path | None = None
    encoder: str | None = None
    where: Where = HERE


def choose(
    dataset: str | Path,
    budget: float,
    protocol: Protocol | str = Protocol.HEAD,
    regret: float = 1.0,
    filters: Filters | None = None,
    *,
    weights_dir: str | Path | None = None,
    domain: str | None = None,
    device: str | None = None,
    test_fraction: float = 0.3,
    config: FinetuneConfig | None = None,
    save_model: str | Path | None = None,
    encoder: str | None = None,
    where: Where = HERE,
    progress: Progress | None = None,
    warn: Warn | None = None,
    stage: Stage | None = None,
    watch: Watch | None = None,
    begin: float | None = None,
) -> Choice:
    """Choose a model for a dataset: measure what is worth most per second, and return the pick with what it rests on.

    Args:
        dataset: a folder of images or texts with one sub-folder a class, a table of texts, or a dataset on the Hugging
            Face hub.
        budget: seconds, in all.
        protocol: ``head`` (a retrained head) or ``finetune``.
        regret: points of expected regret at which it stops before the budget is spent.
        filters: which models are candidates; default: all whose weights are to be had.
        weights_dir: a folder with a file of weights for each of some models, called like it.
        domain: kind of images or texts, such as ``sketch``.
        device: ``auto``, ``cuda``, ``mps`` or ``cpu``; default: ``auto``, the fastest that is there.
        test_fraction: of each class, in (0, 1), where the dataset has no test samples of its own.
        config: of fine-tuning.
        save_model: folder for the best fine-tuned model, which :func:`zoograph.load_finetuned` reads.
        encoder: text encoder; default as shipped.
        where: models are measured, as many at a time as it has places for; runs are stored here.
        progress: called with (steps done, steps in all) of the measurements that run.
        warn: told what the user should know.
        stage: told what is being done.
        watch: told where it stands before each measurement, and at the end.
        begin: of the budget, by the monotonic clock; default: now.

    Raises:
        ZoographError: with what to do next.
        ValueError: if the budget is no number of seconds, or the regret no number of points.
    """
    for name, number, unit in (("budget", budget, "seconds"), ("regret", regret, "points")):
        if not isinstance(number, int | float) or not number >= 0:
            raise ValueError(f"'{name}' must be a number of {unit}, 0 or more, in 'choose' (got {number!r}).")
    chosen = find_choice(Protocol, protocol)
    require_measurable(chosen)
    folder = None if weights_dir is None else Path(weights_dir)
    kept = None if save_model is None else Path(save_model)
    if kept is not None:
        require_finetuning(chosen, here=where.kind is ExecutorKind.LOCAL)
    settings = Settings(chosen, budget, regret, folder, test_fraction, config or FinetuneConfig(), kept, encoder, where)
    return choose_model(
        Subject([], str(dataset), domain, device=device),
        settings,
        filters,
        progress,
        warn,
        stage,
        watch,
        begin,
    )


def choose_model(
    subject: Subject,
    settings: Settings,
    filters: Filters | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
    stage: Stage | None = None,
    watch: Watch | None = None,
    begin: float | None = None,
) -> Choice:
    """Measure what is worth most per second until the budget is spent or little is left to lose, and return the pick.

    Every measurement is a run of the store as soon as it is done, so that a call that is stopped loses none of them,
    and the next one goes on.

    Args:
        subject: the dataset, its domain and the device; of its models and weights nothing is read.
        settings: what is asked.
        filters: which models are candidates; default: all whose weights are to be had.
        progress: called with (steps done, steps in all) of the measurement that runs.
        warn: told what the user should know.
        stage: told what is being done.
        watch: told where it stands before each measurement, and at the end.
        begin: of the budget, by the monotonic clock; default: now.

    Raises:
        ZoographError: if there are no samples, no candidates, or no time for one candidate, or if the test samples are
            of fewer than two classes.
    """
    begin = time.monotonic() if begin is None else begin
    require_measurable(settings.protocol)
    best = None if settings.save_model is None else BestModel(settings.save_model, goes_on=True)
    task, filters = subject.open(), filters or Filters()
    require_split(task, held_out_rows(task.labels, task.is_test, settings.test_fraction).tolist())
    if settings.where.kind is ExecutorKind.LOCAL:
        subject.place()  # is there
    with RecordStore.open() as store, ExitStack() as opened:
        dataset = place_in_store(store, task.card, subject.dataset)
        question = _ask(store, dataset, settings.protocol)
        own = load_own(store.names(), filters.models, task.modality, dataset.id)
        unnamed, failed = _load_unnamed(settings.weights_dir, task.modality, stage)
        own |= {word: unnamed[arch] for word in filters.models if (arch := bare_architecture(word)) in unnamed}
        paths = {card.id: path for card, path in (*own.values(), *unnamed.values())}
        new = {card.id: card for card, _ in (*own.values(), *unnamed.values())}
        _add_unknown(store, new.values())
        filters = replace(filters, models=tuple(own[word][0].id if word in own else word for word in filters.models))
        zoo, named = with_named(store.snapshot(), store.names(), filters)
        if stage is not None:
            stage("Measuring the speed of this machine, once")
        machine = measure_machine(progress)
        sized = [card.model_copy(update={"gmacs": task.gmacs(card)}) for card in zoo.models.values()]
        speeds = estimate_speeds(sized, machine.speeds, machine.kind).speeds
        found = _find_candidates(zoo, question, filters, speeds, named, settings.weights_dir, paths)
        found = found._replace(left=(*found.left, *failed))
        _add_unknown(store, found.cards)
        levels = levels_of(settings.protocol, len(task))
        laboratory = Laboratory(
            store,
            task,
            dataset,
            subject,
            opened.enter_context(open_executor(settings.where)),
            opened.enter_context(held_here(task)),
            settings.where,
            settings.test_fraction,
            settings.config,
            keep=best,
        )
        work = _count_work(laboratory, levels, settings)
        sizes = {level: each.test for level, each in work.items()}
        opinions = Opinions(store, question, found.cards, sizes, settings.encoder, warn)
        loop = Loop(begin, settings.budget, settings.regret, found.sources, laboratory, opinions, Seconds(speeds, work))
        loop.run(progress, stage, watch)
        choice = _describe(loop, subject, settings, found, work[settings.protocol].test)
        has = best is not None and best.holds(choice.picked.model, dataset.id)
        place = json.dumps(str(settings.save_model))
        code = f"import zoograph\n\nmodel = zoograph.load_finetuned({place})" if has else choice.snippet
        return replace(choice, save_model=settings.save_model, is_saved=has, snippet=code)


class _Found(NamedTuple):
    """Candidates whose weights are to be had."""

    cards: tuple[ModelCard, ...]
    sources: Sources
    steps: tuple[Step, ...]
    num_without: int
    left: tuple[Left, ...]


def _ask(store: RecordStore, dataset: DatasetCard, protocol: Protocol) -> Question:
    names = store.names()
    relatives = {name for members in names.families.values() if dataset.id in members for name in members}
    new = () if dataset.id in names.datasets else (dataset,)
    tasks = (dataset.id,)
    return Question(
        None,
        dataset.id,
        tasks,
        tuple(sorted({dataset.id, *relatives})),
        protocol,
        Metric.TOP1,
        dataset.modality,
        (),
        new,
    )


def _add_unknown(store: RecordStore, cards: Iterable[ModelCard]) -> None:
    known = store.names().models
    if unknown := [card for card in cards if card.id not in known]:
        store.add(models=unknown, origin="choose")


def _load_unnamed(
    folder: Path | None, modality: Modality, stage: Stage | None
) -> tuple[dict[str, tuple[ModelCard, Path]], list[Left]]:
    """Return the files of a folder that are called by an architecture alone, and those of them that do not load."""
    if folder is None or modality is not Modality.IMAGE:
        return {}, []
    if stage is not None:
        stage(f"Looking through '{folder}'")
    own, failed = load_unnamed(folder)
    return own, [Left(name, reason) for name, reason in failed.items()]


def _find_candidates(
    zoo: Zoo,
    question: Question,
    filters: Filters,
    speeds: Mapping[str, float],
    named: NamedModels | None,
    folder: Path | None,
    own: Mapping[str, Path],
) -> _Found:
    """Return the candidates that pass the filters and whose weights are to be had, without near-twins of each other."""
    every = replace(filters, all_variants=True)
    passed = choose_candidates(zoo, question, every, lambda card: speeds.get(card.id), named)
    chosen = {card.id for card in passed.cards}
    sources = {**find_sources(passed.cards, folder), **{id: path for id, path in own.items() if id in chosen}}
    if not sources:
        raise ZoographError(explain_none(len(passed.cards), folder))
    exact = named.exact if named else frozenset()
    copies = find_copies({id: sources[id] for id in sorted(sources, key=lambda id: (id not in exact, OWN in id, id))})
    cards = [card for card in passed.cards if card.id in sources and card.id not in copies]
    if not filters.all_variants:
        known = {model for model, _ in measured_pairs(zoo, question.protocol, question.metric, question.modality)}
        cards = fold_twins(cards, known, exact).cards or cards
    left = [Left(name, NO_WEIGHTS) for name in sorted(exact & chosen - sources.keys())]
    left += [
        Left(name, f"its file holds the weights of '{kept}', under another name.") for name, kept in copies.items()
    ]
    return _Found(tuple(cards), sources, passed.steps, len(passed.cards) - len(sources), tuple(left))


def _count_work(laboratory: Laboratory, levels: Sequence[Protocol], settings: Settings) -> dict[Protocol, Work]:
    """Return what there is to do at each level."""
    work = {}
    for level in levels:
        task = laboratory.samples_of(level)
        held = settings.test_fraction if task.is_test is None else sum(task.is_test) / len(task)
        train = round(len(task) * (1 - held))
        epochs = settings.config.max_epochs if level is Protocol.FINETUNE else 0
        work[level] = Work(len(task), train, len(task.classes), epochs)
    return work


def _describe(loop: Loop, subject: Subject, settings: Settings, found: _Found, num_test: int) -> Choice:
    ranking = loop.rank()
    laboratory = loop.laboratory
    card = next(card for card in found.cards if card.id == ranking[0].model)
    num_classes, weights = len(laboratory.task.classes), found.sources[card.id]
    prior = loop.opinion.prior
    return Choice(
        dataset=laboratory.dataset.id,
        folder=subject.dataset,
        protocol=settings.protocol,
        budget=settings.budget,
        spent=loop.elapsed,
        threshold=settings.regret,
        stopped=loop.stopped,
        first_regret=loop.first_regret,
        picked=ranking[0],
        weights=weights,
        num_classes=num_classes,
        trials=tuple(loop.trials),
        earlier=loop.num_known - len(loop.trials),
        ranking=ranking[:_SHOWN],
        num_candidates=len(ranking),
        num_without=found.num_without,
        left=(*found.left, *loop.left),
        next=loop.plan(),
        filters=found.steps,
        provenance=_with_own(prior.provenance, loop.trials, prior.protocol),
        answered=prior.protocol,
        skipped=laboratory.skipped,
        warnings=tuple(loop.warnings),
        samples=laboratory.task.samples_word,
        snippet=loading_code(card, num_classes, weights),
        num_test=num_test,
    )


def _with_own(known: Provenance, trials: Sequence[Trial], answered: Protocol) -> Provenance:
    """Return where the answer comes from, with what this call measured among the newer records."""
    if not known.version:
        return known
    own = sum(trial.level is answered for trial in trials)
    return replace(known, newer_records=known.newer_records + own)
