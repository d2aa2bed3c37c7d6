"""What a command says beside its answer: warnings, logs, and what is being done, by how loud it was asked to be."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum

from zoograph.data.text.printable import show

_log = logging.getLogger("zoograph")


class Loudness(IntEnum):
    """How much a command says on stderr beside errors."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


class Messages(logging.Handler):
    """Takes what the library logs: warnings are printed and kept, the rest says what is being done.

    Attributes:
        loudness: of the command that runs.
        warnings: what was warned of, printed or not.
        stage: what is being done, in a few words; empty where nobody said.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loudness = Loudness.NORMAL
        self.warnings: list[str] = []
        self.stage = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a warning, or take note of a stage; print every record if the command is verbose."""
        text = show(record.getMessage())
        if record.levelno >= logging.WARNING:
            if text in self.warnings:
                return
            self.warnings.append(text)
            if self.loudness > Loudness.QUIET:
                print(f"Warning: {text}", file=sys.stderr)
            return
        if record.name == _log.name:
            self.stage = text
        if self.loudness is Loudness.VERBOSE:
            print(f"{record.name}: {text}", file=sys.stderr)


_ATTEMPT = re.compile(r"Retrying in|thrown while requesting")

_CURRENT: ContextVar[Messages | None] = ContextVar("zoograph_messages", default=None)


def current_messages() -> Messages:
    """Return the messages of the command that runs; outside of one, nobody listens."""
    return _CURRENT.get() or Messages()


def warn(message: str) -> None:
    """Warn the person at the terminal, who also finds it among the notes of JSON."""
    _log.warning("%s", message)


def say_stage(text: str) -> None:
    """Say what is being done, in a few words; a spinner shows it."""
    _log.info("%s", text)


@contextmanager
def listening() -> Iterator[Messages]:
    """Listen to the library while a command runs; what libraries deprecate among themselves is no news."""
    messages, level, passed_on = Messages(), _log.level, _log.propagate
    hub = logging.getLogger("huggingface_hub.utils._http")
    retries = _RetriesInOneSentence()
    token = _CURRENT.set(messages)
    _log.addHandler(messages)
    _log.setLevel(logging.DEBUG)
    _log.propagate = False
    hub.addFilter(retries)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning)
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            yield messages
    finally:
        hub.removeFilter(retries)
        _log.removeHandler(messages)
        _log.setLevel(level)
        _log.propagate = passed_on
        _CURRENT.reset(token)


@contextmanager
def goes_on(kept: str) -> Iterator[None]:
    """Say, where Ctrl-C ends what is done here, that it can be taken up; ``kept`` is what of it stays, as a subject."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"Stopped. {kept} kept; the same command goes on from there.", file=sys.stderr)
        raise


class _RetriesInOneSentence(logging.Filter):
    """Says once, in a sentence, what the hub's client says at every attempt."""

    def __init__(self) -> None:
        super().__init__()
        self._said = False

    def filter(self, record: logging.LogRecord) -> bool:
        if current_messages().loudness is Loudness.VERBOSE or not _ATTEMPT.search(record.getMessage()):
            return True
        if not self._said:
            warn("The Hugging Face hub does not answer; trying a few more times.")
            self._said = True
        return False
