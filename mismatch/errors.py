"""The errors that this package raises on purpose: one line each, saying what is wrong, where, and what to
do."""

from __future__ import annotations

from collections.abc import Sequence


class MismatchError(Exception):
    """Something the user can act on; the command line prints the message and ends with `exit_code`."""

    exit_code = 2


class InputError(MismatchError):
    """An input or output that cannot be used: a missing file, a missing column, a full disk."""


class MissingColumnError(InputError):
    """A column that an input does not have; `columns` are those that it has."""

    def __init__(self, message: str, columns: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.columns = tuple(columns)


class ModelError(MismatchError):
    """A model file that cannot be used."""

    exit_code = 3


class MissingExtraError(MismatchError):
    """An optional dependency that is not installed."""
