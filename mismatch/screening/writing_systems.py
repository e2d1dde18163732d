"""The writing system of a text, told from its bytes: enough to keep texts apart that cannot be about one another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel
from mismatch.terms.text_buffers import TextBuffers

READ_BYTES = 600
_GROUPS = 128
_ZERO = np.int64(0)


@kernel
def _find(data, offsets, valid, out):
    counts = np.zeros(_GROUPS, np.int64)
    for row in range(valid.shape[0]):
        counts[:] = 0
        pos = offsets[row]
        stop = min(offsets[row + 1], pos + READ_BYTES) if valid[row] else pos
        while pos < stop:
            b = np.int64(data[pos])
            if b < 0x80:
                if 65 <= b <= 90 or 97 <= b <= 122:
                    counts[0] += 1
                pos += 1
            elif b < 0xE0:  # two bytes: Latin, Greek, Cyrillic, Armenian and Hebrew, Arabic
                group = _ZERO
                if b >= 0xD8:
                    group = np.int64(4)
                elif b >= 0xD5:
                    group = np.int64(3)
                elif b >= 0xD0:
                    group = np.int64(2)
                elif b >= 0xCD:
                    group = np.int64(1)
                counts[group] += 1
                pos += 2
            else:
                second = np.int64(data[pos + 1]) if pos + 1 < stop else np.int64(0x80)
                if b == 0xE0:  # the scripts of India, Thai, Lao: by their blocks
                    counts[16 + ((second - 0x80) >> 1 & 31)] += 2
                elif b == 0xE1:
                    counts[64 + ((second - 0x80) >> 3 & 7)] += 2
                elif b == 0xE3 and 0x81 <= second <= 0x83:  # a few kana make a text Japanese
                    counts[100] += 6
                elif b >= 0xEA:
                    counts[102] += 2
                elif b != 0xE2:  # which is punctuation
                    counts[101] += 2
                pos += 3 if b < 0xF0 else 4
        out[row] = np.argmax(counts)


def writing_systems(texts: TextBuffers) -> NDArray[np.int64]:
    """A number for the writing system of most of the beginning of each text, shape (n_texts,)."""
    out = np.zeros(len(texts.valid), np.int64)
    _find(texts.data, texts.offsets, texts.valid, out)
    return out
