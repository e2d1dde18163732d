"""Text on its way in made to what the readers read: UTF-8, and cells quoted with `"`."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from mismatch.records.blocks import Block, Chunk, JsonLines, Reject
from mismatch.records.compression import ByteSource

_ERRORS = "mismatch-keep"


def _kept(error: UnicodeError) -> tuple[str, int]:
    """What cannot be decoded becomes bytes that are no UTF-8, so that its row, and no other, is rejected."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    damaged = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + b) if b > 127 else f"\udcff{chr(b)}" for b in damaged), error.end


codecs.register_error(_ERRORS, _kept)


class Recoded(ByteSource):
    """A source whose text is in another encoding, as UTF-8.

    Bytes that cannot be decoded stay as they are, or follow a byte that is never in UTF-8.
    """

    def __init__(self, source: ByteSource, encoding: str) -> None:
        self._source, self._live = source, source.is_live
        self._decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
        self._ahead = self._ready = b""
        self._ended = False

    @property
    def ended(self) -> bool:  # type: ignore[override]
        """Whether there is nothing behind what was read or looked at."""
        return self._ended and not self._ready

    @property
    def is_compressed(self) -> bool:
        return self._source.is_compressed

    @property
    def broken(self) -> str | None:  # type: ignore[override]
        """Why the stream ended before its end, in words."""
        return self._source.broken

    def close(self) -> None:
        self._source.close()

    def _take(self, n: int) -> bytes:
        parts, size = [self._ready], len(self._ready)
        while size < n and not self._ended:
            raw = self._source.read(max(n - size, 1))
            self._ended = not raw
            text = self._decoder.decode(raw, final=self._ended and self.broken is None)
            parts.append(text.encode("utf-8", "surrogateescape"))
            size += len(parts[-1])
            if size and self._live:
                break
        data = b"".join(parts)
        data, self._ready = data[:n], data[n:]
        return data


class Requoted(ByteSource):
    """A source in which `"` and another byte have changed places, so that the other one quotes cells."""

    def __init__(self, source: ByteSource, quote: str) -> None:
        self._source, self._table, self._live = source, _swap(quote), source.is_live

    @property
    def ended(self) -> bool:  # type: ignore[override]
        """Whether there is nothing behind what was read or looked at."""
        return self._source.ended

    @property
    def is_compressed(self) -> bool:
        return self._source.is_compressed

    @property
    def broken(self) -> str | None:  # type: ignore[override]
        """Why the stream ended before its end, in words."""
        return self._source.broken

    def peek(self, n: int, *, more: bool = False) -> bytes:
        return self._source.peek(n, more=more).translate(self._table)

    def read(self, n: int) -> bytes:
        return self._source.read(n).translate(self._table)

    def unread(self, data: bytes) -> None:
        self._source.unread(data.translate(self._table))

    def close(self) -> None:
        self._source.close()


@dataclass
class RequotedChunk:
    """A stretch of what `Requoted` gave."""

    chunk: Chunk
    quote: str

    @property
    def origin(self) -> str:
        return self.chunk.origin

    def decode(self) -> Block:
        """The rows with `"` and the quote in their own places."""
        block, table = self.chunk.decode(), _swap(self.quote)
        assert not isinstance(block.rows, JsonLines)
        rejects = [_reject_with(reject, table) for reject in block.rejects]
        return replace(block, pairs=_batch_with(block.pairs, table), rows=_batch_with(block.rows, table), rejects=rejects)


def recoded(source: ByteSource, encoding: str | None) -> ByteSource:
    """A source as UTF-8; the source itself where it is so already."""
    return source if encoding is None else Recoded(source, encoding)


def requoted_source(source: ByteSource, quote: str) -> ByteSource:
    """A source in which `"` quotes cells; the source itself where it does so already."""
    return source if quote == '"' else Requoted(source, quote)


def requoted_chunks(chunks: Iterator[Chunk], quote: str) -> Iterator[Chunk]:
    """The stretches of a source with `"` and the quote in their own places again."""
    return chunks if quote == '"' else (RequotedChunk(chunk, quote) for chunk in chunks)


def requoted_name(name: str, quote: str) -> str:
    """A name of a column, with `"` and the quote in their own places."""
    return name.translate({ord('"'): quote, ord(quote): '"'})


def _swap(quote: str) -> bytes:
    return bytes.maketrans(b'"' + quote.encode(), quote.encode() + b'"')


def _reject_with(reject: Reject, table: bytes) -> Reject:
    if reject.spooled is not None:  # written anew, in pieces
        reject.spooled.seek(0)
        while data := reject.spooled.read(1 << 20):
            reject.spooled.seek(-len(data), 1)
            reject.spooled.write(data.translate(table))
    reject.raw = reject.raw.translate(table)
    return reject


def _batch_with(batch: pa.RecordBatch, table: bytes) -> pa.RecordBatch:
    columns = [_column_with(column, table) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _column_with(column: pa.Array, table: bytes) -> pa.Array:
    validity, offsets, text = column.buffers()
    if text is None:
        return column
    buffers = [validity, offsets, pa.py_buffer(text.to_pybytes().translate(table))]
    return pa.Array.from_buffers(column.type, len(column), buffers, column.null_count, column.offset)
