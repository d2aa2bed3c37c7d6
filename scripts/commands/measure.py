"""``measure``: the accuracy that models reach on a dataset, by a retrained head or full fine-tuning."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

import zoograph
from zoograph.data.errors import ZoographError
from zoograph.data.records.records import Protocol
from zoograph.scripts.campaigns.planning import PlanOnly, print_own_plan
from zoograph.scripts.campaigns.where import (
    Cpus,
    Executor,
    Gpus,
    Memory,
    Processes,
    RayAddress,
    make_where,
    unfold_models,
)
from zoograph.scripts.commands.relatedness import bound_parts
from zoograph.scripts.terminal.finetuning import (
    Augment,
    BatchSize,
    Epochs,
    Freeze,
    HeadFirst,
    LayerDecay,
    LearningRate,
    Patience,
    SaveModel,
    Warmup,
    WeightDecay,
    finetune_config,
)
from zoograph.scripts.terminal.options import (
    AsJson,
    Dataset,
    Device,
    Domain,
    FollowLinks,
    Fresh,
    LabelColumn,
    MaxImages,
    MeasuredProtocol,
    Models,
    TestFraction,
    TextColumn,
    Weights,
    end_with_failures,
    split_names,
)
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import progress_bar

if TYPE_CHECKING:
    from zoograph.training.measuring.reports import MeasureReport, SourceTraining


def measure(
    models: Models,
    dataset: Dataset,
    protocol: MeasuredProtocol = Protocol.HEAD,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each model.")] = 1,
    test_fraction: TestFraction = 0.3,
    max_images: MaxImages = None,
    weights: Weights = None,
    pretrain: Annotated[
        str | None,
        typer.Option(
            help="Train the models on this dataset of images first, taken as `--dataset` is, and relate the two. They "
            "begin with the weights of `--weights`; `random` trains from nothing."
        ),
    ] = None,
    device: Device = "auto",
    domain: Domain = None,
    follow_links: FollowLinks = False,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    layer_decay: LayerDecay = None,
    weight_decay: WeightDecay = None,
    batch_size: BatchSize = None,
    warmup: Warmup = None,
    patience: Patience = None,
    augment: Augment = None,
    freeze: Freeze = None,
    head_first: HeadFirst = None,
    save_model: SaveModel = None,
    fresh: Fresh = False,
    executor: Executor = "local",
    processes: Processes = 2,
    ray_address: RayAddress = None,
    cpus: Cpus = None,
    gpus: Gpus = 0.0,
    memory: Memory = 0.0,
    plan: PlanOnly = False,
    as_json: AsJson = False,
) -> None:
    """Transfer models to a dataset, measure their top-1 accuracy, and store the runs.

    Fine-tuning begins as the retrained head, then trains everything; its settings are kept with the run. What was
    interrupted goes on from its last epoch. A run that the store has is not measured again: other seeds are.

    With `--pretrain` the settings of fine-tuning are those of both trainings. Its weights are kept for `--weights`.

    Example: `zoograph measure --models resnet18 --dataset ./pets --protocol finetune`
    """
    config = finetune_config(
        protocol,
        pretrains=pretrain is not None,
        max_epochs=epochs,
        learning_rate=learning_rate,
        layer_decay=layer_decay,
        weight_decay=weight_decay,
        batch_size=batch_size,
        warmup_epochs=warmup,
        patience=patience,
        augmentation=augment,
        freeze=freeze,
        head_first=head_first,
    )
    where, names = make_where(executor, processes, ray_address, cpus, gpus, memory), unfold_models(split_names(models))
    if pretrain is not None and (plan or executor != "local"):
        raise ZoographError(
            "'--pretrain' trains in this process, without a plan (got '--executor' or '--plan'). Leave one of them out."
        )
    if plan:
        from zoograph.training.measuring.subject import Subject

        subject = Subject(names, dataset, domain, max_images, weights, device)
        print_own_plan("measure", subject, where, as_json, protocol, seeds, config.max_epochs if config else 0)
        return
    with progress_bar("Measuring") as progress:
        report = zoograph.measure(
            names,
            dataset,
            protocol,
            seeds=seeds,
            test_fraction=test_fraction,
            domain=domain,
            max_images=max_images,
            weights=weights,
            device=device,
            config=config,
            pretrain=pretrain,
            progress=progress,
            save_model=save_model,
            fresh=fresh,
            where=where,
        )
    if as_json:
        print_json("measure", _as_dict(report), report.notes)
    elif report.runs:
        _print_table(report)
        if report.sources:
            _print_sources(report)
        print_notes(report.notes)
    end_with_failures(report.failures, report.runs)


def _as_dict(report: MeasureReport) -> dict[str, Any]:
    return {
        "dataset": report.dataset,
        "runs": [run.model_dump(mode="json") for run in report.runs],
        "num_known": report.num_known,
        "skipped": list(report.skipped),
        "sources": [_source(one) for one in report.sources],
        "saved": report.saved,
        "failures": [asdict(failure) for failure in report.failures],
    }


def _source(one: SourceTraining) -> dict[str, Any]:
    parts = None
    if one.bound is not None:
        mismatch = {"distribution_mismatch": one.bound.distribution_mismatch}
        parts = {"total": one.bound.total, **one.bound._asdict(), **mismatch}
    return {"model": one.model, "source": one.source, "accuracy": one.accuracy, "weights": one.weights, "bound": parts}


def _print_sources(report: MeasureReport) -> None:
    print_table(
        f"Pre-trained on {report.sources[0].source}; bound of the loss on {report.dataset} in nats, lower is better",
        ("model", "accuracy there", "bound", "reference loss", "label mismatch", "distance × τ"),
        [
            (
                one.model,
                f"{one.accuracy:.3f}",
                *(("–",) * 4 if one.bound is None else (f"{part:.3f}" for part in bound_parts(one.bound))),
            )
            for one in report.sources
        ],
        names={"model"},
    )


def _print_table(report: MeasureReport) -> None:
    print_table(
        report.title,
        ("model", "accuracy", "seed", "trained on", "tested on", "seconds"),
        [
            (
                run.model,
                f"{run.value:.3f}",
                str(run.seed),
                f"{run.train_size:,}",
                f"{run.test_size:,}",
                f"{run.hyperparameters['seconds']:.1f}",
            )
            for run in report.runs
        ],
        names={"model"},
    )
