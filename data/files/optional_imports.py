"""Imports of packages that may be missing, or that were built for another torch."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

from zoograph.data.errors import ZoographError

_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_log = logging.getLogger(__name__)
_kept: list[object] = []


def import_torchvision() -> None:
    """Import torchvision, which timm and transformers import in turn; call this before importing either.

    A torchvision wheel whose operators do not load (a CUDA build beside a CPU torch is the common case) fails
    at import, because it describes two box operators that nobody has declared. Image transforms and
    classifiers use neither, so they are declared here, without an implementation, and the import is tried
    again. Where torchvision is not installed, nothing happens.

    Raises:
        ZoographError: if torchvision cannot be imported even so.
    """
    try:
        importlib.import_module("torchvision")
        return
    except ModuleNotFoundError:
        return
    except RuntimeError as error:
        first = error
    try:
        _declare_operators()
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        importlib.import_module("torchvision")
    except (RuntimeError, ImportError) as error:
        raise ZoographError(
            f"The installed torchvision must fit the installed torch (got: {first}). Reinstall both "
            "together: pip install --force-reinstall torch torchvision."
        ) from error
    _log.info("torchvision was built for another torch; its box operators stay unavailable.")


def _declare_operators() -> None:
    import torch

    library: Any = torch.library.Library("torchvision", "FRAGMENT")
    for operator in _OPERATORS:
        if not hasattr(torch.ops.torchvision, operator):
            library.define(operator + _SCHEMA)
    # A library withdraws its declarations when it is collected.
    _kept.append(library)


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


def import_faiss() -> Any:
    """Return ``faiss``.

    Raises:
        ZoographError: if it is not installed.
    """
    try:
        return importlib.import_module("faiss")
    except ImportError as error:
        raise ZoographError(
            "An index of models needs the package faiss-cpu (got none): pip install 'zoograph[hub]'."
        ) from error
