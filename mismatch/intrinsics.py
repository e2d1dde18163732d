"""Looking at many bytes at once from compiled code: where the quotes, the newlines, the letters are.

Every mask has bit k set when byte `i + k` of the buffer qualifies. The caller makes sure that the bytes exist: 32 for
`string_mask`, `newline_mask` and `high_mask`, 64 for the masks of words, 8 for `eight_bytes`. LLVM turns each into a few
vector instructions; on machines without them it is slower and equally right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

WIDTH = 32
WORDS_WIDTH = 64


def _load(context: Any, builder: Any, signature: Any, args: Any, width: int = WIDTH) -> Any:
    """The bytes at `args[1]` of the array `args[0]` as an LLVM vector."""
    array = context.make_array(signature.args[0])(context, builder, args[0])
    pointer = builder.gep(array.data, [args[1]])
    vector = builder.load(builder.bitcast(pointer, ir.VectorType(ir.IntType(8), width).as_pointer()))
    vector.align = 1
    return vector


def _splat(value: int, width: int = WIDTH) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(8), width), [value] * width)


def _bits(builder: Any, flags: Any, width: int = WIDTH) -> Any:
    return builder.zext(builder.bitcast(flags, ir.IntType(width)), ir.IntType(64))


def _between(builder: Any, vector: Any, low: int, high: int, width: int) -> Any:
    """Which bytes lie in `low..high`, both included."""
    return builder.icmp_unsigned(
        "<=", builder.sub(vector, _splat(low, width)), _splat(high - low, width)
    )


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
def _letter_mask(typingctx, buffer, i):  # type: ignore[no-untyped-def]
    """uint64: the ASCII letters among 64 bytes."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        v = _load(context, builder, signature, args, WORDS_WIDTH)
        small = builder.or_(v, _splat(0x20, WORDS_WIDTH))
        return builder.bitcast(_between(builder, small, 0x61, 0x7A, WORDS_WIDTH), ir.IntType(64))

    return types.uint64(buffer, types.intp), codegen


@intrinsic
def _digit_mask(typingctx, buffer, i):  # type: ignore[no-untyped-def]
    """uint64: the ASCII digits among 64 bytes."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        v = _load(context, builder, signature, args, WORDS_WIDTH)
        return builder.bitcast(_between(builder, v, 0x30, 0x39, WORDS_WIDTH), ir.IntType(64))

    return types.uint64(buffer, types.intp), codegen


@intrinsic
def _joiner_mask(typingctx, buffer, i):  # type: ignore[no-untyped-def]
    """uint64: the points and commas among 64 bytes."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        v = _load(context, builder, signature, args, WORDS_WIDTH)
        flags = builder.or_(
            builder.icmp_unsigned("==", v, _splat(0x2C, WORDS_WIDTH)),
            builder.icmp_unsigned("==", v, _splat(0x2E, WORDS_WIDTH)),
        )
        return builder.bitcast(flags, ir.IntType(64))

    return types.uint64(buffer, types.intp), codegen


@intrinsic
def _not_ascii_mask(typingctx, buffer, i):  # type: ignore[no-untyped-def]
    """uint64: the bytes among 64 that are not ASCII."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        v = _load(context, builder, signature, args, WORDS_WIDTH)
        return builder.bitcast(builder.icmp_signed("<", v, _splat(0, WORDS_WIDTH)), ir.IntType(64))

    return types.uint64(buffer, types.intp), codegen


@intrinsic
def _eight_bytes(typingctx, buffer, i):  # type: ignore[no-untyped-def]
    """uint64: eight bytes, the first the lowest, on machines of either byte order."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        array = context.make_array(signature.args[0])(context, builder, args[0])
        pointer = builder.gep(array.data, [args[1]])
        value = builder.load(builder.bitcast(pointer, ir.IntType(64).as_pointer()))
        value.align = 1
        return value if sys.byteorder == "little" else builder.bswap(value)

    return types.uint64(buffer, types.intp), codegen


@intrinsic
def _highest_bit(typingctx, mask):  # type: ignore[no-untyped-def]
    """intp: the place of the highest set bit of a mask that is not zero."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.sub(ir.Constant(ir.IntType(64), 63), builder.ctlz(args[0], cgutils.true_bit))

    return types.intp(types.uint64), codegen


@intrinsic
def _lowest_bit(typingctx, mask):  # type: ignore[no-untyped-def]
    """intp: the place of the lowest set bit of a mask that is not zero."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.cttz(args[0], cgutils.true_bit)

    return types.intp(types.uint64), codegen


@intrinsic
def _dot_of_codes(typingctx, codes, i, j):  # type: ignore[no-untyped-def]
    """int32: the dot product of two rows of an int8 matrix whose rows are multiples of 32 long."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        matrix = context.make_array(signature.args[0])(context, builder, args[0])
        size = cgutils.unpack_tuple(builder, matrix.shape)[1]
        start = [builder.gep(matrix.data, [builder.mul(row, size)]) for row in args[1:]]
        narrow, wide = ir.VectorType(ir.IntType(8), WIDTH), ir.VectorType(ir.IntType(32), WIDTH)
        half = ir.VectorType(ir.IntType(32), WIDTH // 2)
        total = cgutils.alloca_once_value(builder, ir.Constant(half, [0] * (WIDTH // 2)))
        step = ir.Constant(size.type, WIDTH)
        with cgutils.for_range(builder, builder.sdiv(size, step)) as loop:
            sides = []
            for pointer in start:
                at = builder.gep(pointer, [builder.mul(loop.index, step)])
                vector = builder.load(builder.bitcast(at, narrow.as_pointer()))
                vector.align = 1
                sides.append(builder.sext(vector, wide))
            products = builder.mul(*sides)
            # neighbours are added: the shape that LLVM knows as one multiply-and-add instruction
            even, odd = (
                builder.shuffle_vector(products, products, ir.Constant(half, list(range(first, WIDTH, 2))))
                for first in (0, 1)
            )
            builder.store(builder.add(builder.load(total), builder.add(even, odd)), total)
        kind = ir.FunctionType(ir.IntType(32), [half])
        add = cgutils.get_or_insert_function(builder.module, kind, f"llvm.vector.reduce.add.v{WIDTH // 2}i32")
        return builder.call(add, [builder.load(total)])

    return types.int32(codes, types.intp, types.intp), codegen


@intrinsic
def _prefetch(typingctx, array, i):  # type: ignore[no-untyped-def]
    """Asks for element `i` of an array to be brought near; any `i` is harmless."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        base = context.make_array(signature.args[0])(context, builder, args[0])
        address = builder.bitcast(builder.gep(base.data, [args[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [address.type, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [address, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


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


letter_mask = cast(Callable[[np.ndarray, int], np.uint64], _letter_mask)
digit_mask = cast(Callable[[np.ndarray, int], np.uint64], _digit_mask)
joiner_mask = cast(Callable[[np.ndarray, int], np.uint64], _joiner_mask)
not_ascii_mask = cast(Callable[[np.ndarray, int], np.uint64], _not_ascii_mask)
eight_bytes = cast(Callable[[np.ndarray, int], np.uint64], _eight_bytes)
highest_bit = cast(Callable[[np.uint64], int], _highest_bit)
dot_of_codes = cast(Callable[[np.ndarray, int | np.int64, int | np.int64], np.int32], _dot_of_codes)
prefetch = cast(Callable[[np.ndarray, int | np.int64], None], _prefetch)
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
