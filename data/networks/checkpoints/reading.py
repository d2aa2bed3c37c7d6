"""Checkpoints: files of tensors by name, read without running a line of code that is in them."""

from __future__ import annotations

import argparse
import json
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zoograph.data.files.safetensors_header import check_safetensors_file
from zoograph.data.networks.weight_files import INDEX, WeightsError

_MOST_TENSORS = 100_000
_DEEPEST = 8
_MOST_INFLATED = 4
# What training loops keep beside the weights, and what looks like weights there.
_NO_WEIGHTS = ("optim", "scheduler", "lr_sched", "scaler", "loops", "callbacks", "amp", "hyper_param", "rng", "args")


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file, named by the way to them, such as ``state_dict.fc.weight``.

    A safetensors file, an index of several, or whatever ``torch.save`` wrote, known by its content. Only tensors and
    plain values are read from the latter. What is said of optimizers is left out.

    Raises:
        WeightsError: if it is none of these, holds other objects, or is made to fill the memory.
    """
    if not path.is_file():
        got = "a folder" if path.is_dir() else "nothing there"
        raise WeightsError(f"The weights '{path}' must be a file (got {got}). Check the path.")
    try:
        tree = _read_index(path) if path.name.endswith(INDEX) else _read_file(path)
        tensors = dict(_flatten(tree))
    except (OSError, ValueError, RuntimeError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"The weights '{path}' must be a safetensors file or a checkpoint of tensors alone "
            f"(got: {str(error).rstrip('.')}). Save the state dict again."
        ) from error
    if not tensors:
        raise WeightsError(f"The weights '{path}' must hold tensors by name (got none). Save the state dict.")
    return tensors


def _read_file(path: Path) -> Any:
    with path.open("rb") as file:
        start = file.read(10)
    if not start:
        raise ValueError("an empty file")
    if start == b"version ht":
        raise ValueError("a pointer of Git LFS: 'git lfs pull' fetches the file")
    if start[8:9] == b"{":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        check_safetensors_file(path)
        try:
            return load_file(path)
        except SafetensorError as error:
            raise ValueError(str(error)) from error
    if start.startswith(b"PK"):
        _check_archive(path)
    elif path.suffix == ".safetensors" and not start.startswith(b"\x80"):
        check_safetensors_file(path)  # says what is wrong
    harmless = torch.serialization.safe_globals(_harmless())
    with path.open("rb") as file, harmless, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:
            raise ValueError(_explain(error)) from error


def _read_index(path: Path) -> dict[str, Tensor]:
    """Return the tensors of the files that an index lists, which lie beside it."""
    listed = json.loads(path.read_bytes())
    names = listed.get("weight_map") if isinstance(listed, dict) else None
    if not isinstance(names, dict):
        raise ValueError("an index without a 'weight_map'")
    whole: dict[str, Tensor] = {}
    for name in sorted({Path(str(name)).name for name in names.values()}):
        whole.update(_flatten(_read_file(path.parent / name)))
    return whole


def _check_archive(path: Path) -> None:
    """Raise if an archive of torch's is packed so that it would grow: torch itself does not pack.

    Raises:
        ValueError: with what it would grow to.
    """
    with zipfile.ZipFile(path) as archive:
        inside = archive.infolist()
    size, grown = path.stat().st_size, sum(entry.file_size for entry in inside)
    if len(inside) > _MOST_TENSORS or grown > _MOST_INFLATED * size:
        raise ValueError(f"an archive of {size:,} bytes that grows to {grown:,} bytes in {len(inside):,} files")


def _harmless() -> list[Any]:
    """Return what checkpoints hold beside tensors that can do nothing: settings, and numbers of numpy."""
    import numpy as np

    kinds = [type(np.dtype(name)) for name in ("float64", "float32", "int64", "int32", "bool")]
    scalar = np.float64(0).__reduce__()[0]
    return [argparse.Namespace, np.dtype, *kinds, scalar, (scalar, "numpy.core.multiarray.scalar")]


def _flatten(tree: Any) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of dictionaries in dictionaries.

    Raises:
        ValueError: if there are very many, or one that claims more values than it holds.
    """
    seen = 0
    waiting: list[tuple[str, Any, int]] = [("", tree, 0)]
    while waiting:
        name, value, depth = waiting.pop()
        seen += 1
        if seen > _MOST_TENSORS:
            raise ValueError(f"more than {_MOST_TENSORS:,} entries")
        if isinstance(value, Tensor):
            yield name, _require_plain(name, value)
        elif isinstance(value, Mapping) and depth < _DEEPEST:
            inner = [
                (f"{name}.{key}" if name else key, held, depth + 1)
                for key, held in value.items()
                if isinstance(key, str) and not (depth < 1 and key.casefold().startswith(_NO_WEIGHTS))
            ]
            waiting += reversed(inner)


def _require_plain(name: str, tensor: Tensor) -> Tensor:
    if tensor.layout is not torch.strided or tensor.is_quantized:
        raise ValueError(f"{name!r}, which is sparse or quantised")
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ValueError(f"{name!r}, which claims more values than it holds")
    return tensor


def _explain(error: Exception) -> str:
    """Return what is wrong in few words; of objects that torch refuses, their kind."""
    text = str(error)
    if found := re.search(r"Unsupported global: GLOBAL (\S+)|Unsupported class (\S+)", text):
        return f"an object of the kind '{found[1] or found[2]}', which would have to be run"
    if "TorchScript" in text:
        return "a TorchScript archive, which would have to be run"
    if type(error).__name__ == "UnpicklingError" or isinstance(error, EOFError):
        return "neither of the two, or one that is cut short"
    return text.partition("\n")[0].rstrip(".") or type(error).__name__
