"""Trouble that passes, told from what stays wrong however often it is tried."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator

_PASSING = (ConnectionError, TimeoutError, InterruptedError, BlockingIOError)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ESTALE})
_BUSY = 429
_SERVER = 500
_TRANSPORT = {"httpx2": "TransportError", "httpx": "TransportError", "requests": "ConnectionError"}


def passes(error: BaseException) -> bool:
    """Return whether an error, or what it came from, may be gone the next time.

    Connections that break or are not answered, servers that are busy or in trouble, and disks that are full are such.
    That a client forbids itself to ask, as the hub's does offline, is not.
    """
    return any(_passes(one) for one in _causes(error))


def _passes(error: BaseException) -> bool:
    from huggingface_hub import errors

    if isinstance(error, errors.OfflineModeIsEnabled | errors.LocalEntryNotFoundError):
        return False
    if isinstance(error, errors.HfHubHTTPError):
        status = 0 if error.response is None else error.response.status_code
        return status == _BUSY or status >= _SERVER
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return isinstance(error, (*_PASSING, *_transport_errors()))


def _transport_errors() -> tuple[type[BaseException], ...]:
    """Return what the hub's client raises for a connection, whichever library it is built on."""
    found = [getattr(sys.modules.get(library), kind, None) for library, kind in _TRANSPORT.items()]
    return tuple(kind for kind in found if isinstance(kind, type))


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__
