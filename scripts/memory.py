"""Memory of a process: commands keep what was freed for what comes next, a server of weeks gives it back."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

# Numbers of malloc.h, and what glibc reads as a process begins. Blocks up to 128 MiB are not mapped on their own, as
# larger ones are (with which memory of all scores together would grow by a tenth), up to 2 GiB of what is free stay
# with the process, and it grows by 64 MiB.
_MMAP_THRESHOLD = -3
_KEPT = (
    (_MMAP_THRESHOLD, "MALLOC_MMAP_THRESHOLD_", 2**27),
    (-1, "MALLOC_TRIM_THRESHOLD_", 2**31 - 1),
    (-2, "MALLOC_TOP_PAD_", 2**26),
)
_LARGE = 1 << 21  # more than one step of a ranking takes at a time: these blocks are used over and over


def keep_freed_memory() -> None:
    """Have the allocator keep large blocks that are freed, in this process and in those that it starts.

    A network frees the same blocks after every layer and asks for them again, and by default each comes from the system
    anew, in pages that are filled with zeros one by one: where that is slow, it takes longer than the network. Nothing
    is done where the allocator is not glibc's, nor where a variable of the environment says how it is to be.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    for number, name, value in _KEPT:
        if _set_option(number, value):
            os.environ[name] = str(value)


def give_back_large_blocks() -> bool:
    """Have the C library give every freed block of 2 MiB or more back to the system; return whether it does.

    By itself glibc gives back smaller and smaller shares of what is freed: the first freed matrix raises the size from
    which blocks are the system's own, up to 32 MiB, and what is smaller stays with the thread that asked for it. Each
    thread that answered a question then holds the memory of one. Other C libraries are left as they are.
    """
    return _set_option(_MMAP_THRESHOLD, _LARGE)


def give_back_freed_pages() -> None:
    """Give whole pages between blocks that are in use back to the system; it takes some milliseconds."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _set_option(number: int, value: int) -> bool:
    """Set an option of mallopt(3), and return whether it is set."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # there is none: macOS, musl; or no such thing: Windows
        return False
    return bool(mallopt(number, value))
