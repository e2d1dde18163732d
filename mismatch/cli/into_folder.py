"""`score` and `gate` with a folder as `--out`: parts, a manifest, and a command that goes on where it was killed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mismatch.cli.outputs import is_in
from mismatch.cli.reading import check_whole, say_notices
from mismatch.cli.stopping import Terminated
from mismatch.errors import InputError, ModelError
from mismatch.records.stores.address import address_of
from mismatch.records.stores.stored_file import Place

if TYPE_CHECKING:
    from mismatch.batch.whole_batch import BatchFindings
    from mismatch.judging.in_parts import Kinds
    from mismatch.judging.scorer import Scorer
    from mismatch.judging.tally import Tally
    from mismatch.records.parts.folder import PartFolder
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.reading import Reader


@dataclass(frozen=True)
class FolderRun:
    """What is to be done, and how."""

    command: str
    out: str
    places: dict[str, str]
    """for each kind of part its folder in `out`"""
    kinds: Kinds
    """and the verdicts that it takes"""
    options: dict[str, Any]
    """on which the bytes of the parts depend"""
    part_rows: int
    adapt: bool | None
    out_format: str | None = None
    only: bool = False
    restart: bool = False
    threads: int | None = None
    by_source: bool = False
    quiet: bool = False
    bodies: str | None = None
    """a file that is read beside the inputs"""
    safe_csv: bool = False
    look: Callable[[Scorer], tuple[BatchFindings, list[str]]] | None = None
    """reads the whole batch before, by the scorer that is adapted to it: what its rows say of one another, and lines to say.
    Done again in each run, and gives the same then"""


@dataclass(frozen=True)
class Outcome:
    """Everything that was judged, in this run and those before it."""

    tally: Tally
    quarantine: Quarantine
    scorer: Scorer
    closing_words: str | None = None
    """what the reader knows at the end"""
    found: BatchFindings | None = None
    """where the whole batch was looked at"""


def is_folder(out: str | None) -> bool:
    """Whether an output is a folder: it is one already, or its name ends with a slash."""
    return out is not None and out != "-" and (out.endswith(("/", os.sep)) or Path(out).is_dir())


def run_into_folder(run: FolderRun, reader: Reader, scorer: Scorer, model: Place) -> Outcome:
    """Does what is missing in a folder of parts.

    Raises
    ------
    InputError
        The folder was begun with other inputs, another model or other options, or another run is writing to it.
    """
    from mismatch.judging import pipeline
    from mismatch.judging.in_parts import run_in_parts
    from mismatch.records.known_formats import DEFAULT_FORMAT, WRITTEN
    from mismatch.records.parts.folder import PartFolder, make_folder
    from mismatch.records.parts.lock import FolderLock
    from mismatch.report import console

    if address_of(run.out) is not None:
        raise InputError(
            f"{run.out}: names a folder in a store, and parts go into one of this machine; name one, or an object"
        )
    say_notices(reader, run.quiet)
    check_whole(reader)
    path = Path(os.path.realpath(run.out))
    _check_inputs(_read_from(run, reader), path, run.out)
    if isinstance(model, Path) and is_in(model, path):
        raise InputError(f"{model}: the model lies in {run.out}, where the parts go; copy it to another folder first")
    try:
        make_folder(path)
    except OSError as error:
        raise InputError(f"{run.out}: cannot be made ({error.strerror or error}); make the folder first") from None
    kinds = set(reader.formats.values())
    form = run.out_format or (next(iter(kinds)) if len(kinds) == 1 and kinds <= set(WRITTEN) else DEFAULT_FORMAT)
    with FolderLock(path):
        folder = PartFolder(
            path, run.places, format=form, only=run.only, schema=reader.schema, restart=run.restart,
            safe_csv=run.safe_csv,
        )  # fmt: skip
        _begin(run, folder, reader, model, form)
        scorer = _adapted(run, folder, reader, scorer)
        n_before = len(folder.manifest.parts)
        if n_before:
            what = "all parts are" if folder.manifest.totals is not None else f"{_parts(n_before)}"
            console.say(f"{run.out}: {what} done already, by an earlier run", quiet=run.quiet)
        found, lines = run.look(scorer) if run.look is not None else (None, [])
        for line in lines:
            console.say(line, quiet=run.quiet)
        revisions = () if found is None else found.revisions
        try:
            with console.progress(reader.bytes_total, quiet=run.quiet) as bar:
                tally, quarantine = run_in_parts(
                    reader, scorer, folder, run.kinds, part_rows=run.part_rows, threads=run.threads,
                    by_source=run.by_source, on_progress=bar, judge=pipeline.revised(pipeline.judged_block, *revisions),
                )  # fmt: skip
        except (KeyboardInterrupt, Terminated) as stopped:
            n = len(folder.manifest.parts)
            stopped.args = (f"{_parts(n)} done in {run.out}; the same command goes on from there",)
            raise
        if folder.manifest.totals is None:
            folder.manifest.finish({
                "parts": len(folder.manifest.parts), "rows_in": tally.rows + tally.rejected, "rejected": tally.rejected,
                "verdicts": dict(sorted(tally.verdicts.items())),
            })  # fmt: skip
    return Outcome(tally, quarantine, scorer, reader.closing_words(), found)


def _parts(n: int) -> str:
    return "1 part is" if n == 1 else f"{n:,} parts are"


def _read_from(run: FolderRun, reader: Reader) -> list[str]:
    return [*reader.origins, *([run.bodies] if run.bodies is not None else [])]


def _check_inputs(origins: list[str], folder: Path, out: str) -> None:
    for origin in origins:
        if address_of(origin) is not None:
            raise InputError(f"{origin}: parts are made of files of this machine; copy it first, or name a file with --out")
        if origin == "-" or not Path(origin).is_file():
            what = "standard input" if origin == "-" else origin
            raise InputError(
                f"{what} can be read only once, so that a run into a folder could not go on after a crash; "
                "store it in a file first, or name a file with --out"
            )
        if is_in(origin, folder):
            raise InputError(f"{origin}: an input lies in {out}, where the parts go; name another folder with --out")


def _begin(run: FolderRun, folder: PartFolder, reader: Reader, model: Place, form: str) -> None:
    """Writes what the parts are made of, or holds it against what they were begun with."""
    from mismatch import __version__
    from mismatch.records.parts.folder import differences

    origins = _read_from(run, reader)
    with ThreadPoolExecutor() as pool:
        digests = list(pool.map(_digest, [*map(Path, origins), model]))
    header = {
        "mismatch": __version__,
        "command": run.command,
        "model": {"file": model.name, "sha256": digests.pop()},
        "options": {**run.options, "adapt": run.adapt, "part_rows": run.part_rows, "out_format": form, "only": run.only},
        "inputs": [
            {"file": origin, "bytes": Path(origin).stat().st_size, "sha256": digest}
            for origin, digest in zip(origins, digests, strict=True)
        ],
    }
    manifest = folder.manifest
    if manifest.header is None:
        manifest.begin(header)
        return
    if differ := differences(manifest.header, header):
        raise InputError(
            f"{run.out}: its parts were made of something else: {'; '.join(differ)}. Name another folder, or begin anew "
            "with --restart, which removes them"
        )
    folder.check_files()


def _adapted(run: FolderRun, folder: PartFolder, reader: Reader, scorer: Scorer) -> Scorer:
    """The scorer, adapted to all inputs once: an earlier run's model is used again."""
    from mismatch.judging import pipeline
    from mismatch.model.model_file import load_model, save_model
    from mismatch.records.parts.folder import MODEL
    from mismatch.report import console

    manifest, kept = folder.manifest, folder.path / MODEL
    if manifest.setting is None:
        adapted, _, words = pipeline.adapted(reader, scorer, adapt=run.adapt)
        reader.rewind()
        setting: dict[str, Any] = {"adapted": words, "model": None}
        if adapted is not scorer:
            save_model(adapted.model, kept)
            setting["model"] = {"file": MODEL, "sha256": _digest(kept)}
        manifest.set(setting)
    console.say(str(manifest.setting["adapted"]), quiet=run.quiet)  # type: ignore[index]
    if (saved := manifest.setting["model"]) is None:  # type: ignore[index]
        return scorer
    if not kept.is_file() or _digest(kept) != saved["sha256"]:
        raise ModelError(f"{kept}: the adapted model is gone or was changed; put it back, or begin anew with --restart")
    return scorer.with_model(load_model(kept))  # in the first run too: what is stored is what judges


def _digest(path: Place) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check the file and its rights") from None
