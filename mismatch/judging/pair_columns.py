"""Which columns of a table hold the titles, the bodies, the sources and the topics, and those columns as text.

The columns are found as the command line finds them: what was asked for, the usual names of `records.columns`, or what they
hold (`records.guessing`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.columns import USUAL_NAMES, few, listed, usual_name, usual_names
from mismatch.records.formats.checked_columns import check_column
from mismatch.records.guessing import Unsure, guess

NEEDED = ("title", "body")


Sample = Callable[[], dict[str, list[object]]]
"""gives the values of some rows, by column"""


def column_of(role: str, names: Sequence[str], asked: str | None = None, why: str = "") -> str:
    """The name of the column of titles or bodies: the one asked for, else the first of the usual names, in any case.

    Parameters
    ----------
    why
        Why it cannot be told by what the columns hold, for the message.

    Raises
    ------
    InputError
        If there is none; the message lists the columns that there are.
    """
    if asked is not None:
        if asked not in names:
            raise InputError(f"no {role} column {asked!r}: {listed(names)}; name the right one with {role}=")
        return asked
    found = usual_name(role, names)
    if found is None:
        first, *others = USUAL_NAMES[role]
        raise InputError(
            f"no {role} column {first!r}, nor one of the other usual names ({few(others)}){why}: {listed(names)}; name it "
            f"with {role}="
        )
    return found


def named_source(names: Sequence[str], asked: str | None = None) -> str | None:
    """The name of the column of sources: the one asked for, else the first of the usual names, in any case.

    Raises
    ------
    InputError
        If the one asked for is not there.
    """
    return column_of("source", names, asked) if asked is not None else usual_name("source", names)


def names_of(names: Sequence[str], asked: dict[str, str | None], sample: Sample | None = None) -> dict[str, str]:
    """The name of each column of pairs by its role: titles and bodies, and where there are some, sources and topics.

    With `sample`, titles or bodies without a usual name are told by what the columns hold.

    Raises
    ------
    InputError
        No titles or no bodies, or a column that was asked for is not there.
    """
    known = {role: asked.get(role) or usual_name(role, names) for role in NEEDED}
    why = ""
    if sample is not None and names and None in known.values() and all(name in (None, *names) for name in known.values()):
        try:
            known |= guess(sample(), known["title"], known["body"])
        except Unsure as unsure:
            why = f", and the columns do not tell it ({unsure})"
    found = {role: column_of(role, names, name, why) for role, name in known.items()}
    for role, name in asked.items():
        if role not in NEEDED:
            for usual in [name] if name is not None else usual_names(role, names)[:1]:
                found[role] = column_of(role, names, usual)
    return found


def texts_in(table: pa.Table, found: dict[str, str], asked: dict[str, str | None]) -> pa.Table:
    """The columns of pairs under the names of their roles, as text; one that nobody asked for and that is no text is left
    out."""
    columns = {}
    for role, name in found.items():
        try:
            columns[role] = as_text(table[name], name)
        except InputError:
            if role in NEEDED or asked.get(role) is not None:
                raise
    return pa.table(columns)


def as_text(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """A column as large strings; numbers are written out.

    Raises
    ------
    InputError
        If it is neither text nor numbers, or is damaged: pyarrow reads files without a look at what they hold.
    """
    try:
        for chunk in column.chunks:
            check_column(chunk)
    except pa.ArrowException as error:
        raise InputError(f"column {name!r} is damaged ({error}); validate(full=True) of its table tells more") from None
    kind = column.type
    if pa.types.is_large_string(kind):
        return column
    if pa.types.is_dictionary(kind):
        return pa.chunked_array([_decoded(chunk, name) for chunk in column.chunks], pa.large_string())
    if (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
        or pa.types.is_null(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
    ):  # fmt: skip
        return column.cast(pa.large_string())
    raise InputError(f"column {name!r} is {kind}, not text")


def _decoded(chunk: pa.DictionaryArray, name: str) -> pa.Array:
    words = as_text(pa.chunked_array([chunk.dictionary]), name)
    return words.combine_chunks().take(chunk.indices)
