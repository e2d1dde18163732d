"""The day of each row, from a column of dates in one of the usual forms."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.records.blocks import Block, JsonLines
from mismatch.records.carried import carried_columns
from mismatch.records.columns import usual_names

_KNOWN = 0.5
"""share of the first rows that must have a date for a column that nobody named"""
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST, _LAST = date(1800, 1, 1).toordinal() - _EPOCH, date(2200, 1, 1).toordinal() - _EPOCH
_MILLISECONDS_FROM = 1e11


class Days:
    """Finds the column of dates in the first rows, and reads it in all.

    Parameters
    ----------
    asked
        The column that the user named; None tries the usual names.

    Attributes
    ----------
    column : the column, None where there is none. unknown : how many rows have no date that can be read.
    """

    def __init__(self, asked: str | None = None) -> None:
        self.column, self.unknown = asked, 0
        self._asked, self._looked = asked is not None, False

    def of(self, block: Block) -> NDArray[np.int64] | None:
        """The day of each row as days since 1970, -1 where it is not known; None where there is no column of dates."""
        if not len(block):
            return None
        if not self._looked:
            self._looked = True
            if not self._asked:
                self.column = _dates_among(block)
        if self.column is None:
            return None
        days = _days_of(carried_columns(block, [self.column])[0])
        self.unknown += int((days < 0).sum())
        return days


def in_words(day: int) -> str:
    """A day as people write it: 2026-11-03."""
    return date.fromordinal(_EPOCH + day).isoformat()


def _dates_among(block: Block) -> str | None:
    names = block.rows.keys or [] if isinstance(block.rows, JsonLines) else block.rows.schema.names
    for usual in usual_names("date", names):
        days = _days_of(carried_columns(block, [usual])[0])
        if (days >= 0).mean() >= _KNOWN:
            return usual
    return None


def _days_of(texts: pa.Array) -> NDArray[np.int64]:
    encoded = texts.dictionary_encode()
    days = np.array([*(_day(text) for text in encoded.dictionary.to_pylist()), -1], np.int64)
    return days[encoded.indices.fill_null(len(days) - 1).to_numpy(zero_copy_only=False)]


@lru_cache(maxsize=1 << 14)
def _day(text: str) -> int:
    """Days since 1970, -1 for what is no date of the last or next two centuries."""
    text = text.strip()
    found = _day_or_none(text)
    return found if found is not None and max(_FIRST, 0) <= found <= _LAST else -1


def _day_or_none(text: str) -> int | None:
    if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) != len("20261103"):
        seconds = float(text)
        seconds /= 1000 if seconds >= _MILLISECONDS_FROM else 1
        return int(seconds // 86_400) if seconds < 1e11 else None
    for read in (lambda: date.fromisoformat(text[:10]), lambda: datetime.fromisoformat(text).date()):
        try:
            return read().toordinal() - _EPOCH
        except ValueError:
            pass
    try:
        return parsedate_to_datetime(text).astimezone(UTC).date().toordinal() - _EPOCH
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
