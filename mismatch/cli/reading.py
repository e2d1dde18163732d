"""What the commands read: pairs as one table, a row, a text; and what they say of an input that is not as it should be."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mismatch.cli.enough import kept
from mismatch.errors import InputError
from mismatch.records.stores.stored_file import place_of

if TYPE_CHECKING:
    from mismatch.cli.input_options import InputOptions
    from mismatch.judging.scorer import Scorer
    from mismatch.training.archive import Archive


def pairs_of_inputs(
    inputs: list[str], given: InputOptions, rejected: str | None, quiet: bool, scorer: Scorer | None = None
) -> tuple[Any, list[dict[str, Any]]]:
    """All pairs of the inputs, and what the model card says of the files; of pages with the titles that a scorer takes."""
    from mismatch.judging.title_choice import with_best_titles
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.tables import pairs_of

    reader = given.reader(inputs)
    say_notices(reader, quiet)
    with Quarantine(rejected, given.bounds().rejected) as quarantine:
        table = pairs_of(reader, quarantine, None if scorer is None else lambda block: with_best_titles(scorer, block))
        check_whole(reader)
    say_closing_words(reader.closing_words(), quiet)
    say_rejected(quarantine.count, rejected)
    return table, _digests([*reader.origins, *([given.bodies] if given.bodies is not None else [])])


def read_archive(
    inputs: list[str], given: InputOptions, rejected: str | None, *, seed: int, tell: Callable[[str], None], quiet: bool
) -> tuple[Archive, list[dict[str, Any]]]:
    """The pairs of the inputs, or a sample where they do not fit into memory, and what the model card says of the files."""
    from mismatch.records.quarantine import Quarantine
    from mismatch.training import archive as stream_training

    reader = given.reader(inputs)
    say_notices(reader, quiet)
    begin = time.monotonic()

    def on_progress(rows: int, bytes_read: int) -> None:
        share = f" ({bytes_read / reader.bytes_total:.0%})" if reader.bytes_total else ""
        tell(f"reading{share}: {rows:,} rows, {rows / max(1e-6, time.monotonic() - begin):,.0f} a second")

    with Quarantine(rejected, given.bounds().rejected) as quarantine:
        archive = stream_training.read_archive(reader, quarantine, seed=seed, on_progress=on_progress)
        check_whole(reader)
    say_closing_words(reader.closing_words(), quiet)
    say_rejected(quarantine.count, rejected)
    return archive, _digests([*reader.origins, *([given.bodies] if given.bodies is not None else [])])


def _digests(origins: list[str]) -> list[dict[str, Any]]:
    import hashlib

    out: list[dict[str, Any]] = []
    for origin in origins:
        place = place_of(origin)
        if not place.is_file():  # read already, and gone
            out.append({"file": "standard input" if origin == "-" else "a pipe"})
            continue
        with place.open("rb") as file:
            out.append({"file": place.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()})
    return out


def read_row(
    inputs: list[str], row: int, given: InputOptions, scorer: Scorer, *, adapt: bool | None, quiet: bool
) -> tuple[Scorer, tuple[str | None, str | None, str | None]]:
    """Title, body and source of one row, counted from 1, and the scorer that `mismatch score` judges it with."""
    from mismatch.judging import pipeline
    from mismatch.judging.title_choice import with_best_titles
    from mismatch.report.console import say

    seen, reader = 0, given.reader(inputs)
    as_given = scorer
    scorer, chunks, words = pipeline.adapted(reader, scorer, adapt=adapt)
    say(words, quiet=quiet or scorer is as_given)
    for chunk in chunks:
        block = with_best_titles(scorer, chunk.decode())
        if row <= seen + len(block):
            title, body, source = (block.pairs.column(name)[row - seen - 1].as_py() for name in ("title", "body", "source"))
            return scorer, (title, body, source)
        seen += len(block)
    check_whole(reader)
    raise InputError(f"there is no row {row:,}: {', '.join(inputs)} has {seen:,} readable rows")


def read_text(path: str) -> str:
    """The text of a file, of standard input for -; what is not UTF-8 is replaced."""
    try:
        if path == "-":
            raw = sys.stdin.buffer.read()
        else:
            with place_of(path).open("rb") as file:
                raw = file.read()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    return raw.decode("utf-8", "replace")


def labels_of(table: Any, asked: str | None, quiet: bool) -> Any:
    """The labels as 0 and 1; None where there are none."""
    from mismatch.report.console import say
    from mismatch.training.labels import label_codes

    missing = table["label"].null_count
    if table.num_rows and not missing:
        return label_codes(table["label"].to_pylist())
    if asked is not None and table.num_rows:
        raise InputError(f"{missing:,} rows have no label in {asked!r}; label all of them, or leave --label out")
    if missing < table.num_rows:
        say(f"{missing:,} rows have no label, so that the labels of the others are left aside", quiet=quiet)
    return None


def say_notices(reader: Any, quiet: bool) -> None:
    """What the reader chose for the user, such as the columns."""
    from mismatch.report.console import say

    for notice in reader.notices:
        say(notice, quiet=quiet)


def say_closing_words(words: str | None, quiet: bool) -> None:
    """What a reader knows once it has read everything."""
    from mismatch.report.console import say

    if words is not None:
        say(words, quiet=quiet)


def check_whole(reader: Any) -> None:
    """Half an input is an error; raised before outputs get their names, so that none looks complete."""
    from mismatch.records.arrivals import STOPPED

    problems = [problem for problem in reader.problems if STOPPED not in problem]
    if problems:
        raise InputError("; ".join(problems) + ". Repair the input, or leave it out")


def say_rejected(n: int, kept_in: str | None) -> None:
    """Said even if quiet: rows that nobody can read are something wrong."""
    from mismatch.report.console import say

    if n:
        rows = "1 row" if n == 1 else f"{n:,} rows"
        say(f"{rows} could not be read{kept(kept_in)}")
