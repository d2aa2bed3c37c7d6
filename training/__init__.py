"""How is it fitted, measured, calibrated and saved?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoograph.training.recorder import TransferRecorder

__all__ = ["TransferRecorder"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: the commands start without torch."""
    if name in __all__:
        from zoograph.training import recorder

        return getattr(recorder, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
