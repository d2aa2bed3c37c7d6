"""The options that several commands have, and what they mean."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.records.records import Metric, Protocol
from zoograph.data.text.printable import show
from zoograph.scripts.terminal.numbers import parse_count, parse_positive
from zoograph.scripts.terminal.program import FAILED, WRONG

if TYPE_CHECKING:
    from zoograph.training.candidates.filters import Filters
    from zoograph.training.measuring.subject import Failure

# -- a question ---------------------------------------------------------------------------------------

Model = Annotated[
    str,
    typer.Option(help="A model of the zoo, any name that timm knows, or an encoder of texts."),
]
Question = Annotated[
    str,
    typer.Option(
        help="A dataset, a family of datasets, a folder of images or texts with one sub-folder a class, a table of "
        "texts (CSV, TSV, JSON Lines, Parquet), or a card: a file of YAML or JSON with labels, sizes and so on. "
        "If a folder of that name is here, it is used; `dataset:NAME` is always the stored dataset."
    ),
]
AnyProtocol = Annotated[
    Protocol | None, typer.Option(help="How models are transferred. Default: as the dataset was measured most.")
]
AnyMetric = Annotated[
    Metric | None, typer.Option(help="What is predicted. Default: what the dataset was measured in most.")
]
Encoder = Annotated[str | None, typer.Option(help="Text encoder: a hub id or a local path. Default: all-MiniLM-L6-v2.")]

# -- candidates ---------------------------------------------------------------------------------------


def _not_empty(context: typer.Context, parameter: typer.CallbackParam, value: str | None) -> str | None:
    """Refuse an option that was given without a word, such as by a variable of the shell that is not set."""
    source = context.get_parameter_source(str(parameter.name))
    if source is not None and source.name == "COMMANDLINE" and value is not None and not value.strip():
        raise typer.BadParameter(f"must be a word or more (got '{value}'). Leave the option out.")
    return value


ModelsNamed = Annotated[
    str,
    typer.Option(
        "--models",
        callback=_not_empty,
        help="Only these: names, patterns such as `resnet*`, and files of them, separated by commas.",
    ),
]
MaxParams = Annotated[
    int | None, typer.Option(parser=parse_count, metavar="COUNT", help="Most parameters, such as `30M` or `900k`.")
]
MaxGmacs = Annotated[
    float | None,
    typer.Option(parser=parse_positive, metavar="NUMBER", help="Most multiply-accumulates, in units of 1e9."),
]
MaxInputSize = Annotated[int | None, typer.Option(min=1, help="Largest side of the input, in pixels.")]
MinSpeed = Annotated[
    float | None,
    typer.Option(
        parser=parse_positive, metavar="NUMBER", help="Fewest images a second, on the device where time is counted."
    ),
]
Licence = Annotated[str, typer.Option(callback=_not_empty, help="Of the weights, such as `apache-2.0,mit`.")]
Family = Annotated[str, typer.Option(callback=_not_empty, help="Of the architecture, such as `resnet,vit`.")]
Objectives = Annotated[
    str,
    typer.Option(
        "--objective", callback=_not_empty, help="What features were trained for, such as `supervised,distilled`."
    ),
]
TimmOnly = Annotated[bool, typer.Option("--timm-only", help="Only weights that timm publishes.")]
AllVariants = Annotated[
    bool, typer.Option("--all-variants", help="Also rank uploads, and near-twins of other candidates.")
]


def make_filters(
    models: str = "",
    max_params: int | None = None,
    max_gmacs: float | None = None,
    max_input_size: int | None = None,
    min_speed: float | None = None,
    licence: str = "",
    family: str = "",
    objective: str = "",
    timm_only: bool = False,
    measured_only: bool = False,
    all_variants: bool = False,
) -> Filters:
    """Return which models are candidates, from what the options say.

    Raises:
        ZoographError: if nothing is trained for such an objective.
    """
    from zoograph.data.records.naming.choices import choose
    from zoograph.data.records.pretraining import Objective
    from zoograph.training.candidates.filters import Filters

    def words(text: str) -> tuple[str, ...]:
        return tuple(split_names(text)) if text else ()

    return Filters(
        words(models),
        max_params,
        max_gmacs,
        max_input_size,
        min_speed,
        words(licence),
        words(family),
        tuple(choose(Objective, word) for word in words(objective)),
        timm_only,
        measured_only,
        all_variants,
    )


# -- a measurement ------------------------------------------------------------------------------------

Models = Annotated[
    str,
    typer.Option(
        help="Names that timm knows, or encoders of texts on the hub, in a folder or in an installed package; patterns "
        "such as `resnet*`, and files (.txt, .csv) of them; separated by commas."
    ),
]
Dataset = Annotated[
    str,
    typer.Option(
        help="A folder of images or texts with one sub-folder a class, a table of texts or of paths of images (CSV, "
        "TSV, JSON Lines, Parquet), a folder written by `save_to_disk` of the library `datasets`, or a dataset on the "
        "Hugging Face hub."
    ),
]
OneProtocol = Annotated[Protocol, typer.Option(help="How models are transferred.")]
MeasuredProtocol = Annotated[
    Protocol,
    typer.Option(metavar="<head|finetune>", help="What is trained: a head on frozen features, or the whole model."),
]
Weights = Annotated[
    str | None,
    typer.Option(
        help="Weights for the one model: a safetensors file, a checkpoint (`.pth`, `.ckpt`), a folder cloned from the "
        "hub, or `random`; or a folder with a file called like each model. Default: the weights of the name."
    ),
]
Device = Annotated[
    str, typer.Option(help="Where to compute: `auto`, `cuda`, `mps` or `cpu`. `auto` takes the fastest that is there.")
]

LearningDevice = Annotated[
    str,
    typer.Option(
        "--device",
        help="Where to learn: `cpu`, `cuda` or `auto`. On the CPU the same records make the same predictor everywhere.",
    ),
]


def _follow(context: typer.Context, chosen: bool) -> bool:
    from zoograph.data.images.listing import following_links

    if chosen:
        context.with_resource(following_links())
    return chosen


FollowLinks = Annotated[
    bool,
    typer.Option(
        "--follow-links", callback=_follow, help="Follow links that lead out of a folder of images, not only inside it."
    ),
]


def _name_column(context: typer.Context, parameter: typer.CallbackParam, chosen: str | None) -> str | None:
    from zoograph.data.tasks.columns import naming_columns

    if chosen is not None:
        context.with_resource(naming_columns(**{str(parameter.name).removesuffix("_column"): chosen}))
    return chosen


_TEXTS = "Tables of texts"
TextColumn = Annotated[
    str | None,
    typer.Option(callback=_name_column, help="The column of the texts. Default: a guess.", rich_help_panel=_TEXTS),
]
LabelColumn = Annotated[
    str | None,
    typer.Option(callback=_name_column, help="The column of the classes. Default: a guess.", rich_help_panel=_TEXTS),
]
Domain = Annotated[
    str | None, typer.Option(callback=_not_empty, help="Kind of images or texts, such as `sketch` or `reviews`.")
]
MaxImages = Annotated[int | None, typer.Option(min=4, help="Use a stratified sample of so many samples. Default: all.")]
TestFraction = Annotated[
    float,
    typer.Option(min=0.01, max=0.99, help="Part of each class to test on, if the dataset has no split of its own."),
]
Stored = Annotated[bool, typer.Option("--store", help="Keep the result in the store, as edges of the graph.")]
Processes = Annotated[int, typer.Option(min=1, help="Pieces of work at a time, each on one thread.")]

# -- predictors ---------------------------------------------------------------------------------------

WhosePredictor = Annotated[Protocol | None, typer.Option(help="Only predictors of this protocol. Default: all.")]
WhoseMetric = Annotated[Metric | None, typer.Option("--metric", help="Only predictors of this metric. Default: all.")]
WhoseEncoder = Annotated[
    str | None,
    typer.Option("--encoder", help="Only predictors with this text encoder, a name or a folder. Default: all."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]

# -- what comes out -----------------------------------------------------------------------------------

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the JSON and the pictures.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Compute again what an earlier run has kept.")]


def split_names(text: str) -> list[str]:
    """Return the distinct names in a list with commas.

    Raises:
        typer.BadParameter: if there is none.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise typer.BadParameter(f"must be names with commas between them (got '{text}').")
    return names


def end_with_failures(failures: Collection[Failure], done: Sized) -> None:
    """Name the models that failed on stderr, and end with 1 if there are any, or with 2 if nothing was done.

    Args:
        failures: with their models.
        done: what was done all the same.

    Raises:
        typer.Exit: if there are failures.
    """
    for failure in failures:
        print(show(f"Failed: {failure.model}: {failure.reason}"), file=sys.stderr)
    if failures:
        raise typer.Exit(FAILED if done else WRONG)
