"""``choose``: from a folder of images and a budget of time to the model to take."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import zoograph
from zoograph.data.records.records import Protocol
from zoograph.scripts.campaigns.where import Cpus, Executor, Gpus, Memory, Processes, RayAddress, make_where
from zoograph.scripts.choosing.html_report import make_html
from zoograph.scripts.choosing.pictures import draw_ranking, draw_regret
from zoograph.scripts.choosing.printing import live, print_choice
from zoograph.scripts.pictures.style import require_matplotlib, to_png
from zoograph.scripts.terminal.files import require_place, write_file
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
from zoograph.scripts.terminal.messages import goes_on, say_stage, warn
from zoograph.scripts.terminal.numbers import parse_time
from zoograph.scripts.terminal.options import (
    AllVariants,
    AsJson,
    Dataset,
    Device,
    Domain,
    Encoder,
    Family,
    FollowLinks,
    LabelColumn,
    Licence,
    MaxGmacs,
    MaxInputSize,
    MaxParams,
    MeasuredProtocol,
    MinSpeed,
    ModelsNamed,
    Objectives,
    TestFraction,
    TextColumn,
    TimmOnly,
    make_filters,
)
from zoograph.scripts.terminal.output import print_json

if TYPE_CHECKING:
    from zoograph.training.choosing.choice import Choice


def choose(
    dataset: Dataset,
    budget: Annotated[
        float, typer.Option(parser=parse_time, metavar="TIME", help="Time in all, such as `30m`, `90s` or `2h`.")
    ],
    protocol: MeasuredProtocol = Protocol.HEAD,
    regret: Annotated[
        float, typer.Option(min=0, help="Stop when the pick is expected to lose fewer points of accuracy than this.")
    ] = 1.0,
    weights_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A folder with a file or a folder of weights for each of some models, called like it, such as "
            "`resnet50.a1_in1k.safetensors`. "
            "Other weights come from the Hugging Face hub or its cache.",
        ),
    ] = None,
    models: ModelsNamed = "",
    max_params: MaxParams = None,
    max_gmacs: MaxGmacs = None,
    max_input_size: MaxInputSize = None,
    min_speed: MinSpeed = None,
    licence: Licence = "",
    family: Family = "",
    objective: Objectives = "",
    timm_only: TimmOnly = False,
    all_variants: AllVariants = False,
    test_fraction: TestFraction = 0.3,
    device: Device = "auto",
    domain: Domain = None,
    encoder: Encoder = None,
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
    executor: Executor = "local",
    processes: Processes = 2,
    ray_address: RayAddress = None,
    cpus: Cpus = None,
    gpus: Gpus = 0.0,
    memory: Memory = 0.0,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the expected regret over time into this PNG file.", metavar="FILE")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write an HTML report, pictures inside, to this file.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Choose a model for a dataset: measure what is worth most per second, until little is left to lose.

    Cheap probes come first, then heads, then fine-tuning of the last few. Every measurement is a run of the store: what
    is stopped with Ctrl-C goes on with the same command. With `--executor` as many
    models are measured at a time as it has places for.

    Example: `zoograph choose --dataset ./photos --budget 30m`
    """
    begin = time.monotonic()
    from zoograph.training.measuring.subject import require_measurable

    require_measurable(protocol)  # before the seconds that it takes to import what measures
    config = finetune_config(
        protocol,
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
    for path, option in ((picture, "--picture"), (report, "--report")):
        if path is not None:
            require_place(path, option, [Path(dataset).expanduser()])
            require_matplotlib()
    where = make_where(executor, processes, ray_address, cpus, gpus, memory)
    filters = make_filters(
        models,
        max_params,
        max_gmacs,
        max_input_size,
        min_speed,
        licence,
        family,
        objective,
        timm_only,
        all_variants=all_variants,
    )
    with goes_on("What was measured is"), live(budget) as (watch, progress):
        choice = zoograph.choose(
            dataset,
            budget,
            protocol,
            regret,
            filters,
            weights_dir=weights_dir,
            domain=domain,
            device=device,
            test_fraction=test_fraction,
            config=config,
            save_model=save_model,
            encoder=encoder,
            where=where,
            progress=progress,
            warn=warn,
            stage=say_stage,
            watch=watch,
            begin=begin,
        )
    choice = replace(choice, options=_columns(text_column, label_column))
    _write(choice, picture, report)
    if as_json:
        files = {"picture": picture and str(picture), "report": report and str(report)}
        print_json("choose", {**choice.as_dict(), **files}, choice.notes)
    else:
        print_choice(choice)


def _columns(text: str | None, label: str | None) -> tuple[str, ...]:
    """Return the options that name the columns of a table."""
    given = {"--text-column": text, "--label-column": label}
    return tuple(word for option, name in given.items() if name is not None for word in (option, name))


def _write(choice: Choice, picture: Path | None, report: Path | None) -> None:
    if picture is None and report is None:
        return
    regrets = to_png(draw_regret(choice))
    if picture is not None:
        write_file(picture, regrets, "--picture")
    if report is not None:
        figures = [
            ("Expected accuracy of the best candidates", to_png(draw_ranking(choice))),
            ("Expected regret over time", regrets),
        ]
        write_file(report, make_html(choice, figures), "--report")
