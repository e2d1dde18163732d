"""A review by several people at once: decisions in a SQLite database, each row handed to one person at a time.

A row is handed out for a while (a lease). Whoever has it may decide on it; once the time is over, it is handed to the next
who asks. A row has one decision: the database itself refuses a second one. A decision is on the disk before it is answered.
One that is taken back is moved to another table.

The table `labels` of the database is what `train --label` and `calibrate` take.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path

from mismatch.batch.review.flagged import SELECT, Choice, FlaggedRow, FlaggedRows, digest_of, flagged_row
from mismatch.batch.review.labels_file import Decision, LabelsFile
from mismatch.errors import InputError

_MARK = 0x6D6D7276
"""what SQLite calls the application id: the database is one of ours"""
_WAIT_SECONDS = 10.0  # for another process that writes to the database
_AT_ONCE = 100
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS labels (
  title TEXT, body TEXT, label TEXT NOT NULL CHECK (label IN ('match', 'mismatch')), id TEXT, source TEXT,
  row INTEGER NOT NULL, reviewer TEXT NOT NULL, time TEXT NOT NULL,
  digest BLOB NOT NULL, holder TEXT NOT NULL, number INTEGER PRIMARY KEY AUTOINCREMENT
);
CREATE UNIQUE INDEX IF NOT EXISTS one_decision ON labels (row, digest);
CREATE INDEX IF NOT EXISTS by_holder ON labels (holder, number);
CREATE TABLE IF NOT EXISTS withdrawn (
  number INTEGER PRIMARY KEY, row INTEGER NOT NULL, digest BLOB NOT NULL, label TEXT NOT NULL, reviewer TEXT NOT NULL,
  time TEXT NOT NULL, withdrawn_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS leases (
  row INTEGER NOT NULL, digest BLOB NOT NULL, holder TEXT NOT NULL, reviewer TEXT NOT NULL, until REAL NOT NULL,
  PRIMARY KEY (row, digest)
);
CREATE INDEX IF NOT EXISTS leases_by_holder ON leases (holder);
PRAGMA application_id = {_MARK};
COMMIT;
"""
_FREE = f"""{SELECT} WHERE decided IS NULL
AND NOT EXISTS (SELECT 1 FROM main.leases l
  WHERE l.row = flagged.row AND l.digest = flagged.digest AND l.holder <> :holder AND l.until > :now)
AND NOT EXISTS (SELECT 1 FROM temp.skips s WHERE s.holder = :holder AND s.position = flagged.position)
ORDER BY sort, flagged.row LIMIT 1"""


class Taken(Exception):
    """The row is not this person's to decide on; the message says whose it is, and what was decided."""


@dataclass(frozen=True)
class Progress:
    """Where the review is."""

    total: int
    decided: int
    waiting: int
    """rows that others have before them now"""


