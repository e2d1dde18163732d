"""Memory that was needed for a while, given back to the system: allocators keep it for later, and it counts as resident."""

from __future__ import annotations

import ctypes
from contextlib import suppress

import pyarrow as pa


def give_back() -> None:
    """Gives back what is free now; it takes some milliseconds."""
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError, TypeError):  # the C library of most Linux systems knows how
        ctypes.CDLL(None).malloc_trim(0)


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""of glibc's mallopt"""
_LARGE = 1 << 17


def keep_no_large_blocks() -> None:
    """From now on blocks above 128 kB go back to the system when they are freed.

    glibc raises that bound by itself and keeps what threads have freed: in a service, hundreds of megabytes.
    """
    with suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        for setting in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            library.mallopt(setting, _LARGE)
