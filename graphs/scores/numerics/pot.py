"""POT, imported without the array libraries that nothing here hands to it."""

from __future__ import annotations

import os
from types import ModuleType

_UNUSED = ("JAX", "CUPY", "TENSORFLOW")


def load_pot() -> ModuleType:
    """Return the package ``ot``; where they are installed, JAX, CuPy and TensorFlow would take it seconds to import."""
    for library in _UNUSED:
        os.environ.setdefault(f"POT_BACKEND_DISABLE_{library}", "1")
    import ot  # takes longer than all other scores together

    return ot
