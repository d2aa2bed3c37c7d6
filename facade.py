"""Verbs of the command line as functions; cheap mistakes are found before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from zoograph.data.records.cards import Modality
from zoograph.data.records.naming.choices import choose
from zoograph.data.records.naming.spellings import read_metric
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.tasks.sources import check_dataset
from zoograph.graphs.scores.names import require_known

if TYPE_CHECKING:
    from zoograph.data.ingest.report import IngestReport
    from zoograph.data.ingest.tables import Keep
    from zoograph.data.ingest.values.units import Unit
    from zoograph.data.networks.checkpoints.finetuned import FinetunedModel
    from zoograph.training.executors.executor import Where
    from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
    from zoograph.training.measuring.reports import MeasureReport, ScoreReport
    from zoograph.training.retraining.round import Round
    from zoograph.training.runtime.progress import Progress

__all__ = ["ingest", "load_finetuned", "measure", "retrain", "score"]


def score(
    models: str | Sequence[str],
    dataset: str | Path,
    scores: str | Sequence[str] | None = None,
    *,
    domain: str | None = None,
    max_images: int | None = 500,
    weights: str | Path | None = None,
    device: str | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    reference: str | Path | None = None,
    target: str | None = None,
    pixels: int = 10_000,
    where: Where | None = None,
) -> ScoreReport:
    """Score the transferability of models to a dataset, and store the scores; higher is better.

    Args:
        models: one name that timm knows or of a text encoder, or several.
        dataset: a folder of images or texts with one sub-folder a class, a table of texts, or a dataset on the Hugging
            Face hub.
        scores: name of a score, or of several; default: all that the models allow.
        domain: kind of images or texts, such as ``sketch``.
        max_images: size of a stratified probe; None for all images.
        weights: a file for the one model, or ``random``; default: the weights of the name.
        device: ``auto``, ``cuda``, ``mps`` or ``cpu``; default: ``auto``, the fastest that is there.
        fresh: whether scores that the store has are computed again.
        progress: called with (samples done, samples in all).
        reference: the task that models transfer from, a dataset likewise, for OTCE and OT-NCE.
        target: a column of real values, in the place of classes, of a table of texts or of paths of images.
        pixels: size of the sample of places, over all images, where a dataset has masks.
        where: it is computed, such as ``Where(ExecutorKind.PROCESSES, 4)`` of ``zoograph.training.executors.executor``;
            default: in this process.

    Raises:
        ZoographError: with what to do next.
        ValueError: if no model is named, or a number makes no sense.
    """
    from zoograph.data.tasks.columns import naming_columns
    from zoograph.training.measuring.subject import Subject

    subject = Subject(_names(models), str(dataset), domain, max_images, _word(weights), device, also=_word(reference))
    if reference is not None:
        check_dataset(str(reference))
    wanted = None if scores is None else _names(scores)
    if wanted is not None:
        require_known(wanted)
    with naming_columns(target=target):
        subject.check()
        from zoograph.training.measuring.each_model import HERE
        from zoograph.training.measuring.score import score_models

        return score_models(subject, wanted, fresh, progress, _word(reference), pixels, where or HERE)


def measure(
    models: str | Sequence[str],
    dataset: str | Path,
    protocol: Protocol | str = Protocol.HEAD,
    *,
    seeds: int = 1,
    test_fraction: float = 0.3,
    domain: str | None = None,
    max_images: int | None = None,
    weights: str | Path | None = None,
    device: str | None = None,
    config: FinetuneConfig | None = None,
    progress: Progress | None = None,
    pretrain: str | Path | None = None,
    save_model: str | Path | None = None,
    fresh: bool = True,
    where: Where | None = None,
) -> MeasureReport:
    """Transfer models to a dataset, measure their top-1 accuracy, and store the runs.

    Args:
        models: one name that timm knows or of a text encoder, or several.
        dataset: a folder of images or texts with one sub-folder a class, a table of texts, or a dataset on the Hugging
            Face hub.
        protocol: ``head`` (a retrained head) or ``finetune``.
        seeds: runs of each model, with the seeds 0, 1, …
        test_fraction: of each class, in (0, 1), where the dataset has no test images of its own.
        domain: kind of images or texts, such as ``sketch``.
        max_images: size of a stratified sample; default: all images.
        weights: a file for the one model, or ``random``; default: the weights of the name.
        device: ``auto``, ``cuda``, ``mps`` or ``cpu``; default: ``auto``, the fastest that is there.
        config: of fine-tuning.
        progress: called with (steps done, steps in all).
        save_model: folder for the fine-tuned model, the one with the highest test accuracy of several; see
            :func:`load_finetuned`. Everything is measured anew, in this process.
        pretrain: a dataset likewise, that the models are trained on first; it is then related to ``dataset``.
        fresh: whether runs are measured that the store has, of the same weights, samples, protocol, seed and settings.
        where: see :func:`score`; not for ``pretrain``.

    Raises:
        ZoographError: with what to do next.
        ValueError: if no model is named, or a number makes no sense.
    """
    from zoograph.training.measuring.subject import Subject, require_finetuning, require_measurable

    if seeds < 1:
        raise ValueError(f"'seeds' must be a number of runs, 1 or more, in 'measure' (got {seeds}).")
    chosen = choose(Protocol, protocol)
    require_measurable(chosen)
    subject = Subject(_names(models), str(dataset), domain, max_images, _word(weights), device, also=_word(pretrain))
    if save_model is not None:
        require_finetuning(chosen, _word(pretrain), where is None or where.kind == "local")
    subject.check()
    if pretrain is not None:
        source = Subject(subject.models, str(pretrain), None, max_images, _word(weights), device, also=str(dataset))
        source.check()
        from zoograph.training.analysis.relatedness.transfer import measure_from_source

        return measure_from_source(source, subject, chosen, seeds, test_fraction, config, progress)
    from zoograph.training.measuring.each_model import HERE
    from zoograph.training.measuring.measure import measure_models

    keep = None
    if save_model is not None:
        from zoograph.data.networks.checkpoints.finetuned import BestModel

        keep = BestModel(Path(save_model))
    report = measure_models(
        subject, chosen, seeds, test_fraction, config, progress, keep, where or HERE, fresh or keep is not None
    )
    return replace(report, saved=str(save_model)) if save_model is not None and report.runs else report


def load_finetuned(folder: str | Path) -> FinetunedModel:
    """Return the fine-tuned model that ``measure`` or ``choose`` kept in a folder.

    It names the classes of new samples: ``load_finetuned("model").classify(["a text"])``, or of RGB pictures.

    Args:
        folder: that ``save_model`` named.

    Raises:
        ZoographError: if the folder holds no such model.
    """
    from zoograph.data.networks.checkpoints import finetuned

    return finetuned.load_finetuned(folder)


def ingest(
    *files: str | Path,
    mapping: Mapping[str, str] | None = None,
    protocol: Protocol | str = Protocol.HEAD,
    metric: Metric | str = Metric.TOP1,
    source: str = "own records",
    unit: Unit | str | None = None,
    add_unknown: bool = False,
    rejects: str | Path | None = None,
    dry_run: bool = False,
    mlflow: str | None = None,
    experiment: str | None = None,
    wandb: str | None = None,
    model_cards: str | Path | Sequence[str | Path] = (),
    mteb: str | Path | None = None,
    model: str = "",
    dataset: str = "",
    scores: bool = False,
    score_name: str = "",
    keep: Keep | str | None = None,
) -> IngestReport:
    """Bring measured accuracies of tables into the store, in one batch that ``zoograph undo`` can take back.

    Args:
        files: CSV, JSON or Parquet: one run a row, models x datasets, the history of a training, or its results.
        mapping: our field -> the column that holds it, such as ``{"accuracy": "eval_acc"}``.
        protocol: of rows that do not say.
        metric: likewise.
        source: likewise; runs of different sources are different runs.
        unit: of the values; default: decided for each file.
        add_unknown: whether models and datasets that are not known come in by their names alone.
        rejects: file for the rows that do not go in; default: one in the state folder, if there are any.
        dry_run: count, and store nothing.
        mlflow: URI of an MLflow store whose finished runs are read.
        experiment: of MLflow, by name; default: all.
        wandb: an export of Weights & Biases, or ``entity/project``.
        model_cards: one or several model cards, or files of ``.eval_results``, whose results are read.
        mteb: folder of result files of MTEB, whose classifications are read.
        model: of rows that name none.
        dataset: likewise.
        scores: whether the values are transferability scores, and no accuracies.
        score_name: of the score, such as ``logme``, of rows that do not say; it implies ``scores``.
        keep: ``last`` or ``best`` value of a training's history; default: the last, or what the training itself kept.

    Raises:
        ZoographError: with what to do next.
        ValueError: if there is nothing to read.
    """
    if not (files or model_cards or any(one is not None for one in (mlflow, wandb, mteb))):
        raise ValueError("One file, or another place to read from, must be named at least in 'ingest' (got none).")
    from zoograph.data.files.outputs import require_no_input
    from zoograph.data.home import own_files
    from zoograph.data.ingest.formats.mlflow_runs import local_place, read_mlflow
    from zoograph.data.ingest.formats.model_cards import read_model_card
    from zoograph.data.ingest.formats.mteb import read_mteb
    from zoograph.data.ingest.formats.wandb_runs import read_wandb
    from zoograph.data.ingest.ingest import IngestSettings
    from zoograph.data.ingest.ingest import ingest as ingest_tables
    from zoograph.data.ingest.tables import Keep, open_table
    from zoograph.data.ingest.values.units import Unit
    from zoograph.data.store.store import RecordStore

    settings = IngestSettings(
        mapping or {},
        choose(Protocol, protocol),
        read_metric(str(metric)),
        source,
        None if unit is None else choose(Unit, unit),
        add_unknown,
        model,
        dataset,
        scores or bool(score_name),
        score_name,
        None if keep is None else choose(Keep, keep),
    )
    cards = [model_cards] if isinstance(model_cards, str | Path) else model_cards
    log = None if rejects is None else Path(rejects)
    if log is not None:
        read = [mteb, wandb, *cards, *files, None if mlflow is None else local_place(mlflow)]
        require_no_input(log, [*own_files(), *(Path(path) for path in read if path)], "--rejects")
    tables = [open_table(Path(file)) for file in files]
    tables += [read_mlflow(mlflow, experiment, settings.keep)] if mlflow is not None else []
    tables += [read_wandb(wandb)] if wandb is not None else []
    tables += [read_model_card(Path(card), model) for card in cards]
    tables += [read_mteb(Path(mteb))] if mteb is not None else []
    with RecordStore.open() as store:
        return ingest_tables(store, tables, settings, log, dry_run)


def retrain(
    protocol: Protocol | str = Protocol.HEAD,
    min_new: int = 1,
    *,
    encoder: str | None = None,
    metric: Metric | str = Metric.TOP1,
    modality: str = Modality.IMAGE.value,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Round:
    """Retrain a predictor on everything in the store; it is used from now on if it is shown to be not worse.

    Args:
        protocol: whose predictor.
        min_new: retrain only if so many runs wait that no version has seen.
        metric: likewise.
        modality: of the datasets, likewise.
        encoder: text encoder, a name or a folder; default as shipped.
        device: where to learn, ``cpu``, ``cuda`` or ``auto``.
        progress: called with (steps done, steps in all).

    Raises:
        ZoographError: with what to do next.
    """
    from zoograph.data.networks.devices import learning_device
    from zoograph.data.store.store import RecordStore
    from zoograph.training.retraining.challenge import retrain_if_needed
    from zoograph.training.versions.listing import predictor_root

    chosen, what = choose(Protocol, protocol), choose(Metric, metric)
    root, place = predictor_root(chosen, encoder, what, modality), learning_device(device)
    with RecordStore.open() as store:
        return retrain_if_needed(
            store,
            root,
            chosen,
            min_new,
            encoder=encoder,
            progress=progress,
            metric=what,
            modality=modality,
            device=place,
        )


def _word(path: str | Path | None) -> str | None:
    return None if path is None else str(path)


def _names(models: str | Sequence[str]) -> list[str]:
    names = [models] if isinstance(models, str) else list(dict.fromkeys(models))
    if not names:
        raise ValueError("One model, or one score, must be named at least (got none).")
    return names
