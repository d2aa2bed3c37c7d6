"""Text classification tasks: from tables, folders and Hugging Face datasets."""

from __future__ import annotations

from zoograph.data.tasks.columns import naming_columns

__all__ = ["naming_columns"]
