"""Titles and bodies in loose fields (of an item, of a document's metadata), and verdicts as fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mismatch.judging.verdicts import ADDED_SCHEMA, Verdict
from mismatch.records.columns import usual_name
from mismatch.records.inner_text import text_inside


def named_field(role: str, names: Sequence[str], asked: str | None = None) -> str | None:
    """The name of the field for a role: the one asked for, else the first of the usual names, in any case; None if
    there is none."""
    if asked is not None:
        return asked if asked in names else None
    return usual_name(role, names)


def field_text(fields: Mapping[str, Any], role: str, asked: str | None = None) -> str | None:
    """The text of the field for a role; None where there is no such field."""
    name = named_field(role, list(fields), asked)
    return None if name is None else text_of(fields[name])


def text_of(value: Any) -> str | None:
    """A field's text: bytes decoded, the pieces of a list (as item loaders leave them) joined, None where there is none."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, tuple, Mapping)):
        return text_inside(value) or None
    return str(value) if isinstance(value, (int, float)) else None


def added_fields(verdict: Verdict) -> dict[str, Any]:
    """A verdict under the names of the verdict columns, as plain values."""
    values = asdict(verdict)
    fields = {name: values[name.removeprefix("mismatch_")] for name in ADDED_SCHEMA.names}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