class SharedReview:
    """The rows of a review, their decisions and leases. One thread at a time may call it.

    Parameters
    ----------
    database
        Made where there is none.
    lines
        A labels file that is kept in step with the database: its decisions count, and it has each new one at once.
    """

    def __init__(
        self, choice: Choice, database: Path, *, lease_seconds: float = 600.0, lines: LabelsFile | None = None
    ) -> None:
        self._seconds, self._lines = lease_seconds, lines
        self.connection = _opened(database)
        self.rows = FlaggedRows(choice, self.connection)
        self.connection.execute("CREATE TEMP TABLE skips (holder TEXT, position INTEGER, PRIMARY KEY (holder, position))")
        self._decided = 0
        self._is_behind = False
        """whether the labels file lacks what the database holds"""

    def begin(self) -> None:
        """Takes the decisions that were made before; called once the rows are read."""
        if self._lines is not None:
            self._take_lines(self._lines)
        self.rows.take_known(self.connection.execute("SELECT number, row, digest FROM labels ORDER BY number"))
        self._decided = self.rows.counts()[0]

    def close(self) -> None:
        self.connection.close()
        if self._lines is not None:
            self._lines.close()

    def next(self, holder: str, reviewer: str) -> FlaggedRow | None:
        """The row that this person has, or the first that nobody has; it is theirs for a while. None where there is none."""
        now = time.time()
        with self._writing():
            self.connection.execute("DELETE FROM main.leases WHERE until <= ? AND holder <> ?", (now, holder))
            row = self._leased_to(holder)
            while row is None and (row := self._first_free(holder, now)) is not None:
                if self._note_decided_elsewhere(row):
                    row = None
            if row is not None:
                self._lease(row, holder, reviewer, now)
        return row

    def decide(self, holder: str, reviewer: str, row: FlaggedRow, label: str) -> None:
        """Keeps a decision. The same one by the same person again changes nothing.

        Raises
        ------
        Taken
            Somebody else has decided, or has been handed the row meanwhile; or this person has decided otherwise.
        """
        decision = Decision.on(row, label, reviewer)
        with self._writing():
            before = self._decision_on(row)
            taken = self._taken(before, holder, label) if before is not None else self._handed_to_another(row, holder)
            if before is None and taken is None:
                number = self._insert(decision, row.digest, holder)
                self.connection.execute("DELETE FROM main.leases WHERE row = ? AND digest = ?", (row.row, row.digest))
                self.rows.decide(row.position, number)
        if taken is not None:
            raise Taken(taken)
        if before is None:
            self._decided += 1
        if before is None or self._is_behind:
            self._keep_in_step(decision)

    def skip(self, holder: str, row: FlaggedRow) -> None:
        """Hands a row back; this person does not get it again."""
        with self._writing():
            self.connection.execute(
                "DELETE FROM main.leases WHERE holder = ? AND row = ? AND digest = ?", (holder, row.row, row.digest)
            )
            self.connection.execute("INSERT OR IGNORE INTO temp.skips VALUES (?, ?)", (holder, row.position))

    def undo(self, holder: str, reviewer: str) -> FlaggedRow | None:
        """Takes back this person's last decision, and hands them its row; None where there is none."""
        with self._writing():
            found = self.connection.execute(
                "SELECT number, position FROM main.labels JOIN temp.flagged ON decided = number "
                "WHERE holder = ? ORDER BY number DESC LIMIT 1", (holder,),
            ).fetchone()  # fmt: skip
            if found is None:
                return None
            number, position = found
            self.connection.execute(
                "INSERT INTO main.withdrawn SELECT number, row, digest, label, reviewer, time, "
                "strftime('%Y-%m-%dT%H:%M:%SZ', 'now') FROM main.labels WHERE number = ?", (number,),
            )  # fmt: skip
            self.connection.execute("DELETE FROM main.labels WHERE number = ?", (number,))
            self.rows.decide(position, None)
            row = self.rows.at(position)
            self._lease(row, holder, reviewer, time.time())
        self._decided -= 1
        self._is_behind = True
        self._keep_in_step()
        return row

    def progress(self, holder: str) -> Progress:
        """Where the review is, as this person sees it."""
        waiting = self.connection.execute(
            "SELECT count(*) FROM main.leases WHERE holder <> ? AND until > ?", (holder, time.time())
        ).fetchone()[0]
        return Progress(len(self.rows), self._decided, waiting)

    def labels(self, after: int = 0) -> tuple[list[bytes], int]:
        """Some decisions as lines of a labels file, behind the one of this number, and the number of their last."""
        names = ", ".join(field.name for field in fields(Decision))
        found = self.connection.execute(
            f"SELECT number, {names} FROM main.labels WHERE number > ? ORDER BY number LIMIT ?",
            (after, _AT_ONCE),
        ).fetchall()
        return [Decision(*values).line() for _, *values in found], found[-1][0] if found else after

    def lines(self) -> Iterator[bytes]:
        """All decisions as lines of a labels file."""
        after = 0
        while (found := self.labels(after))[0]:
            lines, after = found
            yield from lines

    def _keep_in_step(self, decision: Decision | None = None) -> None:
        """Adds a decision to the labels file, or writes it anew where it lacks something else too."""
        if self._lines is None:
            return
        was_behind, self._is_behind = self._is_behind, True
        if was_behind or decision is None:
            self._lines.rewrite(self.lines())
        else:
            self._lines.append(decision)
        self._is_behind = False

    def _leased_to(self, holder: str) -> FlaggedRow | None:
        """The open row that a person has."""
        found = self.connection.execute("SELECT row, digest FROM main.leases WHERE holder = ?", (holder,)).fetchone()
        row = None if found is None else self.rows.find(*found)
        return None if row is None or self._decision_on(row) is not None else row

    def _first_free(self, holder: str, now: float) -> FlaggedRow | None:
        """The first open row that nobody else has, and that this person has not skipped."""
        found = self.connection.execute(_FREE, {"holder": holder, "now": now}).fetchone()
        return None if found is None else flagged_row(found)

    def _taken(self, before: tuple[str, str, str], holder: str, label: str) -> str | None:
        """Why a decision cannot stand beside the one before; None where they are one."""
        given, reviewer, by = before
        if by == holder:
            return None if given == label else f"you have decided on this row already: {given}"
        return f"{reviewer or 'somebody else'} has decided on this row already: {given}"

    def _handed_to_another(self, row: FlaggedRow, holder: str) -> str | None:
        lease = self.connection.execute(
            "SELECT reviewer FROM main.leases WHERE row = ? AND digest = ? AND holder <> ? AND until > ?",
            (row.row, row.digest, holder, time.time()),
        ).fetchone()
        if lease is None:
            return None
        return f"{lease[0] or 'somebody else'} has this row now (your time for it is over); the decision was not kept"

    def _lease(self, row: FlaggedRow, holder: str, reviewer: str, now: float) -> None:
        """Hands a row to a person, who has no other then."""
        self.connection.execute("DELETE FROM main.leases WHERE holder = ?", (holder,))
        self.connection.execute(
            "INSERT OR REPLACE INTO main.leases VALUES (?, ?, ?, ?, ?)",
            (row.row, row.digest, holder, reviewer, now + self._seconds),
        )

    def _decision_on(self, row: FlaggedRow) -> tuple[str, str, str] | None:
        """Label, reviewer and holder of the decision on a row."""
        self._note_decided_elsewhere(row)
        return self.connection.execute(
            "SELECT label, reviewer, holder FROM main.labels JOIN temp.flagged ON decided = number WHERE position = ?",
            (row.position,),
        ).fetchone()

    def _note_decided_elsewhere(self, row: FlaggedRow) -> bool:
        """Whether a decision on an open row stands in the database: another process has put it there."""
        found = self.connection.execute(
            "SELECT number FROM main.labels JOIN temp.flagged ON labels.row = flagged.row "
            "AND labels.digest = flagged.digest WHERE position = ? AND decided IS NULL",
            (row.position,),
        ).fetchone()
        if found is None:
            return False
        self.rows.decide(row.position, found[0])
        self._decided += 1
        return True

    def _insert(self, decision: Decision, digest: bytes, holder: str) -> int:
        of = decision
        return self.connection.execute(
            "INSERT INTO main.labels (row, digest, label, title, body, id, source, reviewer, holder, time) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (of.row, digest, of.label, of.title, of.body, of.id, of.source, of.reviewer, holder, of.time),
        ).lastrowid or 0  # fmt: skip

    def _take_lines(self, lines: LabelsFile) -> None:
        """The decisions of a labels file that the database does not have; afterwards the file has those of the database."""
        with self._writing():
            for decision in lines.decisions():
                digest = digest_of(decision.title, decision.body)
                with suppress(sqlite3.IntegrityError):
                    if not self._was_withdrawn(decision, digest):
                        self._insert(decision, digest, "")
        lines.rewrite(self.lines())

    def _was_withdrawn(self, decision: Decision, digest: bytes) -> bool:
        """Whether it was taken back, and a crash has left it in the file."""
        found = self.connection.execute(
            "SELECT 1 FROM main.withdrawn WHERE row = ? AND digest = ? AND time = ? AND label = ?",
            (decision.row, digest, decision.time, decision.label),
        ).fetchone()
        return found is not None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that no other process writes beside; it is on the disk at its end."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # SQLite ends it by itself where the disk is full
                self.connection.execute("ROLLBACK")
            raise


def _opened(database: Path) -> sqlite3.Connection:
    """The database, made where there is none.

    Raises
    ------
    InputError
        It cannot be written to, or is something else than decisions.
    """
    try:
        connection = sqlite3.connect(database, _WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            ((mark,),) = connection.execute("PRAGMA application_id")
            ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
            if mark != _MARK and tables:
                raise InputError(f"{database}: is a database of something else; name another with --labels")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise InputError(f"{database}: decisions cannot be kept there ({error}); name another with --labels") from None
    return connection
