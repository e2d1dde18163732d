"""gzip as `gzip -t` takes it: members one after another, zeros behind them, and all that stands in front of a break."""

from __future__ import annotations

import gzip
import io
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mismatch.records.gzip_stream import DAMAGED, TRUNCATED, GzipStream

TEXT = b"".join(b"%d bottles of %x\n" % (i, i * i * 7919) for i in range(20_000))


class InPieces(io.BytesIO):
    """A stream that hands out few bytes at a time, as a pipe does."""

    def read(self, n: int | None = -1) -> bytes:
        return super().read(min(n or 1, 1000))


def everything(data: bytes, n: int = 1 << 20) -> tuple[bytes, str | None]:
    """What can be read, and the problem at its end."""
    stream, found = GzipStream(InPieces(data)), []
    try:
        while piece := stream.read(n):
            assert len(piece) <= n
            found.append(piece)
    except OSError as error:
        return b"".join(found), str(error)
    return b"".join(found), None


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(0, 3000), st.integers(1, 500))
def test_members_and_zeros_behind_them_are_read_as_one(texts: list[bytes], zeros: int, n: int) -> None:
    data = b"".join(map(gzip.compress, texts)) + b"\0" * zeros
    assert everything(data, n) == (b"".join(texts), None)


@pytest.mark.parametrize(
    "tail", [b"junk", b"\0x", b"\0" * 5000 + b"x", b"\0" + gzip.compress(b"more", mtime=0)], ids=range(4)
)
def test_anything_else_behind_them_is_damage(tail: bytes) -> None:
    assert everything(gzip.compress(TEXT) + tail) == (TEXT, DAMAGED)


@given(st.integers(0, 10_000))
def test_a_cut_stream_gives_what_stands_in_front_of_the_cut(cut: int) -> None:
    whole = gzip.compress(TEXT, 1)
    data = whole[: 1 + cut * (len(whole) - 2) // 10_000]
    found, problem = everything(data)
    assert problem == TRUNCATED
    assert found == zlib.decompressobj(31).decompress(data)


def test_a_damaged_byte_costs_nothing_in_front_of_it() -> None:
    whole, generator = gzip.compress(TEXT, 1), random.Random(0)
    for _ in range(20):
        at = generator.randrange(100, len(whole) - 8)
        data = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        found, problem = everything(data)
        assert problem == DAMAGED or problem == TRUNCATED
        assert found.startswith(zlib.decompressobj(31).decompress(whole[:at]))


def test_nothing_at_all_is_no_stream() -> None:
    assert everything(b"") == (b"", None)
