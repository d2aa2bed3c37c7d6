"""Parquet needs a package of its own, which is imported when a file asks for it."""

from __future__ import annotations

from typing import Any

from zoograph.data.errors import ZoographError


def import_pyarrow() -> tuple[Any, Any]:
    """Return ``pyarrow`` and ``pyarrow.parquet``.

    Raises:
        ZoographError: if they are not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ZoographError(
            "Parquet needs the package pyarrow: pip install 'zoograph[parquet]', or use CSV instead."
        ) from error
    return pyarrow, parquet
