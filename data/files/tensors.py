"""Files of tensors that are either whole or not there: safetensors with hashes of tensors and description."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zoograph.data.files.atomic import PRIVATE, replace_file
from zoograph.data.files.facts import hash_json
from zoograph.data.files.safetensors_header import check_safetensors_file


def save_tensors(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors and a JSON description in one step: whoever reads meanwhile sees the old file or the new one.

    Raises:
        OSError: if the file cannot be written.
    """
    from safetensors.torch import save

    held = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()
    }
    described = {"about": dict(about), "content": hash_tensors(held)}
    raw = save(held, metadata={"zoograph": json.dumps({**described, "sha256": hash_json(described)}, sort_keys=True)})
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, raw, mode=PRIVATE)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`save_tensors` wrote: the tensors, on the CPU, and the description.

    Raises:
        FileNotFoundError: if there is no file.
        ValueError: if it is not what was written.
    """
    tensors, about, content = _read(path, whole=True)
    if content != hash_tensors(tensors):
        raise ValueError(f"the content of '{path}' does not agree with its hash")
    return tensors, about


def read_about(path: Path) -> dict[str, Any]:
    """Read the description alone, which has a hash of its own; the tensors are not looked at.

    Raises:
        FileNotFoundError: if there is no file.
        ValueError: if it is no such file, or if the description is not what was written.
    """
    return _read(path, whole=False)[1]


def _read(path: Path, whole: bool) -> tuple[dict[str, Tensor], dict[str, Any], str]:
    """Return the tensors, or none of them, the description, and the hash that the tensors should have."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        check_safetensors_file(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"'{path}' cannot be read ({error})") from error
    try:
        with safe_open(path, framework="pt") as file:
            described = json.loads((file.metadata() or {})["zoograph"])
            names = list(file.keys()) if whole else []
            tensors = {name: file.get_tensor(name) for name in names}
        about, content = described["about"], described["content"]
        expected = described.get("sha256")
    except (SafetensorError, OSError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"'{path}' cannot be read ({error})") from error
    # Files of the first zoograph have no hash of their description.
    if expected is not None and expected != hash_json({"about": about, "content": content}):
        raise ValueError(f"the description in '{path}' does not agree with its hash")
    return tensors, about, content


def hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """Return SHA-256 over names, types, shapes and values, in any order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
