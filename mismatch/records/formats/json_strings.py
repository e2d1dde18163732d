"""Undoing the escapes of JSON strings."""

from __future__ import annotations

import numpy as np

from mismatch.compiling.kernels import part
from mismatch.terms.vector_instructions import WIDTH, copy_bytes, lowest_bit, string_mask


@part
def _hex4(buffer: np.ndarray, i: int) -> int:
    value = 0
    for k in range(i, i + 4):
        c = int(buffer[k])
        value = value * 16 + (c - 0x30 if c <= 0x39 else (c | 0x20) - 0x61 + 10)
    return value


@part
def _put_utf8(out: np.ndarray, o: int, code: int) -> int:
    if code < 0x80:
        out[o] = code
        return o + 1
    if code < 0x800:
        out[o], out[o + 1] = 0xC0 | code >> 6, 0x80 | code & 0x3F
        return o + 2
    if code < 0x10000:
        out[o], out[o + 1], out[o + 2] = 0xE0 | code >> 12, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
        return o + 3
    out[o], out[o + 1] = 0xF0 | code >> 18, 0x80 | code >> 12 & 0x3F
    out[o + 2], out[o + 3] = 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
    return o + 4


@part
def unescape(buffer: np.ndarray, i: int, end: int, out: np.ndarray, o: int) -> int:
    """Writes the text of a JSON string (checked before) to `out[o:]`; half a surrogate pair becomes
    U+FFFD."""
    n = len(buffer)
    while i < end:
        run = i
        while run < end:
            if run + WIDTH <= n:
                special = string_mask(buffer, run) & np.uint64(0xFFFFFFFF)
                if special == 0:
                    run += WIDTH
                    continue
                run += lowest_bit(special)
                break
            if buffer[run] == 0x5C:
                break
            run += 1
        run = min(run, end)
        copy_bytes(out, o, buffer, i, run - i)
        o += run - i
        i = run
        if i >= end:
            break
        e = buffer[i + 1]
        i += 2
        if e == 0x75:
            code = _hex4(buffer, i)
            i += 4
            if 0xD800 <= code < 0xDC00 and i + 6 <= end and buffer[i] == 0x5C and buffer[i + 1] == 0x75:
                low = _hex4(buffer, i + 2)
                if 0xDC00 <= low < 0xE000:
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                    i += 6
            if 0xD800 <= code < 0xE000:
                code = 0xFFFD
            o = _put_utf8(out, o, code)
        else:
            if e == 0x6E:
                e = 0x0A
            elif e == 0x74:
                e = 0x09
            elif e == 0x72:
                e = 0x0D
            elif e == 0x62:
                e = 0x08
            elif e == 0x66:
                e = 0x0C
            out[o] = e
            o += 1
    return o


@part
def key_is(buffer: np.ndarray, start: int, size: int, names: np.ndarray, at: int, length: int, scratch: np.ndarray) -> bool:
    """Whether the key `buffer[start:start + size]`, escapes undone, is `names[at:at + length]`.

    scratch : uint8 of at least `6 * length` bytes.
    """
    if size == length:
        for k in range(size):
            if buffer[start + k] != names[at + k]:
                return False
        return True
    if size < length or size > 6 * length:
        return False
    escaped = False
    for k in range(start, start + size):
        escaped |= buffer[k] == 0x5C
    if not escaped or unescape(buffer, start, start + size, scratch, np.int64(0)) != length:
        return False
    for k in range(length):
        if scratch[k] != names[at + k]:
            return False
    return True


def written_name(name: str) -> str:
    """A key as `unescape` gives it: half a surrogate pair is U+FFFD."""
    return name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
