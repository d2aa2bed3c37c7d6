"""Memory of a server that runs for weeks: what a question took goes back to the system with its answer."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
_LARGE = 1 << 21  # more than one step of a ranking takes at a time: these blocks are used over and over


def give_back_large_blocks() -> bool:
    """Have the C library give every freed block of 2 MiB or more back to the system; return whether it does.

    By itself glibc gives back smaller and smaller shares of what is freed: the first freed matrix raises the size from
    which blocks are the system's own, up to 32 MiB, and what is smaller stays with the thread that asked for it. Each
    thread that answered a question then holds the memory of one. Other C libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # there is none: macOS, musl; or no such thing: Windows
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE))


def give_back_freed_pages() -> None:
    """Give whole pages between blocks that are in use back to the system; it takes some milliseconds."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
