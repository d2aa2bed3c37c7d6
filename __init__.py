"""Predicts how well a pre-trained model will do on a dataset it was never fine-tuned on.

>>> import zoograph
>>> zoograph.predict("convnext_tiny", "clipart_32")  # doctest: +SKIP

The names below are imported when they are first used, so that ``import zoograph`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoograph.data.errors import ZoographError
    from zoograph.data.store.store import RecordStore
    from zoograph.facade import ingest, load_finetuned, measure, retrain, score
    from zoograph.training.answers.explain import explain
    from zoograph.training.answers.predict import predict
    from zoograph.training.answers.recommend import recommend
    from zoograph.training.choosing.choose_model import choose
    from zoograph.training.measuring.recorder import TransferRecorder

    __version__: str

__all__ = [
    "RecordStore",
    "TransferRecorder",
    "ZoographError",
    "__version__",
    "choose",
    "explain",
    "ingest",
    "load_finetuned",
    "measure",
    "predict",
    "recommend",
    "retrain",
    "score",
]

_HOMES = {
    "RecordStore": "zoograph.data.store.store",
    "TransferRecorder": "zoograph.training.measuring.recorder",
    "ZoographError": "zoograph.data.errors",
    "choose": "zoograph.training.choosing.choose_model",
    "explain": "zoograph.training.answers.explain",
    "predict": "zoograph.training.answers.predict",
    "recommend": "zoograph.training.answers.recommend",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("zoograph")
    if name in __all__:
        from zoograph.data.files.hub import import_without_sockets

        import_without_sockets()
        return getattr(import_module(_HOMES.get(name, "zoograph.facade")), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
