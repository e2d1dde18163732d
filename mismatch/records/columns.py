"""Which column is the title, which the body: what the user named, or the usual names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from mismatch.errors import InputError

ROLES = ("title", "body", "source", "id", "topic", "label")

USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "title": ("title", "headline"),
    "body": ("body", "text", "content", "maintext", "article"),
    "source": ("source", "domain", "publisher", "hostname"),
    "id": ("id", "url"),
    "topic": ("topic",),
    "label": ("label",),
}


@dataclass(frozen=True)
class ColumnChoice:
    """What the user asked for; None: try the usual names, in any case."""

    title: str | None = None
    body: str | None = None
    source: str | None = None
    id: str | None = None
    topic: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class Columns:
    """The columns of one file, by what they are; None: the file has no such column."""

    title: str | None
    body: str | None
    source: str | None
    id: str | None
    topic: str | None
    label: str | None

    def notice(self) -> str:
        """One line for standard error, such as `title=headline, body=text`."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ", ".join(f"{role}={name}" for role, name in pairs if name is not None)


def find_columns(names: Sequence[str], choice: ColumnChoice, origin: str) -> Columns:
    """The columns of a file that has `names`.

    Raises
    ------
    InputError
        No title or body, or a column that was asked for is not there; the message says what there is.
    """
    found: dict[str, str | None] = {}
    lowered: dict[str, str] = {}
    for name in names:
        lowered.setdefault(name.strip().lower(), name)
    for role in ROLES:
        asked = getattr(choice, role)
        if asked is not None:
            if asked not in names:
                raise InputError(
                    f"{origin}: there is no column {asked!r}; {_listing(names)}. Name the right one with --{role}."
                )
            found[role] = asked
            continue
        usual = [lowered[name] for name in USUAL_NAMES[role] if name in lowered]
        found[role] = usual[0] if usual else None
        if found[role] is None and role in ("title", "body"):
            tried = ", ".join(USUAL_NAMES[role])
            raise InputError(
                f"{origin}: found no {role} column (tried {tried}); {_listing(names)}. Name it with --{role} COLUMN."
            )
    return Columns(**found)


def columns_unseen(choice: ColumnChoice) -> Columns:
    """The columns of a file in which no row can be read: as asked for, else the first usual name."""
    return Columns(**{role: getattr(choice, role) or USUAL_NAMES[role][0] for role in ROLES})


def _listing(names: Sequence[str], limit: int = 30) -> str:
    if not names:
        return "it has no columns"
    shown = ", ".join(repr(name) for name in names[:limit])
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"its columns are {shown}{more}"
