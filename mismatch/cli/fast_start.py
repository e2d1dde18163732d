"""Starting quickly: what pyarrow and numba would load on first use, though a stream of rows never needs it.

pyarrow imports pandas when it first makes an array, to recognise data frames; numba imports scipy.linalg and cffi when it
first runs a compiled function, to offer what they do inside one. Together that is more than half a second before the first
row. For commands that only pass rows through, both are started while those imports are refused, which both take for "not
installed". The refusal lasts for the time of starting only, and only in the process of the command.

Loading compiled code also makes hundreds of thousands of objects that stay. The garbage collector would look at them again and
again, for a sixth of a second in all, so it is told to look less often: passing rows through makes next to no garbage.
"""

from __future__ import annotations

import gc
import sys
from importlib.machinery import ModuleSpec
from typing import Any, Never

_OBJECTS_BETWEEN_COLLECTIONS = 200_000
_NOT_NEEDED = frozenset({"pandas", "scipy", "cffi"})


class _Refusal:
    """Finds no module of those that are not needed."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] in _NOT_NEEDED:
            _refuse(name)
        return None


def _refuse(name: str) -> Never:
    raise ImportError(f"{name} is not needed to pass rows through")


def start() -> None:
    """Starts pyarrow and numba without what is not needed; does nothing where it has been imported already."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    if not _NOT_NEEDED.isdisjoint(sys.modules):
        return
    refusal = _Refusal()
    sys.meta_path.insert(0, refusal)
    try:
        import pyarrow as pa

        pa.array([0])
        from mismatch.terms.tokens import terms_of

        terms_of("a headline")
    finally:
        sys.meta_path.remove(refusal)
