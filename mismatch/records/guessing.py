"""Which column holds titles and which bodies where no name tells: by what stands in them.

A body is the longest prose of a table. A title is shorter prose whose words return in the body of its own row more often
than in that of another row; those of a section or an author do not. Where two columns fit, or none, nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from mismatch.terms.tokens import terms_of

SAMPLE_ROWS = 200
_LONGEST = 4_000
"""characters of a text that are looked at"""
_BODY_BYTES = 100
"""a column whose texts are shorter than this holds no bodies"""
_TIMES_LONGER = 2.0
"""how many times longer a body is than its title, and than any other prose that might be the body"""
_TITLE_TERMS = 3
"""a column whose texts have fewer terms holds names or sections, no titles"""
_MOST = 0.5
"""share of the rows from which something holds for most of a column"""
_SENTENCE_ENDS = (".", "!", "?", "。", "！", "？", "।", "॥", "۔", "؟", "։", "።")
_ENUMERATION = ",;|/、،"
_BY_CHANCE = 0.05
"""probability that words would return so often if titles and bodies had nothing to do with each other"""
_FEW_ROWS = 5
"""with fewer rows chance cannot be told apart, and the words of most rows are enough"""


class Unsure(LookupError):
    """Content does not tell; the message says why, as half a sentence."""


@dataclass(frozen=True)
class _Prose:
    """A column of texts that people wrote."""

    name: str
    texts: list[str]
    """of all rows, empty where there is none"""
    length: float
    """median of bytes, of those there are"""
    n_terms: float
    """median"""

    def are_most(self, mark: Sequence[bool]) -> bool:
        return sum(mark) >= _MOST * sum(map(bool, self.texts))

    @property
    def is_markup(self) -> bool:
        return self.are_most([text.startswith("<") for text in self.texts])

    @property
    def ends_in_sentences(self) -> bool:
        return self.are_most([text.endswith(_SENTENCE_ENDS) for text in self.texts])

    @property
    def is_enumeration(self) -> bool:
        """A mark between every other word: tags, names, places."""
        marks = [sum(text.count(mark) for mark in _ENUMERATION) for text in self.texts if text]
        return median(marks) + 1 >= self.n_terms / 2


def guess(sample: Mapping[str, Sequence[object]], title: str | None = None, body: str | None = None) -> dict[str, str]:
    """The columns of titles and bodies, as `title` and `body`; one that is given is known already.

    Parameters
    ----------
    sample : the values of some rows, by column; what is not text counts as absent.

    Raises
    ------
    Unsure
        No column fits, or several do.
    """
    found = {name: prose for name, values in sample.items() if (prose := _prose(name, values)) is not None}
    for role, known in (("title", title), ("body", body)):
        if known is not None and known not in found:
            raise Unsure(f"the {role} column {known!r} holds no text to compare others with")
    if body is None:
        others = [one for name, one in found.items() if name != title]
        body = _body(others, 0.0 if title is None else found[title].length).name
    if len(body.encode("utf-8", "replace")) >= _BODY_BYTES:
        raise Unsure("the first row is an article, where names of columns belong")
    others = [one for name, one in found.items() if name != body and title in (None, name)]
    return {"title": _title(others, found[body]).name, "body": body}


def _body(columns: list[_Prose], beside: float = 0.0) -> _Prose:
    """The longest column of prose; where another is nearly as long, the one that is no markup."""
    fitting = [one for one in columns if one.length >= max(_BODY_BYTES, _TIMES_LONGER * beside)]
    if any(not one.is_markup for one in fitting):
        fitting = [one for one in fitting if not one.is_markup]
    fitting.sort(key=lambda one: -one.length)
    if not fitting:
        raise Unsure("no column holds long texts")
    if len(fitting) > 1 and fitting[0].length < _TIMES_LONGER * fitting[1].length:
        raise Unsure(f"{_either(fitting[:2])} may be the body")
    return fitting[0]


def _title(columns: list[_Prose], body: _Prose) -> _Prose:
    """The short column whose words return in its own body."""
    short = [one for one in columns if _TIMES_LONGER * one.length <= body.length and not one.is_markup]
    short = [one for one in short if one.n_terms >= _TITLE_TERMS and not one.is_enumeration]
    if not short:
        raise Unsure("no column holds short texts that may be titles")
    stems = [_stems(text) for text in body.texts]
    fitting = [one for one in short if _return_in(one, body, stems, alone=len(short) == 1)]
    if not fitting:
        raise Unsure(f"the words of {_either(short)} do not return in {body.name!r}")
    if any(not one.ends_in_sentences for one in short):  # a summary beside a title
        fitting = [one for one in fitting if not one.ends_in_sentences]
    if not fitting:
        raise Unsure(f"{_either(short)} may be the title")
    if len(fitting) > 1:
        raise Unsure(f"{_either(fitting)} may be the title")
    return fitting[0]


def _return_in(column: _Prose, body: _Prose, stems: list[set[int]], *, alone: bool) -> bool:
    """Whether the terms of texts stand in the body of their row more often than in another one (a sign test)."""
    from scipy.special import bdtrc

    rows = [i for i, text in enumerate(column.texts) if text and stems[i]]
    if len({body.texts[i] for i in rows}) < 2:
        return alone and bool(rows)
    more = less = 0
    for k, row in enumerate(rows):
        other = rows[(k + len(rows) // 2) % len(rows)]
        own = _stems(column.texts[row])
        difference = len(own & stems[row]) - len(own & stems[other])
        more, less = more + (difference > 0), less + (difference < 0)
    if len(rows) < _FEW_ROWS:
        return less == 0 and more >= min(2, len(rows) - 1)
    return more > less and float(bdtrc(more - 1, more + less, 0.5)) <= _BY_CHANCE


def _stems(text: str) -> set[int]:
    return {stem for _, stem, _ in terms_of(text)}


def _prose(name: str, values: Sequence[object]) -> _Prose | None:
    """The texts of a column, where most rows have one and they are neither codes nor always the same few."""
    texts = [value.strip()[:_LONGEST] if isinstance(value, str) else "" for value in values]
    there = [text for text in texts if text]
    if not there or len(there) < _MOST * len(texts) or len(set(there)) < _MOST * len(there):
        return None
    if sum(map(_is_written, there)) < _MOST * len(there):
        return None
    return _Prose(
        name, texts, median(len(text.encode("utf-8", "replace")) for text in there),
        median(len(terms_of(text[:400])) for text in there),
    )  # fmt: skip


def _is_written(text: str) -> bool:
    """Whether a text is words: no number, no date, no address, no code."""
    if "://" in text[:12] or text.startswith(("{", "[")):
        return False
    solid = [character for character in text if not character.isspace()]
    if 2 * sum(character.isalpha() or not character.isascii() for character in solid) < len(solid):
        return False
    return len(solid) < len(text) or not (text.isascii() or "-" in text or "_" in text)


def _either(columns: Sequence[_Prose]) -> str:
    return " or ".join(repr(one.name) for one in columns[:4])
