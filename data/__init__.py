"""What do we know? Cards, records, texts and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoograph.data.store import RecordStore

__all__ = ["RecordStore"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: the other modules start without a database."""
    if name in __all__:
        from zoograph.data import store

        return getattr(store, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
