"""The options of fine-tuning, as settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.records.records import Protocol

if TYPE_CHECKING:
    from zoograph.training.measuring.finetuning.finetune import FinetuneConfig

_PANEL = "Fine-tuning"

Epochs = Annotated[
    int | None,
    typer.Option(min=1, help="Passes over the training samples at most. Default: 12.", rich_help_panel=_PANEL),
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Of AdamW at its highest, after the warm-up; then a cosine. Default: 0.0003.",
        rich_help_panel=_PANEL,
    ),
]
LayerDecay = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        max=1,
        help="Factor of the rate from each layer to the one before it. Default: 0.75.",
        rich_help_panel=_PANEL,
    ),
]
WeightDecay = Annotated[float | None, typer.Option(min=0, help="Default: 0.05.", rich_help_panel=_PANEL)]
BatchSize = Annotated[int | None, typer.Option(min=2, help="Samples in one step. Default: 64.", rich_help_panel=_PANEL)]
Warmup = Annotated[
    float | None, typer.Option(min=0, help="Epochs over which the rate rises. Default: 1.", rich_help_panel=_PANEL)
]
Patience = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Epochs without a better validation accuracy after which it stops. Default: 4.",
        rich_help_panel=_PANEL,
    ),
]
Augment = Annotated[
    str | None,
    typer.Option(
        help="How training images are changed at random: `none`, `crop`, `flip` (and crop) or `strong` (RandAugment "
        "too). Default: crop.",
        rich_help_panel=_PANEL,
    ),
]
Freeze = Annotated[
    int | None,
    typer.Option(
        min=0, help="Groups of layers, from the input on, that stay as they are. Default: 0.", rich_help_panel=_PANEL
    ),
]
HeadFirst = Annotated[
    bool | None,
    typer.Option(
        "--head-first/--no-head-first",
        help="Begin as the retrained head, so that it does not end below it. Default: yes.",
        rich_help_panel=_PANEL,
    ),
]
SaveModel = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER",
        help="Keep the fine-tuned model with the highest test accuracy in this folder.",
        rich_help_panel=_PANEL,
    ),
]
_OPTIONS = {"max_epochs": "--epochs", "warmup_epochs": "--warmup", "augmentation": "--augment"}


def finetune_config(protocol: Protocol, *, pretrains: bool = False, **given: Any) -> FinetuneConfig | None:
    """Return the settings that were given, the others by default; None where nothing is fine-tuned.

    Args:
        protocol: what is measured.
        pretrains: whether models are trained on a source first.
        given: fields of :class:`FinetuneConfig`, None where nothing was said.

    Raises:
        ZoographError: if something was given that the protocol does not have, or that is no such value.
    """
    said = {name: value for name, value in given.items() if value is not None}
    if protocol is not Protocol.FINETUNE and not pretrains:
        if said:
            name = next(iter(said))
            option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
            raise ZoographError(
                f"'{option}' belongs to fine-tuning (got the protocol '{protocol.value}'). Add '--protocol finetune'."
            )
        return None
    from zoograph.data.records.naming.choices import choose
    from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
    from zoograph.training.measuring.pictures import Augmentation

    if "augmentation" in said:
        said["augmentation"] = choose(Augmentation, said["augmentation"])
    return FinetuneConfig(**said)
