"""Figures of a network that follow from its shapes alone: parameters, multiply-accumulates, activations, width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NetworkFigures:
    """How large a network is, and what one image costs it.

    Attributes:
        parameters: number of parameters, head included.
        num_features: width of the pooled features that a head reads.
        gmacs: multiply-accumulates of one image in units of 1e9: every product of convolutions, linear layers and
            attention. ``None`` if shapes do not suffice to run the network.
        activations: outputs of convolutions and matrix products for one image, in units of 1e6, as fvcore and timm
            count them; ``None`` likewise.
    """

    parameters: int
    num_features: int
    gmacs: float | None = None
    activations: float | None = None


def count_figures(network: Any, size: tuple[int, ...]) -> NetworkFigures:
    """Count a timm network that was built on torch's meta device: no weights, no memory, no download.

    Args:
        network: built under ``torch.device("meta")``; it is put into evaluation mode.
        size: channels, height and width of one image.
    """
    gmacs, activations = _run_on_shapes(network, size)
    return NetworkFigures(
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        # Some families widen the pooled features once more before the classifier reads them.
        num_features=int(getattr(network, "head_hidden_size", None) or network.num_features),
        gmacs=gmacs,
        activations=activations,
    )


def _run_on_shapes(network: Any, size: tuple[int, ...]) -> tuple[float | None, float | None]:
    """Return GMACs and millions of activations of one image; nothing if shapes do not suffice for it."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import FlopCounterMode

    aten = torch.ops.aten
    products = {
        operator.default for operator in (aten.convolution, aten.addmm, aten.mm, aten.bmm, aten.baddbmm, aten.linear)
    }

    class CountActivations(TorchDispatchMode):
        total = 0

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            output = function(*args, **(kwargs or {}))
            if function in products:
                self.total += output.numel()
            return output

    network.eval().requires_grad_(False)
    for module in network.modules():
        # The fused kernel is opaque on the meta device; written out, both of its products are counted.
        if getattr(module, "fused_attn", False):
            module.fused_attn = False
    image = torch.empty(1, *size, device="meta")
    try:
        with torch.no_grad(), torch.device("meta"), CountActivations() as seen, FlopCounterMode(display=False) as flops:
            network(image)
    except (RuntimeError, NotImplementedError, TypeError, AssertionError):
        return None, None
    return flops.get_total_flops() / 2e9 or None, seen.total / 1e6 or None
