"""Text in all the scripts of the world, and bytes that are no text, from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from mismatch.terms.text_buffers import TextBuffers

ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "éàüößñçøłđæœıİŠžŁÅÆĲŉſ", "αβγδεζΣςΆΏ", "бгджзийкёғқңЩЪЯ",
    "ابتثجحخىیةہەکكٱ", "אבגדהךםןףץ", "कखगघािीुूेोंः्", "கஙசஞடிீுூ", "กขคงจฉชะาิี", "ກຂຄງຈ", "កខគឃង", "ကခဂဃ",
    "中国新闻报道标题", "あいうえおがぱ", "アイウエオガｱｲｳﾞ", "가나다라마각힣", "ሀለሐመሠረሰጸፀ", "ᎠᎡᎢ", "ᐁᐂᐃ", "აბგდ", "ԱԲԳաբգև",
    "ཀཁགང", "ꀀꀁ", "0123456789", "٠١٢٣٤٥", "०१२३", "１２３", "\U0001d400\U0001d7ce\U0001d552", "½⅓№㋀㍘﷽ﬁﬀ℃Ⅳ①²",
)  # fmt: skip
ODDITIES = (
    "\u0301\u0308\u0327\u064b\u05b0\u093c\u200d\u200c\u200b\u00ad\ufe0f\ufeff\u0640\u034f\u20dd\U000e0101"
    "'’‘ʼ`.,;:-–—_/\\\"«»„“!?¿()[]{}<>|*&%$#@+=~^ \t\n\r\u00a0\u3000、。・ー々〆٫٬😀👨‍👩‍👧\x00\x1f\x7f\uffff\U0010ffff"
)


def word(rng: random.Random) -> str:
    alphabet = rng.choice(ALPHABETS)
    size = rng.choice((1, 2, 3, 4, 5, 6, 8, 12, rng.randint(1, 200) if rng.random() < 0.05 else 7))
    out = "".join(rng.choice(alphabet) for _ in range(size))
    if rng.random() < 0.25:
        at = rng.randint(0, len(out))
        out = out[:at] + rng.choice(ODDITIES) + out[at:]
    return out


def text(rng: random.Random, vocabulary: Sequence[str], size: int) -> bytes:
    """About `size` words, with odd separators and now and then a byte that is not UTF-8."""
    out = bytearray()
    for _ in range(size):
        out += rng.choice(vocabulary).encode()
        out += (rng.choice(ODDITIES) if rng.random() < 0.2 else " ").encode()
        if rng.random() < 0.03:
            out += bytes(rng.randrange(256) for _ in range(rng.randint(1, 4)))
    return bytes(out[: len(out) - rng.randint(0, 3)] if rng.random() < 0.3 else out)


def vocabulary(rng: random.Random, size: int = 300) -> list[str]:
    return [word(rng) for _ in range(size)] + ["1,000", "3.14", "1.", "it's", "l’eau", "a", "7", "U.S.A", "x1,5", "1,٢"]


def buffers(texts: Sequence[bytes | None]) -> TextBuffers:
    """The texts as a column, bytes as they are."""
    data = b"".join(t or b"" for t in texts)
    offsets = np.cumsum([0, *(len(t or b"") for t in texts)]).astype(np.int64)
    valid = np.array([t is not None for t in texts], np.uint8)
    return TextBuffers(np.frombuffer(data or b"\0", np.uint8), offsets, valid)
