"""Folders of what was analysed before; where they are missing, nothing that reads them has to be imported."""

from __future__ import annotations

from pathlib import Path

from zoograph.data.home import get_home


def relatedness_folder() -> Path:
    """Return where finished pairs of tasks are kept, see :mod:`zoograph.training.analysis.relatedness.kept`."""
    return get_home() / "cache" / "relatedness"


def checkpoints_folder() -> Path:
    """Return where the weights of a fine-tuning are kept, see :mod:`zoograph.training.analysis.distance.measure`."""
    return get_home() / "checkpoints"
