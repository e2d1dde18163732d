"""What a compiled function was made of: a digest of its code, of all that it calls, and of the constants they read.

numba's own cache looks at the file of the function alone, and goes on using a kernel when a function that it calls changes
in another file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

import numpy as np


def fingerprint(function: Callable[..., Any]) -> str:
    """A digest that changes when the function, or anything that it is compiled from, changes."""
    digest = hashlib.sha256()
    _add_function(cast(FunctionType, getattr(function, "py_func", function)), digest, set())
    return digest.hexdigest()


def _add_function(function: FunctionType, digest: Any, seen: set[int]) -> None:
    if id(function) in seen:
        return
    seen.add(id(function))
    _add_code(function.__code__, function.__globals__, digest, seen)
    for cell in function.__closure__ or ():
        _add_value(cell.cell_contents, digest, seen)
    _add_value(function.__defaults__, digest, seen)


def _add_code(code: CodeType, names: dict[str, Any], digest: Any, seen: set[int]) -> None:
    digest.update(code.co_code)
    digest.update(repr((code.co_names, code.co_varnames, code.co_freevars)).encode())
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _add_code(constant, names, digest, seen)
        else:
            digest.update(_text(constant).encode())
    for name in code.co_names:
        if name in names:
            _add_value(names[name], digest, seen)


def _text(constant: Any) -> str:
    return (
        repr(sorted(constant, key=repr)) if isinstance(constant, set | frozenset) else repr(constant)
    )  # sets have no order


def _add_value(value: Any, digest: Any, seen: set[int]) -> None:
    inner = getattr(value, "py_func", None) or getattr(value, "_defn", None)  # a compiled function, an intrinsic
    if isinstance(inner, FunctionType):
        digest.update(_text(frozenset((k, _text(v)) for k, v in getattr(value, "targetoptions", {}).items())).encode())
        _add_function(inner, digest, seen)
    elif isinstance(value, FunctionType) and (value.__module__ or "").startswith("mismatch."):
        _add_function(value, digest, seen)
    elif isinstance(value, np.ndarray):
        digest.update(str(value.dtype).encode() + value.tobytes())
    elif isinstance(value, int | float | str | bytes | tuple | np.generic | None):
        digest.update(repr(value).encode())
    elif isinstance(value, ModuleType | type | FunctionType):
        digest.update(getattr(value, "__qualname__", value.__name__).encode())
        digest.update(repr(getattr(value, "_fields", "")).encode())
