"""What the commands about a user's own models and images share: their options, and how failures are told."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from zoograph.training.measuring.subject import Failure

Models = Annotated[str, typer.Option(help="Names that timm knows, separated by commas.")]
Dataset = Annotated[
    str,
    typer.Option(
        help="A folder of images with one sub-folder a class, a folder written by `save_to_disk` of the library "
        "`datasets`, or an image dataset on the Hugging Face hub."
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(help="File of weights for the one model, or `random`. Default: the weights of the name."),
]
Device = Annotated[str | None, typer.Option(help="Where to compute. Default: cuda if it is there.")]
Domain = Annotated[str | None, typer.Option(help="Kind of images, such as `sketch` or `photo`.")]


def split_names(text: str) -> list[str]:
    """Return the distinct names in a list with commas.

    Raises:
        typer.BadParameter: if there is none.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise typer.BadParameter(f"must be names with commas between them (got '{text}').")
    return names


def end_with_failures(failures: Collection[Failure]) -> None:
    """Name the models that failed on stderr, and end with 1 if there are any.

    Raises:
        typer.Exit: if there are failures.
    """
    for failure in failures:
        print(f"Failed: {failure.model}: {failure.reason}", file=sys.stderr)
    if failures:
        raise typer.Exit(1)
