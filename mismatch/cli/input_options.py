"""How `score` and `gate` read their inputs: from the options to a reader, and to what the parts of a folder depend on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mismatch.cli.reading import layout_of

if TYPE_CHECKING:
    from mismatch.records.bounds import Bounds
    from mismatch.records.reading import Reader


@dataclass(frozen=True)
class InputOptions:
    """The options of both commands that say how inputs are read, under their names on the command line."""

    format: str | None
    title: str | None
    body: str | None
    source: str | None
    id: str | None
    delimiter: str | None
    quote: str | None
    encoding: str | None
    table: str | None
    bodies: str | None
    limit: list[str] | None
    with_body: bool
    page_seconds: float
    page_memory: int

    def bounds(self) -> Bounds:
        """
        Raises
        ------
        InputError
            A limit has no such name, or its value is no number.
        """
        from mismatch.records.bounds import with_limits

        return with_limits(self.limit or [])

    def reader(self, inputs: list[str]) -> Reader:
        """A reader of the inputs.

        Raises
        ------
        InputError
            An option makes no sense, or an input cannot be read.
        """
        from mismatch.records.columns import ColumnChoice
        from mismatch.records.pages.inputs import page_options
        from mismatch.records.reading import Reader

        return Reader(
            inputs,
            format=self.format,
            columns=ColumnChoice(title=self.title, body=self.body, source=self.source, id=self.id),
            layout=layout_of(self.delimiter, self.quote, self.encoding, self.table),
            bodies=self.bodies,
            bounds=self.bounds(),
            pages=page_options(self.with_body, self.page_seconds, self.page_memory),
        )

    def plain(self) -> dict[str, Any]:
        """The options as the manifest of a folder keeps them."""
        return asdict(self)
