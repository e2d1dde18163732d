"""How a table of text is laid out: what separates its cells and what quotes them, as the user says or as is found out."""

from __future__ import annotations

import re
import string
from collections import Counter
from dataclasses import dataclass

from mismatch.errors import InputError
from mismatch.records.columns import ColumnChoice, find_columns
from mismatch.records.encodings import named_encoding
from mismatch.records.formats.delimited import split_record
from mismatch.records.formats.delimited_records import RecordCutter
from mismatch.records.recoding import requoted_name

HEAD_BYTES = 1 << 16
NO_QUOTE = "\x1e"
"""stands for `"` where nothing quotes: a byte that separates records in no text that people write"""
_BEGIN_OF_QUOTED = re.compile(rb"(?:\A|[^\w \x80-\xff\"'])[\"']")
_IN_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", ":": "colons", " ": "spaces"}
_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_CANDIDATES = ",;\t|" + "".join(c for c in string.punctuation if c not in ",;|\"'_-./()") + "\x01\x1f"
_EVEN = 0.9
"""share of the rows that have as many cells as the header, where a table is cut as it should be"""
_QUOTES = {'"': "double quotes", "'": "single quotes", NO_QUOTE: "nothing"}


@dataclass(frozen=True)
class Layout:
    """What the user says of the inputs; None: it is found out, input by input.

    delimiter, quote : of CSV and TSV, one ASCII character each; quote is "none" where nothing quotes.
    encoding : of text of any format. table : the table of a database, or the sheet of a workbook.
    """

    delimiter: str | None = None
    quote: str | None = None
    encoding: str | None = None
    table: str | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", _NAMES.get(self.delimiter.lower(), self.delimiter))
            _check_character(str(self.delimiter), "--delimiter", ";")
        if self.quote is not None:
            object.__setattr__(self, "quote", NO_QUOTE if self.quote.lower() == "none" else self.quote)
            _check_character(str(self.quote), "--quote", "'")
            if self.quote == self.delimiter:
                raise InputError(f"--quote and --delimiter are both {self.quote!r}; give each its own character")
        if self.encoding is not None:
            object.__setattr__(self, "encoding", named_encoding(self.encoding))


@dataclass(frozen=True)
class Dialect:
    """What separates cells, and what quotes them."""

    delimiter: str
    quote: str = '"'

    def notice(self, default: str) -> str | None:
        """What was assumed, where that is not what the format's name says."""
        words = []
        if self.delimiter != default:
            words.append(f"cells separated by {_IN_WORDS.get(self.delimiter, repr(self.delimiter))}")
        if self.quote != '"':
            words.append(f"cells quoted with {_QUOTES.get(self.quote, repr(self.quote))}")
        return " and ".join(words) or None


def found_dialect(head: bytes, is_whole: bool, default: str, layout: Layout, choice: ColumnChoice) -> Dialect:
    """The dialect of a table by its beginning: the first in whose header a title and a body are named and to which most rows
    fit, the format's own tried first; without such names the one by which the rows are cut most evenly.

    Parameters
    ----------
    head : its first bytes, UTF-8 without a byte order mark. is_whole : there are no more.
    """
    delimiters = [layout.delimiter] if layout.delimiter is not None else [default, *_CANDIDATES.replace(default, "")]
    quotes = [layout.quote] if layout.quote is not None else _likely_quotes(head[:HEAD_BYTES])
    tried = [Dialect(delimiter, quote) for quote in quotes for delimiter in delimiters]
    if len(tried) == 1:
        return tried[0]
    named: list[tuple[float, Dialect]] = []
    even: list[tuple[float, int, Dialect]] = []
    for dialect in tried:
        names, share = _cut(head, is_whole, dialect)
        try:
            find_columns(names, choice, "")
        except InputError:
            if len(names) > 1:
                even.append((share, len(names), dialect))
            continue
        if share >= _EVEN:
            return dialect
        named.append((share, dialect))
    if named:
        best = max(named, key=lambda found: found[0])
        return best[1] if best[0] > 2 * named[0][0] else named[0][1]
    if any(dialect == tried[0] for _, _, dialect in even):
        return tried[0]
    most = max(even, key=lambda found: found[:2], default=None)
    return most[2] if most is not None and most[0] >= _EVEN else tried[0]


def _likely_quotes(head: bytes) -> list[str]:
    """The quotes to try: single ones only where more cells begin with them than with double ones."""
    first = Counter(cell[-1:] for cell in _BEGIN_OF_QUOTED.findall(head))
    return ['"', "'"] if first[b"'"] > first[b'"'] else ['"']


def _cut(head: bytes, is_whole: bool, dialect: Dialect) -> tuple[list[str], float]:
    """The names in the header, and the share of the rows that have as many cells."""
    data = head
    if dialect.quote != '"':
        data = head.translate(bytes.maketrans(b'"' + dialect.quote.encode(), dialect.quote.encode() + b'"'))
    starts, ends, _, fields = RecordCutter(dialect.delimiter).cut(data, 0, is_whole).spans
    if not len(starts):
        return [], 0.0
    try:
        names = split_record(data[starts[0] : ends[0]], dialect.delimiter)
    except UnicodeDecodeError:
        return [], 0.0
    if dialect.quote != '"':
        names = [requoted_name(name, dialect.quote) for name in names]
    return names, float((fields == fields[0]).mean())


def _check_character(value: str, option: str, example: str) -> None:
    if len(value) != 1 or value in "\r\n\0" or value > "\x7f":
        raise InputError(f"{option} takes one ASCII character, such as {example}, not {value!r}")
