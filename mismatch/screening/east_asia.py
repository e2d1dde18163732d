"""Chinese and Japanese, which share most of their characters, told apart by those that only one of them writes.

Japanese is written with kana too; Chinese has frequent characters that Japanese does not write, or writes otherwise.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel, part
from mismatch.terms.text_buffers import TextBuffers

CHINESE = (
    "的这们們么麼吗嗎吧呢给让讓还說说时对對为个來过从從开關关车发發卖賣买长队业东乐丽书产亿仅优传伤价众兴养"
    "农冲决净减则创动务势卫压厂县变员团园围图坏报岁币师带应张录总战户护择损换摆术权极构标样检欢气汉济涨涩满热环现"
    "电疗监盖种积穷竞笔签简红级纪约纳纸线组织经结统继续罗职联脑脸节药获营虽观视觉讯议记讲许论设访证评识诉词译试话"
    "该详误请读课谁调谈负贡财责败货质购贵费资赛赢赶轮软轻输达迁运进远违连迟适选递遗邮邻释钟钢钱铁银错锁镇闭问间闻"
    "阅阳阶际陆险难页项顺须顾预领频题颜风飞饭饮馆驻验鱼鸟鸡齐"
)
"""frequent characters of Chinese that Japanese does not write, or writes otherwise"""
MIN_CHARACTERS = 8
"""of a title"""
MIN_TELLING = 2
"""kana, or Chinese characters, that a title must have"""
MIN_BODY_CHARACTERS = 60
_BODY_BYTES = 1500
KANA_SHARE = 0.2
"""of the characters of a Japanese body"""


@lru_cache(maxsize=1)
def _chinese() -> NDArray[np.uint8]:
    """1 for each code point from U+3000 to U+9FFF that is in `CHINESE`."""
    known = np.zeros(0xA000 - 0x3000, np.uint8)
    known[[ord(character) - 0x3000 for character in CHINESE]] = 1
    return known


@part
def _count(data, pos, stop, chinese):
    """(Han characters, kana, Chinese characters) of a text."""
    han = kana = telling = np.int64(0)
    while pos + 2 < stop:
        b = data[pos]
        if 0xE3 <= b <= 0xE9:
            code = (np.int64(b) & 15) << 12 | (np.int64(data[pos + 1]) & 63) << 6 | (np.int64(data[pos + 2]) & 63)
            if 0x3041 <= code <= 0x30FA:
                kana += 1
            elif 0x3400 <= code < 0xA000:
                han += 1
                telling += chinese[code - 0x3000]
            pos += 3
        else:
            pos += 1
    return han, kana, telling


@kernel
def _find(title_data, title_offsets, body_data, body_offsets, rows, chinese, out):
    for k in range(rows.shape[0]):
        row = rows[k]
        han, kana, telling = _count(title_data, title_offsets[row], title_offsets[row + 1], chinese)
        if han + kana < MIN_CHARACTERS:
            continue
        begin = body_offsets[row]
        body_han, body_kana, body_telling = _count(
            body_data, begin, min(body_offsets[row + 1], begin + _BODY_BYTES), chinese
        )  # fmt: skip
        if body_han + body_kana < MIN_BODY_CHARACTERS:
            continue
        is_japanese = body_kana >= KANA_SHARE * (body_han + body_kana)
        is_chinese = body_kana == 0 and body_telling >= MIN_TELLING
        out[k] = (is_japanese and kana == 0 and telling >= MIN_TELLING) or (is_chinese and kana >= MIN_TELLING)


def chinese_meets_japanese(titles: TextBuffers, bodies: TextBuffers, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether one of title and body of each of `rows` is Chinese and the other Japanese, shape (n,).

    Examples
    --------
    >>> import pyarrow as pa
    >>> from mismatch.terms.text_buffers import text_buffers
    >>> bodies = text_buffers(pa.array(["昨夜、渡し船が霧の中で座礁し、乗っていた人たちは救命艇で港へ戻った。" * 3] * 2))
    >>> titles = text_buffers(pa.array(["渡轮在大雾中搁浅无人受伤", "渡し船が霧で座礁、全員無事"]))
    >>> chinese_meets_japanese(titles, bodies, np.arange(2)).tolist()
    [True, False]
    """
    out = np.zeros(len(rows), np.bool_)
    _find(titles.data, titles.offsets, bodies.data, bodies.offsets, rows, _chinese(), out)
    return out
