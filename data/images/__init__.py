"""Image classification tasks: from folders, torchvision and Hugging Face datasets.

The names below are imported when they are first used, so that listing a folder imports neither torch nor numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoograph.data.images.listing import following_links
    from zoograph.data.images.sources import task_from_folder
    from zoograph.data.images.task import ImageTask, task_from_arrays
    from zoograph.data.images.torchvision_datasets import task_from_torchvision

__all__ = [
    "ImageTask",
    "following_links",
    "task_from_arrays",
    "task_from_folder",
    "task_from_torchvision",
]

_HOMES = {
    "ImageTask": "task",
    "following_links": "listing",
    "task_from_arrays": "task",
    "task_from_folder": "sources",
    "task_from_torchvision": "torchvision_datasets",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for."""
    if name in _HOMES:
        return getattr(import_module(f"zoograph.data.images.{_HOMES[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
