"""What `mismatch serve --review` opens before it listens: the rows of the file, and the decisions that were made before."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from mismatch.batch.review.flagged import Choice
from mismatch.batch.review.labels_file import LabelsFile, beside
from mismatch.batch.review.shared import SharedReview
from mismatch.batch.scored import ScoredRows
from mismatch.errors import InputError
from mismatch.judging.scorer import Scorer
from mismatch.model.starter import model_path
from mismatch.records.columns import ColumnChoice
from mismatch.records.reading import Reader
from mismatch.records.stores.stored_file import Place
from mismatch.report.console import say
from mismatch.serve.application.review import ReviewDesk

DATABASES = (".db", ".sqlite", ".sqlite3")
"""how the name of a database ends; any other is one of a labels file, whose database lies beside it"""


@dataclass(frozen=True)
class ReviewSettings:
    """The options of a review.

    Raises
    ------
    InputError
        One makes no sense.
    """

    file: str
    labels: Path | None = None
    choice: Choice = field(default_factory=Choice)
    columns: ColumnChoice = field(default_factory=ColumnChoice)
    lease_seconds: float = 600.0

    def __post_init__(self) -> None:
        if not self.file.strip():
            raise InputError("--review names no file; is a variable of the shell empty?")
        if self.file == "-":
            raise InputError("--review takes a file, not standard input: it is read again when the service is started again")
        if self.lease_seconds <= 0:
            raise InputError(f"--lease-seconds is {self.lease_seconds:g}; it must be above 0")
        if self.labels is not None and (self.labels == Path() or self.labels.is_dir()):
            raise InputError(f"--labels {self.labels}: is a folder; name a file in it")
        self._keep_apart("the file that is reviewed", self.file)
        written = Path(os.path.realpath(self.lines or self.database))
        if Path(os.path.realpath(self.file)) in written.parents:  # it would be read as one of the inputs
            raise InputError(
                f"--labels {self.labels}: lies in the folder that is reviewed, {self.file}; put it beside that folder"
            )

    def keep_apart_from_model(self, model: str) -> None:
        """
        Raises
        ------
        InputError
            The decisions would be written over the model.
        """
        self._keep_apart("the model", model_path(model))

    def _keep_apart(self, what: str, read: Place | str) -> None:
        for written in (self.labels or self.database, self.database):
            if os.path.exists(str(read)) and os.path.exists(written) and os.path.samefile(str(read), written):
                raise InputError(f"--labels names {what}, {read}; give it a file of its own")

    @property
    def lines(self) -> Path | None:
        """The labels file that is kept in step with the database."""
        return None if self.labels is None or self.labels.suffix.lower() in DATABASES else self.labels

    @property
    def database(self) -> Path:
        """Where the decisions are kept."""
        if self.labels is None:
            return beside(self.file, ".review.db")
        return self.labels if self.lines is None else self.labels.with_name(f"{self.labels.name}.db")


def open_desk(settings: ReviewSettings, scorer: Scorer, *, quiet: bool) -> ReviewDesk:
    """Reads the file, and takes the decisions that were made before.

    Raises
    ------
    InputError
        The file cannot be read, the decisions cannot be kept, or there is nothing to look at.
    """
    reader = Reader([settings.file], columns=settings.columns)
    for notice in reader.notices:
        say(notice, quiet=quiet)
    lines = None if settings.lines is None else LabelsFile(settings.lines)
    review = SharedReview(settings.choice, settings.database, lease_seconds=settings.lease_seconds, lines=lines)
    scored, rejected = ScoredRows(reader, scorer), 0
    for block in review.rows.reading(scored):
        rejected += len(block.rejects)
    if reader.problems:
        raise InputError("; ".join(reader.problems) + ". Repair the file first")
    say(scored.words, quiet=quiet)
    if rejected:
        say(f"{rejected:,} rows could not be read")
    if not len(review.rows):
        raise InputError(f"{settings.file}: of {review.rows.rows_read:,} rows there are no {settings.choice.words()}")
    review.begin()
    decided = review.progress("").decided
    where = f"{settings.database}" + (f" and {settings.lines}" if settings.lines is not None else "")
    say(f"{len(review.rows):,} rows to look at, {decided:,} decided; the decisions are in {where}", quiet=quiet)
    return ReviewDesk(review, scored.scorer)
