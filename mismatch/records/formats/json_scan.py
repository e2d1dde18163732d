"""Finding the wanted values inside each JSON object, in one compiled pass over the bytes.

The scanner is strict: what it calls `OK` is a JSON object by RFC 8259 (and `NaN`, `Infinity`, `-Infinity`,
which Python writes), is valid UTF-8 and ends where the row ends. It never guesses: every row that it cannot
vouch for (`UNSURE`: broken, nested too deeply, more than `MAX_MEMBERS` members) is left to `json.loads`.

pyarrow.json is not used for this on purpose: release 26 ends the process on a line that says `null`, takes
`{} null {}` on one line for three rows, and refuses a whole block for a number in a text column.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mismatch.compiling.kernels import kernel, part, read_only
from mismatch.records.bounds import DEEPEST
from mismatch.records.formats.json_strings import key_is, written_name
from mismatch.records.formats.lines import is_space, valid_utf8
from mismatch.terms.vector_instructions import WIDTH, lowest_bit, string_mask

MAX_DEPTH = DEEPEST
MAX_MEMBERS = 2048
MAX_KEYS = 512

OK, UNSURE = 0, 1
ABSENT, STRING, ESCAPED, NUMBER, BOOLEAN, OBJECT, ARRAY, NULL = range(8)

_QUOTE, _BACKSLASH, _COMMA, _COLON = 0x22, 0x5C, 0x2C, 0x3A
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = 0x7B, 0x7D, 0x5B, 0x5D
_KEY, _KEY_OR_END, _VALUE, _VALUE_OR_END, _AFTER = range(5)


@part
def _string_end(buffer: np.ndarray, i: int, end: int, flags: np.ndarray) -> int:
    """Where the string whose text begins at `i` has its closing quote, or -1. flags: [had escapes, had high
    bytes]."""
    n = len(buffer)
    flags[0] = 0
    while i < end:
        if i + WIDTH <= n:
            mask = string_mask(buffer, i)
            special = mask & np.uint64(0xFFFFFFFF)
            if mask >> np.uint64(32):
                flags[1] = 1
            if special == 0:
                i += WIDTH
                continue
            i += lowest_bit(special)
            if i >= end:
                return -1
        c = buffer[i]
        if c == _QUOTE:
            return i
        if c == _BACKSLASH:
            flags[0] = 1
            if i + 1 >= end:
                return -1
            e = buffer[i + 1]
            if e == 0x75:  # \uXXXX
                if i + 5 >= end:
                    return -1
                for k in range(i + 2, i + 6):
                    h = buffer[k]
                    if not (0x30 <= h <= 0x39 or 0x41 <= h <= 0x46 or 0x61 <= h <= 0x66):
                        return -1
                i += 6
            elif (
                e == _QUOTE or e == _BACKSLASH or e == 0x2F or e == 0x62 or e == 0x66 or e == 0x6E or e == 0x72 or e == 0x74
            ):
                i += 2
            else:
                return -1
        elif c < 0x20:
            return -1
        else:
            if c >= 0x80:
                flags[1] = 1
            i += 1
    return -1


@part
def _number_end(buffer: np.ndarray, i: int, end: int) -> int:
    """One past the number that begins at `i`, or -1 when it is none by the JSON grammar."""
    if buffer[i] == 0x2D:
        i += 1
        if i < end and buffer[i] == 0x49:
            return _word_end(buffer, i, end, b"Infinity")
    if i >= end or not 0x30 <= buffer[i] <= 0x39:
        return -1
    if buffer[i] == 0x30:
        i += 1
    else:
        while i < end and 0x30 <= buffer[i] <= 0x39:
            i += 1
    if i < end and buffer[i] == 0x2E:
        i += 1
        begin = i
        while i < end and 0x30 <= buffer[i] <= 0x39:
            i += 1
        if i == begin:
            return -1
    if i < end and (buffer[i] == 0x65 or buffer[i] == 0x45):
        i += 1
        if i < end and (buffer[i] == 0x2B or buffer[i] == 0x2D):
            i += 1
        begin = i
        while i < end and 0x30 <= buffer[i] <= 0x39:
            i += 1
        if i == begin:
            return -1
    return i


@part
def _word_end(buffer: np.ndarray, i: int, end: int, word: bytes) -> int:
    if i + len(word) > end:
        return -1
    for k in range(len(word)):
        if buffer[i + k] != word[k]:
            return -1
    return i + len(word)


@part
def _literal_end(buffer: np.ndarray, i: int, end: int) -> int:
    c = buffer[i]
    if c == 0x74:
        return _word_end(buffer, i, end, b"true")
    if c == 0x66:
        return _word_end(buffer, i, end, b"false")
    if c == 0x6E:
        return _word_end(buffer, i, end, b"null")
    if c == 0x4E:
        return _word_end(buffer, i, end, b"NaN")
    if c == 0x49:
        return _word_end(buffer, i, end, b"Infinity")
    return _number_end(buffer, i, end)


@part
def parse_object(buffer: np.ndarray, start: int, end: int, stack: np.ndarray, flags: np.ndarray, members: np.ndarray) -> int:
    """Walks one JSON object; returns its number of members, or -1 when it cannot be vouched for.

    members : int64 of shape (MAX_MEMBERS, 5), filled with, for each member, the start and end of its key
        (without the quotes), start and end of its value (strings: without the quotes) and the kind of the
        value.
    stack : uint8[deepest level that is followed] and flags : uint8[2] are scratch.
    """
    flags[1] = 0
    p = start
    while p < end and is_space(buffer[p]):
        p += 1
    if p >= end or buffer[p] != _OPEN_OBJECT:
        return -1
    depth, count, state = 1, 0, _KEY_OR_END
    stack[0] = _OPEN_OBJECT
    p += 1
    while True:
        while p < end and is_space(buffer[p]):
            p += 1
        if p >= end:
            return -1
        c = buffer[p]
        closing = False
        if state == _AFTER:
            if c == _COMMA:
                state = _KEY if stack[depth - 1] == _OPEN_OBJECT else _VALUE
                p += 1
                continue
            closing = True
        elif state == _KEY or state == _KEY_OR_END:
            if c == _QUOTE:
                q = _string_end(buffer, p + 1, end, flags)
                if q < 0:
                    return -1
                if depth == 1:
                    if count >= MAX_MEMBERS:
                        return -1
                    members[count, 0], members[count, 1] = p + 1, q
                p = q + 1
                while p < end and is_space(buffer[p]):
                    p += 1
                if p >= end or buffer[p] != _COLON:
                    return -1
                p += 1
                state = _VALUE
                continue
            if state == _KEY:
                return -1
            closing = True
        elif c == _QUOTE:
            q = _string_end(buffer, p + 1, end, flags)
            if q < 0:
                return -1
            if depth == 1:
                members[count, 2], members[count, 3] = p + 1, q
                members[count, 4] = ESCAPED if flags[0] else STRING
                count += 1
            p = q + 1
            state = _AFTER
            continue
        elif c == _OPEN_OBJECT or c == _OPEN_ARRAY:
            if depth >= len(stack):
                return -1
            if depth == 1:
                members[count, 2] = p
                members[count, 4] = OBJECT if c == _OPEN_OBJECT else ARRAY
            stack[depth] = c
            depth += 1
            p += 1
            state = _KEY_OR_END if c == _OPEN_OBJECT else _VALUE_OR_END
            continue
        elif c == _CLOSE_ARRAY and state == _VALUE_OR_END:
            closing = True
        else:
            q = _literal_end(buffer, p, end)
            if q < 0:
                return -1
            if depth == 1:
                members[count, 2], members[count, 3] = p, q
                members[count, 4] = NULL if c == 0x6E else BOOLEAN if c == 0x74 or c == 0x66 else NUMBER
                count += 1
            p = q
            state = _AFTER
            continue
        if closing:
            if c != stack[depth - 1] + 2:  # '{' + 2 is '}', '[' + 2 is ']'
                return -1
            depth -= 1
            p += 1
            if depth == 0:
                break
            if depth == 1:
                members[count, 3] = p
                count += 1
            state = _AFTER
    while p < end and is_space(buffer[p]):
        p += 1
    if p != end or (flags[1] and not valid_utf8(buffer, start, end)):
        return -1
    return count


@part(inline=True)
def _same(buffer: np.ndarray, a: int, b: int, n: int) -> bool:
    for k in range(n):
        if buffer[a + k] != buffer[b + k]:
            return False
    return True


@kernel
def _scan(
    buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray, names: np.ndarray, name_ends: np.ndarray,
    status: np.ndarray, value_starts: np.ndarray, value_ends: np.ndarray, kinds: np.ndarray, keys: np.ndarray, depth: int,
) -> int:  # fmt: skip
    """Parses every row and fills the tables of `RowTable`; returns the number of distinct keys, -1 for too
    many."""
    stack = np.empty(depth, np.uint8)
    flags = np.zeros(2, np.uint8)
    members = np.empty((MAX_MEMBERS, 5), np.int64)
    slots = np.full(4 * MAX_KEYS, -1, np.int64)
    key_name = np.full(MAX_KEYS, -1, np.int64)  # which wanted name each distinct key is
    scratch = np.empty(6 * len(names) + 1, np.uint8)
    n_keys, too_many, wanted = 0, False, len(name_ends) - 1
    for row in range(len(starts)):
        count = parse_object(buffer, starts[row], ends[row], stack, flags, members)
        if count < 0:
            status[row] = UNSURE
            continue
        status[row] = OK
        for m in range(count):
            a, size = members[m, 0], members[m, 1] - members[m, 0]
            code = np.uint64(14695981039346656037)
            for k in range(size):
                code = (code ^ np.uint64(buffer[a + k])) * np.uint64(1099511628211)
            slot = np.int64((code ^ (code >> np.uint64(29))) % np.uint64(len(slots)))
            while slots[slot] >= 0:
                known = slots[slot]
                if keys[known, 1] - keys[known, 0] == size and _same(buffer, a, keys[known, 0], size):
                    break
                slot = (slot + 1) % len(slots)
            key = slots[slot]
            if key < 0:
                name = -1
                for w in range(wanted):
                    if key_is(buffer, a, size, names, name_ends[w], name_ends[w + 1] - name_ends[w], scratch):
                        name = w
                if n_keys < MAX_KEYS:
                    key = n_keys
                    slots[slot] = key
                    keys[key, 0], keys[key, 1] = a, a + size
                    key_name[key] = name
                    n_keys += 1
                else:
                    too_many = True
            else:
                name = key_name[key]
            if name >= 0:
                value_starts[name, row], value_ends[name, row] = members[m, 2], members[m, 3]
                kinds[name, row] = members[m, 4]
    return -1 if too_many else n_keys


@dataclass(frozen=True)
class RowTable:
    """Where the wanted values of n rows stand.

    status : uint8[n], OK or UNSURE. starts, ends : int64[k, n], kinds : uint8[k, n], one line for each
    wanted name (a key that occurs twice: its last value). keys : the distinct keys (escapes undone) in the
    order they turn up, None for more than `MAX_KEYS`; rows that are UNSURE are not among them.
    """

    status: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    kinds: np.ndarray
    keys: list[str] | None


def scan_rows(
    buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray, names: Sequence[str], depth: int = MAX_DEPTH
) -> RowTable:
    """Parses the rows `buffer[starts[i]:ends[i]]` and finds the values of the keys `names`.

    buffer : uint8[size]; starts, ends : int64[n]; depth : levels that are followed. Releases the GIL.
    Raises nothing: see `RowTable.status`.
    """
    encoded = [written_name(name).encode("utf-8") for name in names]
    text = np.frombuffer(b"".join(encoded) or b"\0", dtype=np.uint8)
    bounds = np.concatenate([[0], np.cumsum([len(e) for e in encoded], dtype=np.int64)]).astype(np.int64)
    n = len(starts)
    status = np.empty(n, np.uint8)
    value_starts = np.zeros((len(names), n), np.int64)
    value_ends = np.zeros((len(names), n), np.int64)
    kinds = np.zeros((len(names), n), np.uint8)
    keys = np.zeros((MAX_KEYS, 2), np.int64)
    found = _scan(read_only(buffer), starts, ends, text, bounds, status, value_starts, value_ends, kinds, keys, depth)
    distinct = None
    if found >= 0:
        raw = (json.loads(b'"' + buffer[a:b].tobytes() + b'"') for a, b in keys[:found])
        distinct = list(dict.fromkeys(map(written_name, raw)))
    return RowTable(status, value_starts, value_ends, kinds, distinct)
