"""The command line: where the console scripts begin, so that Ctrl-C is heard while the programs are imported."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

_STOPPED = 130


def main() -> None:
    """Run ``zoograph``."""
    _run("app", "zoograph")


def predict_main() -> None:
    """Run ``predict``, the same command as ``zoograph predict``."""
    _run("predict_app", "predict")


def _run(app: str, name: str) -> None:
    """Import a program and run it; until it can say so itself, Ctrl-C ends the process, as nothing was begun."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    from zoograph.scripts import programs
    from zoograph.scripts.terminal.program import run

    signal.signal(signal.SIGINT, before)
    run(getattr(programs, app), name)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(_STOPPED)


if __name__ == "__main__":
    main()
