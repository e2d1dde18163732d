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
