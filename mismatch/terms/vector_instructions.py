"""Looking at many bytes at once from compiled code: where the quotes, the newlines, the letters are.

Every mask has bit k set when byte `i + k` of the buffer qualifies. The caller makes sure that the bytes exist: 32 for
`string_mask`, 64 for the others, 8 for `eight_bytes`. LLVM turns each into a few
vector instructions; on machines without them it is slower and equally right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import reduce
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
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


def _between(builder: Any, vector: Any, low: int, high: int) -> Any:
    """Which bytes lie in `low..high`, both included."""
    width = vector.type.count
    return builder.icmp_unsigned("<=", builder.sub(vector, _splat(low, width)), _splat(high - low, width))


@intrinsic
def _string_mask(typingctx, buffer, i):  # type: ignore[no-untyped-def]
    """uint64: low half = quotes, backslashes and control characters; high half = bytes that are not ASCII."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        v = _load(context, builder, signature, args)
        special = builder.or_(_is(builder, v, 0x22, 0x5C), builder.icmp_unsigned("<", v, _splat(0x20)))
        high = _bits(builder, _is_high(builder, v))
        shifted = builder.shl(high, ir.Constant(ir.IntType(64), WIDTH))
        return builder.or_(_bits(builder, special), shifted)

    return types.uint64(buffer, types.intp), codegen


def _byte_mask(name: str, width: int, qualifies: Callable[[Any, Any], Any]) -> Callable[[np.ndarray, int], np.uint64]:
    """A function (buffer, i) that tells which of the `width` bytes at `i` qualify."""

    def typed(typingctx, buffer, i):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return _bits(builder, qualifies(builder, _load(context, builder, signature, args, width)), width)

        return types.uint64(buffer, types.intp), codegen

    typed.__name__ = name
    return cast(Callable[[np.ndarray, int], np.uint64], intrinsic(typed))


def _is(builder: Any, vector: Any, *values: int) -> Any:
    """Which bytes are one of `values`."""
    flags = [builder.icmp_unsigned("==", vector, _splat(value, vector.type.count)) for value in values]
    return reduce(builder.or_, flags)


def _is_letter(builder: Any, vector: Any) -> Any:
    small = builder.or_(vector, _splat(0x20, vector.type.count))
    return _between(builder, small, 0x61, 0x7A)


def _is_high(builder: Any, vector: Any) -> Any:
    return builder.icmp_signed("<", vector, _splat(0, vector.type.count))


newline_mask = _byte_mask("newline_mask", WORDS_WIDTH, lambda builder, vector: _is(builder, vector, 0x0A))
"""the newlines among 64 bytes"""
visible_mask = _byte_mask("visible_mask", WORDS_WIDTH, lambda builder, vector: _between(builder, vector, 0x21, 0xFF))
"""what is neither space nor control character among 64 bytes"""
end_mask = _byte_mask("end_mask", WORDS_WIDTH, lambda builder, vector: _is(builder, vector, 0x2E, 0x21, 0x3F))
"""the points, exclamation and question marks among 64 bytes"""
question_mask = _byte_mask("question_mask", WORDS_WIDTH, lambda builder, vector: _is(builder, vector, 0x3F))
"""the question marks among 64 bytes"""
bar_mask = _byte_mask("bar_mask", WORDS_WIDTH, lambda builder, vector: _is(builder, vector, 0x7C, 0x2F))
"""the bars and slashes among 64 bytes"""
foreign_mark_mask = _byte_mask(
    "foreign_mark_mask", WORDS_WIDTH, lambda builder, vector: _is(builder, vector, 0xC2, 0xD8, 0xE0, 0xE2, 0xE3, 0xEF)
)
"""the bytes among 64 that begin characters with which some scripts end sentences or draw bars"""
markup_mask = _byte_mask("markup_mask", WORDS_WIDTH, lambda builder, vector: _is(builder, vector, 0x3C, 0x26))
"""the "<" and "&" among 64 bytes"""
letter_mask = _byte_mask("letter_mask", WORDS_WIDTH, _is_letter)
"""the ASCII letters among 64 bytes"""
digit_mask = _byte_mask("digit_mask", WORDS_WIDTH, lambda builder, vector: _between(builder, vector, 0x30, 0x39))
"""the ASCII digits among 64 bytes"""
joiner_mask = _byte_mask("joiner_mask", WORDS_WIDTH, lambda builder, vector: _is(builder, vector, 0x2C, 0x2E))
"""the points and commas among 64 bytes"""
capital_mask = _byte_mask("capital_mask", WORDS_WIDTH, lambda builder, vector: _between(builder, vector, 0x41, 0x5A))
"""the ASCII capitals among 64 bytes"""
not_ascii_mask = _byte_mask("not_ascii_mask", WORDS_WIDTH, _is_high)
"""the bytes among 64 that are not ASCII"""


@intrinsic
def _letter_mask_of(typingctx, buffer, i, letter):  # type: ignore[no-untyped-def]
    """uint64: which of the 64 bytes at `i` are `letter`, small or capital."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        vector = builder.or_(_load(context, builder, signature, args, WORDS_WIDTH), _splat(0x20, WORDS_WIDTH))
        single = builder.insert_element(ir.Constant(vector.type, ir.Undefined), args[2], ir.Constant(ir.IntType(32), 0))
        places = ir.Constant(ir.VectorType(ir.IntType(32), WORDS_WIDTH), [0] * WORDS_WIDTH)
        wanted = builder.or_(builder.shuffle_vector(single, single, places), _splat(0x20, WORDS_WIDTH))
        return _bits(builder, builder.icmp_unsigned("==", vector, wanted), WORDS_WIDTH)

    return types.uint64(buffer, types.intp, types.uint8), codegen


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
def _count_bits(typingctx, mask):  # type: ignore[no-untyped-def]
    """intp: how many bits of a mask are set."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.ctpop(args[0])

    return types.intp(types.uint64), codegen


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
        cgutils.raw_memcpy(builder, builder.gep(to.data, [args[1]]), builder.gep(origin.data, [args[3]]), args[4], 1)
        return context.get_dummy_value()

    return types.void(target, types.intp, source, types.intp, types.intp), codegen


letter_mask_of = cast(Callable[[np.ndarray, int, np.uint8], np.uint64], _letter_mask_of)
eight_bytes = cast(Callable[[np.ndarray, int], np.uint64], _eight_bytes)
count_bits = cast(Callable[[np.uint64], int], _count_bits)
highest_bit = cast(Callable[[np.uint64], int], _highest_bit)
dot_of_codes = cast(Callable[[np.ndarray, int | np.int64, int | np.int64], np.int32], _dot_of_codes)
prefetch = cast(Callable[[np.ndarray, int | np.int64], None], _prefetch)
string_mask = cast(Callable[[np.ndarray, int], np.uint64], _string_mask)
lowest_bit = cast(Callable[[np.uint64], int], _lowest_bit)
copy_bytes = cast(Callable[[np.ndarray, int, np.ndarray, int, int], None], _copy_bytes)
