"""Devices that tensors are on: the CPU, and another one, to which what is made of tensors goes whole."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import torch
from torch import Tensor

CPU = torch.device("cpu")

_Made = TypeVar("_Made")


def placed(made: _Made, device: torch.device) -> _Made:
    """Return what ``made`` is with every tensor in it on a device.

    Args:
        made: a tensor; a dict, a named tuple or a dataclass of such things; anything else stays what it is.
        device: where to.
    """

    def there(part: Any) -> Any:
        if isinstance(part, Tensor):
            return part.to(device)
        if isinstance(part, dict):
            return {name: there(value) for name, value in part.items()}
        if isinstance(part, tuple):
            values = [there(value) for value in part]
            return type(part)(*values) if hasattr(part, "_fields") else tuple(values)
        if dataclasses.is_dataclass(part) and not isinstance(part, type):
            fields = {field.name: there(getattr(part, field.name)) for field in dataclasses.fields(part)}
            return dataclasses.replace(part, **fields)
        return part

    result: _Made = there(made)
    return result
