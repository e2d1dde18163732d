"""The rows that are to be looked at, drawn from scored rows in one pass, in the order in which they are shown.

Their texts wait in a temporary table of SQLite, which lies on disk and is gone with the process, however that ends. Memory
holds some blocks of rows while they are read, and one row afterwards, whatever the length of the file and its format.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.batch.scored import ScoredBlock
from mismatch.errors import InputError
from mismatch.judging.verdicts import VERDICTS
from mismatch.records.blocks import Block

ORDERS = {
    "strongest": "the likeliest mismatches first",
    "weakest": "the least likely first, which teach a model most",
    "file": "as they stand in the file",
}
_UNKNOWN = 2.0  # sorts rows without a probability behind all others
_TABLE = """
CREATE TEMP TABLE flagged (
  position INTEGER PRIMARY KEY, row INTEGER NOT NULL, digest BLOB NOT NULL, sort REAL NOT NULL, id TEXT, source TEXT,
  verdict INTEGER NOT NULL, probability REAL, reasons TEXT NOT NULL, decided INTEGER, skipped INTEGER NOT NULL DEFAULT 0
);
CREATE TEMP TABLE texts (position INTEGER PRIMARY KEY, title TEXT, body TEXT);
CREATE TEMP TABLE known (number INTEGER PRIMARY KEY, row INTEGER, digest BLOB NOT NULL);
"""
_INDEXES = """
CREATE INDEX temp.in_order ON flagged (sort, row) WHERE decided IS NULL;
CREATE UNIQUE INDEX temp.by_row ON flagged (row);
CREATE INDEX temp.by_text ON flagged (digest);
"""
SELECT = """SELECT position, row, digest, id, title, body, source, verdict, probability, reasons
FROM temp.flagged JOIN temp.texts USING (position)"""
"""the beginning of a query, whose rows `flagged_row` takes"""


@dataclass(frozen=True)
class Choice:
    """Which rows are looked at."""

    verdicts: tuple[str, ...] = ()
    """by default `mismatch`; with a least probability, any"""
    min_probability: float | None = None
    source: str | None = None
    """capitals and blanks make no difference"""
    order: str = "strongest"
    """one of `ORDERS`"""

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise InputError(f"--order is {', '.join(ORDERS)}, not {self.order[:40]!r}")
        for verdict in self.verdicts:
            if verdict not in VERDICTS:
                raise InputError(f"--verdict is {', '.join(VERDICTS)}, not {verdict[:40]!r}")

    def of(self, rows: pa.RecordBatch) -> NDArray[np.bool_]:
        """Which of these rows, shape (n_rows,)."""
        wanted = self.verdicts or (("mismatch",) if self.min_probability is None else VERDICTS)
        chosen = np.array([verdict in wanted for verdict in VERDICTS])[rows.column("verdict").to_numpy()]
        if self.min_probability is not None:
            with np.errstate(invalid="ignore"):
                chosen &= rows.column("probability").to_numpy(zero_copy_only=False) >= self.min_probability
        if self.source is not None and chosen.any():
            same = [_plain(source) == _plain(self.source) for source in rows.column("source").to_pylist()]
            chosen &= np.array(same)
        return chosen

    def words(self) -> str:
        """What the rows are called, such as `rows with the verdict mismatch`."""
        verdicts = self.verdicts or (("mismatch",) if self.min_probability is None else ())
        parts = [f"the verdict {' or '.join(verdicts)}"] if verdicts else []
        parts += [f"a probability of at least {self.min_probability:g}"] if self.min_probability is not None else []
        parts += [f"the source {self.source}"] if self.source is not None else []
        return f"rows with {' and '.join(parts)}"


@dataclass(frozen=True)
class FlaggedRow:
    """A row that is looked at."""

    position: int
    """its number among the rows that are looked at"""
    row: int
    """its number in the input, from 1"""
    digest: bytes
    """of its texts (see `digest_of`)"""
    id: str | None
    title: str | None
    body: str | None
    source: str | None
    verdict: str
    probability: float | None
    reasons: tuple[str, ...]


class FlaggedRows:
    """The rows that are looked at, those that are not decided yet in order; a row that is skipped does not come again.

    Parameters
    ----------
    choice
        Which rows, and their order.
    connection
        Where the temporary table is made; by default a database of its own.
    """

    def __init__(self, choice: Choice, connection: sqlite3.Connection | None = None) -> None:
        self.choice = choice
        self.connection = connection or sqlite3.connect(":memory:", isolation_level=None)
        self.connection.executescript("PRAGMA temp_store = FILE;" + _TABLE)
        self.rows_read = 0
        self._total = 0

    def __len__(self) -> int:
        return self._total

    def reading(self, scored: Iterable[ScoredBlock]) -> Iterator[Block]:
        """Takes what is to be looked at, block by block, and hands each block out as it was read.

        Raises
        ------
        InputError
            The folder for temporary files is full.
        """
        try:
            self.connection.execute("BEGIN")
            for block in scored:
                self._take(block.rows)
                yield block.block
            self.connection.execute("COMMIT")
            self.connection.executescript(_INDEXES)
        except sqlite3.OperationalError as error:
            why = f"the flagged rows do not fit into the folder for temporary files ({error})"
            raise InputError(f"{why}; set SQLITE_TMPDIR to one with more room") from None

    def _take(self, rows: pa.RecordBatch) -> None:
        self.rows_read += rows.num_rows
        chosen = np.flatnonzero(self.choice.of(rows))
        if not len(chosen):
            return
        values, texts = [], []
        for row in rows.take(pa.array(chosen)).to_pylist():
            probability = row["probability"]
            sort = {"strongest": -(probability or 0.0), "weakest": probability, "file": row["row"]}[self.choice.order]
            if probability is None and self.choice.order != "file":
                sort = _UNKNOWN
            self._total += 1
            texts.append((self._total, row["title"], row["body"]))
            values.append((
                self._total, row["row"], digest_of(row["title"], row["body"]), sort, row["id"], row["source"],
                row["verdict"], probability, json.dumps(row["reasons"] or []),
            ))  # fmt: skip
        self.connection.executemany("INSERT INTO temp.texts VALUES (?, ?, ?)", texts)
        self.connection.executemany("INSERT INTO temp.flagged VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 0)", values)

    def next_open(self) -> FlaggedRow | None:
        """The first row that is neither decided nor skipped."""
        return self._one(f"{SELECT} WHERE decided IS NULL AND NOT skipped ORDER BY sort, row LIMIT 1")

    def at(self, position: int) -> FlaggedRow:
        """A row by its position."""
        found = self._one(f"{SELECT} WHERE position = ?", position)
        assert found is not None
        return found

    def find(self, row: int, digest: bytes) -> FlaggedRow | None:
        """A row by its number and its texts."""
        return self._one(f"{SELECT} WHERE row = ? AND digest = ?", row, digest)

    def decide(self, position: int, decision: int | None) -> None:
        """Notes the number of the decision on a row; None where it was withdrawn."""
        self.connection.execute("UPDATE temp.flagged SET decided = ? WHERE position = ?", (decision, position))

    def skip(self, position: int, skipped: bool = True) -> None:
        """Notes that a row is not shown for now."""
        self.connection.execute("UPDATE temp.flagged SET skipped = ? WHERE position = ?", (skipped, position))

    def counts(self) -> tuple[int, int]:
        """How many rows are decided, and how many of the others were skipped."""
        found = self.connection.execute(
            "SELECT count(decided), coalesce(sum(skipped AND decided IS NULL), 0) FROM temp.flagged"
        ).fetchone()
        return int(found[0]), int(found[1])

    def take_known(self, decisions: Iterable[tuple[int, int | None, bytes]]) -> None:
        """Notes decisions that were made before: (number, row, digest of the texts), the numbers rising.

        A decision is on the row with its number, as long as that has the same texts. After the file was sorted or added to
        it is on another row with the same texts. One decision is on one row.
        """
        run = self.connection.execute
        self.connection.execute("BEGIN")
        self.connection.executemany("INSERT INTO temp.known VALUES (?, ?, ?)", decisions)
        run(
            "UPDATE temp.flagged SET decided = known.number FROM temp.known "
            "WHERE known.row = flagged.row AND known.digest = flagged.digest"
        )
        run("DELETE FROM temp.known WHERE number IN (SELECT decided FROM temp.flagged WHERE decided IS NOT NULL)")
        left = run("SELECT number, digest FROM temp.known WHERE digest IN (SELECT digest FROM temp.flagged) ORDER BY number")
        for number, digest in left.fetchall():
            run(
                "UPDATE temp.flagged SET decided = ? WHERE position = (SELECT position FROM temp.flagged "
                "WHERE digest = ? AND decided IS NULL ORDER BY row LIMIT 1)", (number, digest),
            )  # fmt: skip
        run("DELETE FROM temp.known")
        self.connection.execute("COMMIT")

    def decided(self) -> list[tuple[int, int]]:
        """The decisions so far: (number of the decision, position of its row), in the order of the decisions."""
        return self.connection.execute(
            "SELECT decided, position FROM temp.flagged WHERE decided IS NOT NULL ORDER BY decided"
        ).fetchall()

    def _one(self, query: str, *values: object) -> FlaggedRow | None:
        found = self.connection.execute(query, values).fetchone()
        return None if found is None else flagged_row(found)


def flagged_row(values: tuple) -> FlaggedRow:
    """From what a query that begins with `SELECT` gives."""
    position, row, digest, id, title, body, source, verdict, probability, reasons = values
    return FlaggedRow(
        position, row, digest, id, title, body, source, VERDICTS[verdict], probability, tuple(json.loads(reasons))
    )


def digest_of(title: str | None, body: str | None) -> bytes:
    """16 bytes that stand for a title and a body; a text that is missing is another than an empty one."""
    digest = hashlib.blake2b(digest_size=16)
    for text in (title, body):
        data = None if text is None else text.encode("utf-8", "replace")
        digest.update(b"-" if data is None else b"%d:" % len(data))
        digest.update(data or b"")
    return digest.digest()


def _plain(source: str | None) -> str:
    return " ".join((source or "").split()).casefold()
