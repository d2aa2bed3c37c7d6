"""Devices: where networks and numbers are computed, and in which precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoograph.data.errors import ZoographError

if TYPE_CHECKING:
    import torch

AUTO = "auto"
DEVICES = (AUTO, "cuda", "mps", "cpu", "xpu")
"""What ``--device`` takes; ``cuda:1`` is the second of its kind."""


def require_device(name: str | None) -> None:
    """Raise unless this may be a device, without looking whether it is there.

    Raises:
        ZoographError: if nobody knows such a device.
    """
    if name is not None and name.partition(":")[0] not in DEVICES:
        raise ZoographError(
            f"The device '{name}' cannot be used (got none of {', '.join(DEVICES)}). Choose 'auto' or 'cpu'."
        )


def find_device(name: str | None = None) -> torch.device:
    """Return a device by its name.

    Args:
        name: one of :data:`DEVICES`; ``auto`` and None are CUDA where it is there, else Apple's MPS, else the CPU.

    Raises:
        ZoographError: if it is not there.
    """
    import torch

    require_device(name)
    chosen = _best() if name in (None, AUTO) else str(name)
    try:
        device = torch.device(chosen)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")  # torch goes on for pages
        raise ZoographError(f"The device '{chosen}' cannot be used (got: {reason}). Choose 'auto' or 'cpu'.") from error
    return device


def number_device(device: torch.device) -> torch.device:
    """Return where scores, heads and relatedness of features from a device are computed: there, if it has float64.

    MPS has none, and its features come to the CPU.
    """
    import torch

    return torch.device("cpu") if device.type == "mps" else device


def learning_device(name: str | None = None) -> torch.device:
    """Return the device of that name if predictors can be learned on it: their covariances need float64.

    Raises:
        ZoographError: if it is not there, or was asked for by name and has no float64.
    """
    device = find_device(name)
    if device != number_device(device) and name not in (None, AUTO):
        raise ZoographError(
            f"A predictor cannot be learned on '{name}' (it has no 64-bit numbers). Choose 'auto', 'cuda' or 'cpu'."
        )
    return number_device(device)


def half_precision(device: torch.device) -> torch.dtype | None:
    """Return the type that networks compute in under autocast, or None where they compute in float32.

    CUDA takes bfloat16 where the card has it, else float16; everything else computes in float32.
    """
    import torch

    if device.type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _best() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
