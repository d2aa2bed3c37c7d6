"""Memory of this process: what was freed is kept for what comes next."""

from __future__ import annotations

import ctypes
import os

# What mallopt(3) takes, and what glibc reads as a process begins: blocks up to 128 MiB are not mapped on their own, as
# larger ones are (with which memory of all scores together would grow by a tenth), up to 2 GiB of what is free stay
# with the process, and it grows by 64 MiB.
_SETTINGS = (
    (-3, "MALLOC_MMAP_THRESHOLD_", 2**27),
    (-1, "MALLOC_TRIM_THRESHOLD_", 2**31 - 1),
    (-2, "MALLOC_TOP_PAD_", 2**26),
)


def keep_freed_memory() -> None:
    """Have the allocator keep large blocks that are freed, in this process and in those that it starts.

    A network frees the same blocks after every layer and asks for them again, and by default each comes from the system
    anew, in pages that are filled with zeros one by one: where that is slow, it takes longer than the network. Nothing
    is done where the allocator is not glibc's, nor where a variable of the environment says how it is to be.
    """
    has_glibc = "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", {})
    if not has_glibc or any(name.startswith("MALLOC_") for name in os.environ):
        return
    library = ctypes.CDLL(None)
    for number, name, value in _SETTINGS:
        library.mallopt(number, value)
        os.environ[name] = str(value)
