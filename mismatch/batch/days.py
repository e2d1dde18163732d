"""The day of each row, from a column of dates in one of the usual forms: in UTC where a time has its zone.

Whether 03/11/2026 is in March or in November, a column shows by a day after the twelfth; where none does, it is not known.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.errors import InputError
from mismatch.records.blocks import Block, JsonLines
from mismatch.records.carried import carried_columns
from mismatch.records.columns import listed, usual_names

_KNOWN = 0.5
"""share of the first rows that must have a date for a column that nobody named"""
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST, _LAST = date(1800, 1, 1).toordinal() - _EPOCH, date(2200, 1, 1).toordinal() - _EPOCH
_MILLISECONDS_FROM = 1e11
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})([/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(r"(?P<one>\d{1,2})(?P<between>[/.-])(?P<two>\d{1,2})(?P=between)(?P<year>\d{4})(?!\d)")


class Days:
    """Finds the column of dates in the first rows, and reads it in all.

    Parameters
    ----------
    asked
        The column that the user named; None tries the usual names.

    Attributes
    ----------
    column : the column, None where there is none. unreadable : the first of the usual columns, where no column has dates
    that can be read. unknown : how many rows have no date that can be read.
    """

    def __init__(self, asked: str | None = None) -> None:
        self.column, self.unknown = asked, 0
        self.unreadable: str | None = None
        self._asked, self._looked = asked is not None, False
        self._day_first: bool | None = None

    def of(self, block: Block) -> NDArray[np.int64] | None:
        """The day of each row as days since 1970, -1 where it is not known; None where there is no column of dates.

        Raises
        ------
        InputError
            The column that was asked for is not there.
        """
        if not len(block):
            return None
        if not self._looked:
            self._looked = True
            self._look(block)
        if self.column is None:
            return None
        days = _days_of(carried_columns(block, [self.column])[0], self._day_first)
        self.unknown += int((days < 0).sum())
        return days

    def _look(self, block: Block) -> None:
        names = block.rows.keys or [] if isinstance(block.rows, JsonLines) else block.rows.schema.names
        for name in [self.column] if self.column is not None else usual_names("date", names):
            texts = carried_columns(block, [name])[0]
            if self._asked and name not in names and texts.null_count == len(texts):
                raise InputError(
                    f"{block.origin}: there is no column {name!r}; {listed(names)}. Name the right one with --date."
                )
            day_first = _is_day_first(texts)
            if self._asked or (_days_of(texts, day_first) >= 0).mean() >= _KNOWN:
                self.column, self._day_first = name, day_first
                return
            if self.unreadable is None and texts.null_count < len(texts):
                self.unreadable = name


def in_words(day: int) -> str:
    """A day as people write it: 2026-11-03."""
    return date.fromordinal(_EPOCH + day).isoformat()


def _is_day_first(texts: pa.Array) -> bool | None:
    """Whether days stand before months in dates such as 21/10/2026; None where these do not tell."""
    found = [_YEAR_LAST.match(text.strip()) for text in texts.drop_null().unique().to_pylist()]
    ones, twos = (max((int(one[name]) for one in found if one), default=0) for name in ("one", "two"))
    return None if (ones > 12) == (twos > 12) else ones > 12


def _days_of(texts: pa.Array, day_first: bool | None) -> NDArray[np.int64]:
    encoded = texts.dictionary_encode()
    days = np.array([*(_day(text, day_first) for text in encoded.dictionary.to_pylist()), -1], np.int64)
    return days[encoded.indices.fill_null(len(days) - 1).to_numpy(zero_copy_only=False)]


@lru_cache(maxsize=1 << 14)
def _day(text: str, day_first: bool | None) -> int:
    """Days since 1970, -1 for what is no date of the last or next two centuries."""
    text = text.strip()
    found = _day_or_none(text, day_first)
    return found if found is not None and max(_FIRST, 0) <= found <= _LAST else -1


def _day_or_none(text: str, day_first: bool | None) -> int | None:
    if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) != len("20261103"):
        seconds = float(text)
        seconds /= 1000 if seconds >= _MILLISECONDS_FROM else 1
        return int(seconds // 86_400) if seconds < 1e11 else None
    for read in (
        lambda: _in_utc(datetime.fromisoformat(text)),
        lambda: date.fromisoformat(text[:10]),
        lambda: _by_numbers(text, day_first),
        lambda: _in_utc(parsedate_to_datetime(text)),
        lambda: _in_utc(parsedate_to_datetime(f"{text} 00:00")),
    ):
        try:
            return read().toordinal() - _EPOCH
        except (ValueError, TypeError, IndexError, OverflowError):
            pass
    return None


def _in_utc(time: datetime) -> date:
    return (time.astimezone(UTC) if time.tzinfo is not None else time).date()


def _by_numbers(text: str, day_first: bool | None) -> date:
    if found := _YEAR_FIRST.match(text):
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    found = _YEAR_LAST.match(text)
    if not found:
        raise ValueError(text)
    if found["between"] == ".":
        day_first = True
    if day_first is None:
        raise ValueError(text)
    one, two = int(found["one"]), int(found["two"])
    return date(int(found["year"]), *((two, one) if day_first else (one, two)))
