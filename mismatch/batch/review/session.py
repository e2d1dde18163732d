"""One person's review: which row is looked at, what was decided, and the way back."""

from __future__ import annotations

from mismatch.batch.review.flagged import FlaggedRow, FlaggedRows
from mismatch.batch.review.labels_file import Decision, LabelsFile

_SKIPPED = -1


class Session:
    """Goes through the rows that are open, and keeps each decision in the labels file before it shows the next.

    Decisions of earlier reviews count, so that a review goes on where it stopped; rows that were skipped come again with the
    next review.

    Attributes
    ----------
    row : the row that is looked at, None once there is no more.
    found : how many rows were decided before.
    """

    def __init__(self, rows: FlaggedRows, labels: LabelsFile, reviewer: str) -> None:
        self._rows, self._labels, self._reviewer = rows, labels, reviewer
        rows.take_known(labels.known())
        earlier = rows.decided()
        self._done: list[tuple[int, int]] = earlier
        """(place of the line in the labels file, or `_SKIPPED`; position of the row), in the order in which it was done"""
        self.found, self._decided, self._skipped = len(earlier), len(earlier), 0
        self.row: FlaggedRow | None = rows.next_open()

    @property
    def total(self) -> int:
        """The rows of the review."""
        return len(self._rows)

    @property
    def decided(self) -> int:
        """The rows that are decided, of this review and of earlier ones."""
        return self._decided

    @property
    def skipped(self) -> int:
        """The rows that this review has skipped."""
        return self._skipped

    def decide(self, label: str) -> None:
        """Keeps a decision on the row that is looked at, and goes on."""
        row = self._looked_at()
        place = self._labels.append(Decision.on(row, label, self._reviewer))
        self._rows.decide(row.position, place)
        self._done.append((place, row.position))
        self._decided += 1
        self.row = self._rows.next_open()

    def skip(self) -> None:
        """Goes on without a decision."""
        row = self._looked_at()
        self._rows.skip(row.position)
        self._done.append((_SKIPPED, row.position))
        self._skipped += 1
        self.row = self._rows.next_open()

    def undo(self) -> bool:
        """Goes back to the row before and takes the decision on it back; False where there is none, or where the labels file
        has decisions on other rows behind it."""
        if not self._done:
            return False
        place, position = self._done[-1]
        if place != _SKIPPED and not self._labels.take_back(place):
            return False
        self._done.pop()
        if place == _SKIPPED:
            self._rows.skip(position, False)
            self._skipped -= 1
        else:
            self._rows.decide(position, None)
            self._decided -= 1
        self.row = self._rows.at(position)
        return True

    def _looked_at(self) -> FlaggedRow:
        if self.row is None:
            raise ValueError("there is no row to decide on")
        return self.row
