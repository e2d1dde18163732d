"""The errors that this package raises on purpose: one line each, saying what is wrong, where, and what to
do."""

from __future__ import annotations


class MismatchError(Exception):
    """Something the user can act on; the command line prints the message and ends with `exit_code`."""

    exit_code = 2


class InputError(MismatchError):
    """An input or output that cannot be used: a missing file, a missing column, a full disk."""


class ModelError(MismatchError):
    """A model file that cannot be used."""

    exit_code = 3


class MissingExtraError(MismatchError):
    """An optional dependency that is not installed."""
