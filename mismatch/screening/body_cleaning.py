"""Bodies lose what is no article text before they are compared: the title where it stands again, and markup.

Nothing is moved: what is left out becomes spaces, in a copy that is made only if a batch has something to leave out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, read_only
from mismatch.screening.markup import has_markup, without_markup
from mismatch.screening.title_echoes import beside_words, find_echoes
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import fold_arguments

ECHOES_A_ROW = 8
"""on average; what is beyond it stays"""


def clean_bodies(titles: TextBuffers, bodies: TextBuffers) -> TextBuffers:
    """The bodies without markup, and without their titles; each stays where it is, with spaces for what is left out."""
    read = without_tags(bodies)
    return without_echoes(titles, read, is_copy=read is not bodies)


def without_tags(bodies: TextBuffers) -> TextBuffers:
    """The bodies as a reader sees them where they hold HTML.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from mismatch.terms.text_buffers import text_buffers, texts_of
    >>> texts_of(without_tags(text_buffers(pa.array(["<p>Fish &amp; ships"]))))[0].split()
    ['Fish', '&', 'ships']
    """
    rows = np.flatnonzero(has_markup(bodies))
    if not len(rows):
        return bodies
    copied = _own_copy(bodies)
    for row in rows.tolist():
        start, stop = (int(place) for place in copied.offsets[row : row + 2])
        raw = copied.data[start:stop].tobytes()
        read = without_markup(raw.decode("utf-8", "replace")).encode("utf-8", "replace")
        if len(read) <= len(raw):
            copied.data[start:stop] = np.frombuffer(read.ljust(len(raw)), np.uint8)
    return copied._replace(data=read_only(copied.data))


def without_echoes(titles: TextBuffers, bodies: TextBuffers, *, is_copy: bool = False) -> TextBuffers:
    """The bodies with spaces where the title of the row stands again as a line of its own; a copy is written to as it is.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from mismatch.terms.text_buffers import text_buffers, texts_of
    >>> title, body = pa.array(["Ferry runs aground"]), pa.array(["Ferry runs aground!\\nNobody on board was hurt."])
    >>> texts_of(without_echoes(text_buffers(title), text_buffers(body)))[0].split()
    ['Nobody', 'on', 'board', 'was', 'hurt.']
    """
    cuts = np.empty((ECHOES_A_ROW * len(bodies.valid), 2), np.int64)
    n = find_echoes(*titles, *bodies, fold_arguments(), beside_words(), cuts)
    if not n:
        return bodies
    copied = bodies if is_copy else _own_copy(bodies)
    copied.data.flags.writeable = True
    _blank(copied.data, cuts[:n] - bodies.offsets[0])
    return copied._replace(data=read_only(copied.data))


def _own_copy(texts: TextBuffers) -> TextBuffers:
    """The texts in memory of their own, which may be written to."""
    begin, end = int(texts.offsets[0]), int(texts.offsets[-1])
    return TextBuffers(texts.data[begin : max(end, begin + 1)].copy(), texts.offsets - begin, texts.valid)


def _read_only(texts: TextBuffers) -> TextBuffers:
    """As Arrow's buffers are, so that compiled code need not be compiled for both."""
    texts.data.flags.writeable = False
    return texts


@kernel
def _blank(data: NDArray[np.uint8], cuts: NDArray[np.int64]) -> None:
    for k in range(cuts.shape[0]):
        for p in range(cuts[k, 0], cuts[k, 1]):
            data[p] = 32
