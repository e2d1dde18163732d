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
from mismatch.records.blocks import Block, Chunk, Reject, pairs_batch
from mismatch.records.columns import ROLES, ColumnChoice

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
        with tempfile.NamedTemporaryFile(prefix="mismatch-") as file:  # its name goes at once, the file with the process
            self._index = sqlite3.connect(file.name, check_same_thread=False, isolation_level=None)
            self._index.execute("PRAGMA journal_mode = OFF").fetchall()
            for setting in ("synchronous = OFF", "cache_size = -32768", "temp_store = FILE"):
                self._index.execute(f"PRAGMA {setting}")
            self._index.execute("CREATE TABLE bodies (id TEXT, body TEXT)")
            weakref.finalize(self, self._index.close)
        try:
            self._fill(chunks)
        except sqlite3.Error as error:
            raise InputError(f"{name}: no index of it could be made in {tempfile.gettempdir()} ({error}).") from None

    def _fill(self, chunks: Iterable[Chunk]) -> None:
        rejected = 0
        self._index.execute("BEGIN")
        for chunk in chunks:
            block = chunk.decode()
            rows = zip(block.pairs.column("id").to_pylist(), block.pairs.column("body").to_pylist(), strict=True)
            self._index.executemany("INSERT INTO bodies VALUES (?, ?)", (row for row in rows if row[0] is not None))
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

    def of(self, ids: pa.Array) -> pa.Array:
        """The body of each id, null where there is none. Any thread may ask."""
        found: list[str | None] = []
        with self._lock:
            for key in ids.to_pylist():
                row = self._index.execute("SELECT body FROM bodies WHERE id = ? ORDER BY rowid LIMIT 1", (key,)).fetchone()
                self.missing += row is None
                found.append(row[0] if row is not None else None)
        texts = pa.array(found, pa.large_string())
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
    """A stretch of the file of titles, with the bodies beside them."""

    chunk: Chunk
    bodies: Bodies

    @property
    def origin(self) -> str:
        return self.chunk.origin

    def decode(self) -> Block:
        """The rows as they stand in the file of titles; the pairs with their bodies."""
        block = self.chunk.decode()
        columns = [
            self.bodies.of(block.pairs.column("id")) if role == "body" else block.pairs.column(role) for role in ROLES
        ]
        return replace(block, pairs=pairs_batch(columns))


def joined(chunks: Iterator[Chunk], bodies: Bodies) -> Iterator[Chunk]:
    """The chunks of a file of titles with their bodies."""
    for chunk in chunks:
        yield JoinedChunk(chunk, bodies)
