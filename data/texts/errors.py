"""The error of texts that are no classification task."""

from __future__ import annotations

from zoograph.data.tasks.task import TaskError


class TextTaskError(TaskError):
    """A table, folder or dataset of texts that is no classification task."""
