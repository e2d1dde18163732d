"""Looking at 32 bytes at once from compiled code: where the quotes, the newlines, the non-ASCII bytes are.

Every mask has bit k set when byte `i + k` of the buffer qualifies. The caller makes sure that `i + 32`
bytes exist. LLVM turns each into a few vector instructions; on machines without them it is slower and
equally right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

WIDTH = 32


def _load(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """The 32 bytes at `args[1]` of the array `args[0]` as an LLVM vector."""
    array = context.make_array(signature.args[0])(context, builder, args[0])
    pointer = builder.gep(array.data, [args[1]])
    vector = builder.load(builder.bitcast(pointer, ir.VectorType(ir.IntType(8), WIDTH).as_pointer()))
    vector.align = 1
    return vector


def _splat(value: int) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(8), WIDTH), [value] * WIDTH)


def _bits(builder: Any, flags: Any) -> Any:
    return builder.zext(builder.bitcast(flags, ir.IntType(WIDTH)), ir.IntType(64))


@intrinsic
def _string_mask(typingctx, buffer, i):  # type: ignore[no-untyped-def]
    """uint64: low half = quotes, backslashes and control characters; high half = bytes that are not ASCII."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        v = _load(context, builder, signature, args)
        special = builder.or_(
            builder.or_(
                builder.icmp_unsigned("==", v, _splat(0x22)), builder.icmp_unsigned("==", v, _splat(0x5C))
            ),
            builder.icmp_unsigned("<", v, _splat(0x20)),
        )
        high = _bits(builder, builder.icmp_signed("<", v, _splat(0)))
        shifted = builder.shl(high, ir.Constant(ir.IntType(64), WIDTH))
        return builder.or_(_bits(builder, special), shifted)

    return types.uint64(buffer, types.intp), codegen


@intrinsic
def _newline_mask(typingctx, buffer, i):  # type: ignore[no-untyped-def]
    """uint64: the newlines."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        v = _load(context, builder, signature, args)
        return _bits(builder, builder.icmp_unsigned("==", v, _splat(0x0A)))

    return types.uint64(buffer, types.intp), codegen


@intrinsic
def _high_mask(typingctx, buffer, i):  # type: ignore[no-untyped-def]
    """uint64: the bytes that are not ASCII."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        v = _load(context, builder, signature, args)
        return _bits(builder, builder.icmp_signed("<", v, _splat(0)))

    return types.uint64(buffer, types.intp), codegen


@intrinsic
def _lowest_bit(typingctx, mask):  # type: ignore[no-untyped-def]
    """intp: the place of the lowest set bit of a mask that is not zero."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.cttz(args[0], cgutils.true_bit)

    return types.intp(types.uint64), codegen


@intrinsic
def _copy_bytes(typingctx, target, at, source, start, n):  # type: ignore[no-untyped-def]
    """Copies `source[start:start + n]` to `target[at:]`; the two do not overlap."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        to = context.make_array(signature.args[0])(context, builder, args[0])
        origin = context.make_array(signature.args[2])(context, builder, args[2])
        cgutils.raw_memcpy(
            builder, builder.gep(to.data, [args[1]]), builder.gep(origin.data, [args[3]]), args[4], 1
        )
        return context.get_dummy_value()

    return types.void(target, types.intp, source, types.intp, types.intp), codegen


string_mask = cast(Callable[[np.ndarray, int], np.uint64], _string_mask)
newline_mask = cast(Callable[[np.ndarray, int], np.uint64], _newline_mask)
high_mask = cast(Callable[[np.ndarray, int], np.uint64], _high_mask)
lowest_bit = cast(Callable[[np.uint64], int], _lowest_bit)
copy_bytes = cast(Callable[[np.ndarray, int, np.ndarray, int, int], None], _copy_bytes)


@njit(nogil=True, cache=True)
def valid_utf8(buffer: np.ndarray, start: int, end: int) -> bool:
    """Whether `buffer[start:end]` is well-formed UTF-8 (Unicode 16, table 3-7: no surrogates, nothing
    overlong)."""
    i = start
    while i < end:
        if buffer[i] < 0x80:
            if i + WIDTH <= end:
                high = high_mask(buffer, i)
                i += WIDTH if high == 0 else lowest_bit(high)
            else:
                i += 1
            continue
        lead = buffer[i]
        if 0xC2 <= lead <= 0xDF:
            if i + 1 >= end or buffer[i + 1] & 0xC0 != 0x80:
                return False
            i += 2
        elif 0xE0 <= lead <= 0xEF:
            if i + 2 >= end or buffer[i + 1] & 0xC0 != 0x80 or buffer[i + 2] & 0xC0 != 0x80:
                return False
            if (lead == 0xE0 and buffer[i + 1] < 0xA0) or (lead == 0xED and buffer[i + 1] > 0x9F):
                return False
            i += 3
        elif 0xF0 <= lead <= 0xF4:
            if i + 3 >= end or buffer[i + 1] & 0xC0 != 0x80:
                return False
            if buffer[i + 2] & 0xC0 != 0x80 or buffer[i + 3] & 0xC0 != 0x80:
                return False
            if (lead == 0xF0 and buffer[i + 1] < 0x90) or (lead == 0xF4 and buffer[i + 1] > 0x8F):
                return False
            i += 4
        else:
            return False
    return True
