"""The command line: where the console scripts begin, so that Ctrl-C is heard while the programs are imported."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from zoograph.scripts.memory import keep_freed_memory

_STOPPED = 130


def main() -> None:
    """Run ``zoograph``."""
    _run("zoograph")


def predict_main() -> None:
    """Run ``predict``, the same command as ``zoograph predict``."""
    _run("predict")


def _run(name: str) -> None:
    """Import a program and run it; until it can say so itself, Ctrl-C ends the process, as nothing was begun."""
    gc.set_threshold(100_000, 20, 100)  # half a second of a ranking went into looking through what is never garbage
    if sys.argv[1:2] != ["serve"]:  # which stays, and gives back what a question took
        keep_freed_memory()
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    from zoograph.scripts.programs import make_app, make_predict_app
    from zoograph.scripts.terminal.program import run

    app = make_predict_app() if name == "predict" else make_app(sys.argv[1] if len(sys.argv) > 1 else None)
    signal.signal(signal.SIGINT, before)
    atexit.register(_leave_garbage)
    run(app, name)


def _leave_garbage() -> None:
    """Let the end of the process free what is left: faster than looking once more for garbage in it."""
    if "triton" not in sys.modules:  # which takes for a leak what is not collected
        gc.freeze()


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(_STOPPED)


if __name__ == "__main__":
    main()
