"""The options that say how inputs are read: one list, which every command that reads inputs takes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, get_type_hints

from mismatch.cli import options
from mismatch.cli.options import (
    Bodies,
    Body,
    Delimiter,
    Encoding,
    Format,
    Id,
    Label,
    Limits,
    PageMemory,
    PageSeconds,
    Quote,
    Source,
    Table,
    Title,
    Topic,
    WithBody,
)

if TYPE_CHECKING:
    from mismatch.records.bounds import Bounds
    from mismatch.records.reading import Reader


@dataclass(frozen=True)
class InputOptions:
    """The options under their names on the command line, with their defaults. A command may leave some out."""

    format: Format = None
    title: Title = None
    body: Body = None
    source: Source = None
    id: Id = None
    topic: Topic = None
    label: Label = None
    delimiter: Delimiter = None
    quote: Quote = None
    encoding: Encoding = None
    table: Table = None
    bodies: Bodies = None
    limit: Limits = None
    with_body: WithBody = False
    page_seconds: PageSeconds = 30
    page_memory: PageMemory = 2048

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
        from mismatch.records.layout import Layout
        from mismatch.records.pages.inputs import page_options
        from mismatch.records.reading import Reader

        return Reader(
            inputs,
            format=self.format,
            columns=ColumnChoice(self.title, self.body, self.source, self.id, self.topic, self.label),
            layout=Layout(self.delimiter, self.quote, self.encoding, self.table),
            bodies=self.bodies,
            bounds=self.bounds(),
            pages=page_options(self.with_body, self.page_seconds, self.page_memory),
        )

    def arguments(self, *left_out: str) -> list[str]:
        """The options that were given, as they stand on a command line."""
        words = []
        for option in fields(self):
            value = getattr(self, option.name)
            if option.name in left_out or value == option.default:
                continue
            for one in value if isinstance(value, list) else [value]:
                words += [f"--{option.name.replace('_', '-')}", *([] if one is True else [str(one)])]
        return words

    def plain(self) -> dict[str, Any]:
        """The options as the manifest of a folder keeps them."""
        return asdict(self)


def reading(*left_out: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """For a command with a parameter `given: InputOptions`: in its place the command line takes the options one by one.

    Parameters
    ----------
    left_out
        Options that make no sense for this command.
    """

    def changed(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        own = [part.replace(annotation=hints[name]) for name, part in inspect.signature(command).parameters.items()]
        kinds = get_type_hints(InputOptions, vars(options), include_extras=True)
        shared = [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=kinds[field.name]
            )
            for field in fields(InputOptions)
            if field.name not in left_out
        ]
        names = [part.name for part in shared]

        @functools.wraps(command)
        def with_options(**values: Any) -> None:
            command(**{name: values[name] for name in values if name not in names},
                    given=InputOptions(**{name: values[name] for name in names}))  # fmt: skip

        parameters = [part.replace(kind=inspect.Parameter.KEYWORD_ONLY) for part in own if part.name != "given"]
        with_options.__signature__ = inspect.Signature([*parameters, *shared])  # type: ignore[attr-defined]
        with_options.__annotations__ = {part.name: part.annotation for part in (*parameters, *shared)}
        return with_options

    return changed
