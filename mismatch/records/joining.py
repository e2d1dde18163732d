"""Bodies that stand in a file of their own, looked up by id through an index on disk: neither file need fit into memory."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.blocks import Block, Chunk, JsonLines, Reject, pairs_batch
from mismatch.records.columns import ROLES, ColumnChoice
from mismatch.records.left_behind import scratch_prefix
from mismatch.records.scratch import no_room

_MOST_REJECTED = 64 << 20
"""bytes of rows of the file of bodies that may be unreadable"""


def titles_choice(choice: ColumnChoice) -> ColumnChoice:
    """What is looked for in the file of titles: an id, and no body even where there is one."""
    return replace(choice, body=None, needed=("title", "id"), left_out=("body",))


def bodies_choice(choice: ColumnChoice) -> ColumnChoice:
    """What is looked for in the file of bodies."""
    return ColumnChoice(
        body=choice.body, id=choice.id, needed=("body", "id"), left_out=("title", "source", "topic", "label")
    )


class Bodies:
    """The bodies of a file by their ids; of an id that stands there twice the first.

    `rejects` : rows of the file that could not be read. `missing` : how many rows asked for an id that is not there.

    Raises
    ------
    InputError
        Far too many rows cannot be read, or there is no room on the disk.
    """

    def __init__(self, name: str, chunks: Iterable[Chunk]) -> None:
        self.name, self.missing = name, 0
        self.rejects: list[Reject] = []
        self._lock = threading.Lock()
        with tempfile.NamedTemporaryFile(
            prefix=scratch_prefix()
        ) as file:  # its name goes at once, the file with the process
            self._index = sqlite3.connect(file.name, check_same_thread=False, isolation_level=None)
            self._index.execute("PRAGMA journal_mode = OFF").fetchall()
            for setting in ("synchronous = OFF", "cache_size = -32768", "temp_store = FILE"):
                self._index.execute(f"PRAGMA {setting}")
            self._index.execute("CREATE TABLE bodies (id TEXT, size INTEGER, body TEXT)")
            weakref.finalize(self, self._index.close)
        try:
            self._fill(chunks)
        except sqlite3.Error as error:
            raise no_room(f"the index of {name}: {error}") from None

    def _fill(self, chunks: Iterable[Chunk]) -> None:
        rejected = 0
        self._index.execute("BEGIN")
        for chunk in chunks:
            block = chunk.decode()
            ids, texts = (block.pairs.column(role).to_pylist() for role in ("id", "body"))
            rows = ((key, len(text or ""), text) for key, text in zip(ids, texts, strict=True) if key is not None)
            self._index.executemany("INSERT INTO bodies VALUES (?, ?, ?)", rows)
            rejected += sum(len(reject.raw) for reject in block.rejects)
            if rejected > _MOST_REJECTED:
                raise InputError(
                    f"{self.name}: more than {_MOST_REJECTED:,} bytes of it cannot be read; is it what it should be?"
                )
            self.rejects += block.rejects
        self._index.execute("CREATE INDEX by_id ON bodies (id)")
        self._index.execute("COMMIT")
        ((self.count, different),) = self._index.execute("SELECT count(*), count(DISTINCT id) FROM bodies")
        self.repeated = self.count - different

    def places(self, ids: pa.Array) -> tuple[list[int | None], list[int]]:
        """Where the body of each id stands, None where there is none, and how long it is."""
        places: list[int | None] = []
        sizes: list[int] = []
        query = "SELECT rowid, size FROM bodies WHERE id = ? ORDER BY rowid LIMIT 1"
        with self._lock:
            for key in ids.to_pylist():
                place, size = self._index.execute(query, (key,)).fetchone() or (None, 0)
                self.missing += place is None
                places.append(place)
                sizes.append(size)
        return places, sizes

    def at(self, places: list[int | None]) -> pa.Array:
        """The bodies in these places. Any thread may ask."""
        with self._lock:
            rows = [self._index.execute("SELECT body FROM bodies WHERE rowid = ?", (place,)).fetchone() for place in places]
        texts = pa.array([None if row is None else row[0] for row in rows], pa.large_string())
        return texts.cast(pa.string()) if texts.nbytes < 2**31 else texts

    def notice(self) -> str:
        """What the file holds, for standard error."""
        repeated = f"; {self.repeated:,} with an id that stood there before were left out" if self.repeated else ""
        return f"{self.name}: {self.count:,} bodies by id{repeated}"

    def closing_words(self) -> str | None:
        """What was not found, once all rows have been read; None where everything was."""
        if not self.missing:
            return None
        rows = "1 row has" if self.missing == 1 else f"{self.missing:,} rows have"
        return f"{rows} no body in {self.name}"


@dataclass
class JoinedChunk:
    """Some rows of the file of titles, and where their bodies stand."""

    block: Block
    places: list[int | None]
    bodies: Bodies

    @property
    def origin(self) -> str:
        return self.block.origin

    def decode(self) -> Block:
        """The rows as they stand in the file of titles; the pairs with their bodies."""
        pairs = self.block.pairs
        columns = [self.bodies.at(self.places) if role == "body" else pairs.column(role) for role in ROLES]
        return replace(self.block, pairs=pairs_batch(columns))


def joined(chunks: Iterator[Chunk], bodies: Bodies, chunk_bytes: int) -> Iterator[Chunk]:
    """The rows of a file of titles with their bodies, in stretches that hold about `chunk_bytes` of bodies."""
    for chunk in chunks:
        block = chunk.decode()
        places, sizes = bodies.places(block.pairs.column("id"))
        begin, held = 0, 0
        for i, size in enumerate(sizes):
            if held and held + size > chunk_bytes:
                yield JoinedChunk(_rows_of(block, begin, i), places[begin:i], bodies)
                begin, held = i, 0
            held += size
        yield JoinedChunk(_rows_of(block, begin, len(block)), places[begin:], bodies)


def _rows_of(block: Block, begin: int, end: int) -> Block:
    """Some rows of a block; what was rejected before the last of them goes with them."""
    rows = block.rows
    if isinstance(rows, JsonLines):
        rows = replace(rows, starts=rows.starts[begin:end], ends=rows.ends[begin:end])
    else:
        rows = rows.slice(begin, end - begin)
    first = int(block.row_numbers[begin]) if begin else 0
    behind = int(block.row_numbers[end]) if end < len(block) else None
    rejects = [reject for reject in block.rejects if first <= reject.line and (behind is None or reject.line < behind)]
    numbers = block.row_numbers[begin:end]
    return replace(block, pairs=block.pairs.slice(begin, end - begin), rows=rows, row_numbers=numbers, rejects=rejects)
