"""Arrays as plain values for model files: the type's name, the shape, the bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = ("uint64", "int64", "int32", "uint32", "float32", "float64", "int8", "uint8", "uint16", "float16")


def packed(array: NDArray[Any]) -> dict[str, Any]:
    """An array as a dictionary of plain values."""
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": np.ascontiguousarray(array).tobytes()}


def unpacked(name: str, plain: dict[str, Any], dtype: str | None = None, dimensions: int | None = None) -> NDArray[Any]:
    """The array again, read-only.

    Raises
    ------
    ValueError
        If the type is not known or not `dtype`, the shape is strange or has not `dimensions`, or the bytes do not fill it.
    """
    if plain["dtype"] not in _TYPES or (dtype is not None and plain["dtype"] != dtype):
        raise ValueError(f"{name} has the type {plain['dtype']!r}")
    kind, shape = np.dtype(plain["dtype"]), tuple(plain["shape"])
    if any(type(size) is not int or size < 0 for size in shape) or (dimensions is not None and len(shape) != dimensions):
        raise ValueError(f"{name} has a strange shape")
    count = 1
    for size in shape:
        count *= size
    if count * kind.itemsize != len(plain["data"]):
        raise ValueError(f"{name} has {len(plain['data'])} bytes, its shape needs {count * kind.itemsize}")
    return np.frombuffer(plain["data"], kind).reshape(shape)
