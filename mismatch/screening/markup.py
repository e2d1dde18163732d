"""HTML in a text: tags, comments, scripts and styles are left out, entities become characters.

Only elements that HTML has are tags: "<Sedio N.V.>" is a company. A compiled look finds the few texts that hold any.
"""

from __future__ import annotations

import html
import re

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.vector_instructions import WORDS_WIDTH, lowest_bit, markup_mask

LONGEST_SILENCE = 50_000
"""characters of a script or a comment"""
LONGEST_ENTITY = 12
"""bytes from "&" to ";" """
_SILENT = ("script", "style", "noscript", "template", "svg", "iframe")
"""elements whose text nobody reads"""
_BLOCKS = (
    "p", "div", "br", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "table", "tbody", "thead", "article",
    "section", "header", "footer", "nav", "aside", "figure", "figcaption", "blockquote", "pre", "hr", "dt", "dd", "dl",
    "main", "title", "option", "td", "th", "body", "head", "html", "form", "amp-ad",
)  # fmt: skip
"""elements that begin a line"""
_INLINE = (
    "a", "b", "i", "em", "strong", "span", "u", "s", "small", "sub", "sup", "font", "center", "img", "picture", "source",
    "video", "audio", "embed", "object", "param", "meta", "link", "input", "button", "label", "select", "time", "cite", "q",
    "code", "kbd", "mark", "del", "ins", "abbr", "big", "tt", "wbr", "canvas", "path", "amp-img",
)  # fmt: skip
_PATTERN = rf"<(?:(!--)|(/?)({'|'.join(map(re.escape, (*_SILENT, *_BLOCKS, *_INLINE)))}|!doctype)(?:[\s/][^<>]{{0,2000}})?>)"
_SMALL_TAG, _ANY_TAG = re.compile(_PATTERN), re.compile(_PATTERN, re.IGNORECASE)
"""capitals in angle brackets are shares of companies ("<P>") unless something is closed"""
_ONE = np.uint64(1)


def has_markup(texts: TextBuffers) -> NDArray[np.uint8]:
    """1 for texts in which there may be a tag ("<" before a small letter, "/" or "!") or an entity; shape (n_texts,)."""
    out = np.zeros(len(texts.valid), np.uint8)
    _find_markup(texts.data, texts.offsets, texts.valid, out)
    return out


def without_markup(text: str) -> str:
    """The text that a reader of the page sees; never longer, in UTF-8, than the text that was given.

    Markup that was escaped once more, as feeds have it (`&lt;p&gt;`), is left out as well.

    Examples
    --------
    >>> without_markup("<p>Fish &amp; <b>ships</b></p><script>track()</script>").split()
    ['Fish', '&', 'ships']
    """
    if "<![CDATA[" in text:
        text = text.replace("<![CDATA[", "").replace("]]>", "")
    once = _unescaped(text)
    return _unescaped(once) if "&" in text and "</" in once else once


def _unescaped(text: str) -> str:
    """A text without tags and what nobody reads, entities as characters."""
    pieces: list[str] = []
    unclosed: set[str] = set()
    pos = 0
    tag = _ANY_TAG if "</" in text else _SMALL_TAG
    found = tag.search(text)
    while found is not None:
        pieces.append(text[pos : found.start()])
        pos = found.end()
        name = (found[3] or "").lower()
        if (found[1] or (name in _SILENT and not found[2])) and name not in unclosed:
            end = _end_of_silence(text, name, pos)
            pos = max(pos, end)
            if end < 0:
                unclosed.add(name)
        if name in _BLOCKS:
            pieces.append("\n")
        found = tag.search(text, pos)
    return html.unescape("".join(pieces) + text[pos:])


def _end_of_silence(text: str, name: str, pos: int) -> int:
    """Where the closing tag of an element begins, or a comment (no name) has ended; -1 if not within `LONGEST_SILENCE`."""
    found = re.compile(f"</{name}" if name else "(?<=-->)", re.IGNORECASE).search(text, pos, pos + LONGEST_SILENCE)
    return -1 if found is None else found.start()


@part(inline=True)
def _begins_markup(data, p, stop):
    """Whether a "<" or "&" at `p` begins what looks like a tag or an entity."""
    if p + 2 >= stop:
        return False
    b = data[p + 1]
    if data[p] == 60:
        return 97 <= b < 123 or b == 47 or b == 33
    is_letter = 97 <= (b | 32) < 123
    if not (is_letter or b == 35):
        return False
    for q in range(p + 2, min(p + LONGEST_ENTITY, stop)):
        if data[q] == 59:
            return True
        if not (97 <= (data[q] | 32) < 123 or 48 <= data[q] < 58):
            return False
    return False


@kernel
def _find_markup(data, offsets, valid, out):
    for row in range(valid.shape[0]):
        pos = offsets[row]
        stop = offsets[row + 1]
        if valid[row] == 0:
            continue
        while pos < stop and out[row] == 0:
            if pos + WORDS_WIDTH > data.shape[0]:
                for p in range(pos, stop):
                    if (data[p] == 60 or data[p] == 38) and _begins_markup(data, p, stop):
                        out[row] = 1
                break
            marks = markup_mask(data, pos)
            while marks != 0:
                p = pos + lowest_bit(marks)
                marks &= marks - _ONE
                if p < stop and _begins_markup(data, p, stop):
                    out[row] = 1
            pos += WORDS_WIDTH
