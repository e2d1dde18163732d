"""How each benchmark is started: common options, the printed result, and the copy for `benchmarks.all`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import corpora
from benchmarks.results import Result

if TYPE_CHECKING:
    import pyarrow as pa

    from mismatch.model.model import Model


def options_of(description: str | None) -> argparse.ArgumentParser:
    """A parser with what all benchmarks share."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--model", default="starter", help="a model file, or starter")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="read only the first N rows of each corpus, to try things out"
    )
    parser.add_argument("--only", nargs="+", metavar="CORPUS", help="only these corpora, where several are measured")
    parser.add_argument(
        "--save", nargs="?", type=Path, const=Path(), metavar="FOLDER", help="keep the result for docs/benchmarks.md"
    )
    return parser


def start(
    parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], Result], *, needs_corpora: bool = True
) -> None:
    """Parses, measures, prints and, with --save, keeps the result."""
    given = parser.parse_args()
    if given.save == Path() and (given.limit is not None or given.only):
        parser.error("figures of a part do not go onto the page: give --save another folder")
    if needs_corpora:
        corpora.require()
    result = run(given)
    result.print()
    if given.save is not None:
        result.save() if given.save == Path() else result.save(given.save)


def table_of(name: str, limit: int | None) -> pa.Table:
    """A corpus, or its first rows."""
    table = corpora.read(name)
    return table if limit is None else table.slice(0, limit)


def model_of(given: argparse.Namespace) -> Model:
    """The model that was asked for.

    Raises
    ------
    SystemExit
        If it cannot be used.
    """
    from mismatch.errors import MismatchError
    from mismatch.model.model_file import load_model
    from mismatch.model.starter import model_path

    try:
        return load_model(model_path(given.model))
    except MismatchError as error:
        raise SystemExit(str(error)) from error


def chosen(names: list[str] | tuple[str, ...], given: argparse.Namespace) -> list[str]:
    """The corpora to go through."""
    return [name for name in names if not given.only or name in given.only]


def model_name(given: argparse.Namespace) -> str:
    """The model as the settings show it: no folder."""
    return Path(given.model).name
