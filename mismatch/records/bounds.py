"""How much an input may ask for: what is larger than any real article is refused, so that memory stays bounded.

A row that is too long or too deep is rejected with its reason. A file that asks for more than a reader may hold, such as a
small file that would become gigabytes, is refused in one line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from mismatch.errors import InputError

DEEPEST = 768
"""levels of JSON that compiled code, and `json.loads` in any thread, can follow"""
FREE_BYTES = 16 << 20
"""what an input may become whatever its size; beyond it `ratio` counts"""
LEAST_ROW = 32
"""bytes that a line of a compressed input counts for at least: rows of nothing take time, and more room out than in"""
MOST_ROWS = 1 << 14
"""rows that are taken from an input at once"""
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_VALUE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kmgt]?)b?", re.IGNORECASE)


@dataclass(frozen=True)
class Bounds:
    """The bounds, each with a default that fits any real article. `--limit NAME=VALUE` sets one."""

    row: int = 8 << 20
    """bytes of the longest row"""
    depth: int = DEEPEST
    """levels of the deepest JSON"""
    columns: int = 4096
    """columns of a table"""
    batch: int = 64 << 20
    """bytes that the pages of Parquet, or the batch of Arrow, that are read at once may take in memory"""
    decompressed: int = 1 << 40
    """bytes that one input may become"""
    ratio: int = 250
    """how many times its own size an input may become, once it has become 16 MB"""
    rejected: int = 1 << 30
    """bytes of rejected rows that are kept; of more, only place and reason are"""

    def exceeded_by(self, decoded: int, stored: int) -> str | None:
        """What is wrong with an input of `stored` bytes that has become `decoded`; None where nothing is."""
        if decoded > self.decompressed:
            return f"becomes more than {self.decompressed:,} bytes (--limit decompressed=BYTES allows more)"
        if decoded > FREE_BYTES and decoded > self.ratio * max(stored, 1):
            return f"becomes more than {self.ratio} times its size (--limit ratio=NUMBER allows more)"
        return None


USUAL = Bounds()
LIMIT_NAMES = tuple(field.name for field in fields(Bounds))


def with_limits(given: Sequence[str], bounds: Bounds = USUAL) -> Bounds:
    """The bounds with those that the user gave, each as `NAME=VALUE`, such as `row=64MB`.

    Raises
    ------
    InputError
        The name is not known, or the value is no number.
    """
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in LIMIT_NAMES:
            raise InputError(f"--limit {text}: write NAME=VALUE, with one of the names {', '.join(LIMIT_NAMES)}")
        match = _VALUE.fullmatch(value.strip())
        if match is None or (number := int(float(match[1]) * _UNITS[match[2].lower()])) < 1:
            raise InputError(f"--limit {text}: the value is a number above 0, such as 1000 or 64MB")
        if name == "depth" and number > DEEPEST:
            raise InputError(f"--limit {text}: no more than {DEEPEST} levels can be read")
        bounds = replace(bounds, **{name: number})
    return bounds
