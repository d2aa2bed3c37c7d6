"""A device that is not the CPU, for machines without one: numbers that lie there never meet those of the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

PRETEND = torch.device("meta")
_INDEXING = ("aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_")


class PretendTensor(Tensor):
    """A tensor of the CPU that says that it is on :data:`PRETEND`."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> PretendTensor:
        """Wrap a tensor of the CPU."""
        made = Tensor._make_wrapper_subclass(
            cls, held.shape, strides=held.stride(), dtype=held.dtype, device=PRETEND, requires_grad=held.requires_grad
        )
        made.held = held.detach()
        return made

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"PretendTensor({self.held})"

    def __matmul__(self, other: Tensor) -> Tensor:
        # A row times a matrix drops a dimension in place, of which a wrapper learns nothing.
        return torch.mv(other.T, self) if (self.ndim, other.ndim) == (1, 2) else torch.matmul(self, other)

    def tolist(self) -> Any:
        """Return the numbers, which every device gives away."""
        return self.held.tolist()

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _call(func, args, kwargs or {})


class PretendDevice(TorchDispatchMode):
    """While it is entered, tensors can be made on :data:`PRETEND` and moved there."""

    def __enter__(self) -> Self:
        # What is made of Python numbers does not pass through the dispatcher.
        self._makers = torch.tensor, torch.as_tensor
        torch.tensor, torch.as_tensor = (_moving(maker) for maker in self._makers)
        super().__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        torch.tensor, torch.as_tensor = self._makers

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _call(func, args, kwargs or {})


def _moving(maker: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def make(content: Any, *args: Any, device: Any = None, **options: Any) -> Tensor:
        if isinstance(content, PretendTensor) and device is None:
            return content
        made = maker(content, *args, **options)
        return made if device is None else made.to(device)

    return make


def _call(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    pretends = [tensor for tensor in tensors if isinstance(tensor, PretendTensor)]
    wanted = kwargs.get("device")
    there = bool(pretends) if wanted is None else torch.device(wanted) == PRETEND
    name = func._schema.name
    if pretends and name not in (*_INDEXING, "aten::copy_", "aten::_to_copy"):
        strangers = [tensor for tensor in tensors if not isinstance(tensor, PretendTensor) and tensor.ndim]
        if strangers:
            raise RuntimeError(f"'{name}' was given tensors on two devices (got {len(strangers)} on the CPU)")
    if wanted is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    wrappers = {id(tensor.held): tensor for tensor in pretends}
    bare = tree_map(lambda leaf: leaf.held if isinstance(leaf, PretendTensor) else leaf, (args, kwargs))
    found = func(*bare[0], **bare[1])

    def wrap(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor) or not there or isinstance(leaf, PretendTensor):
            return leaf
        return wrappers.get(id(leaf)) if id(leaf) in wrappers else PretendTensor(leaf)

    return tree_map(wrap, found)
