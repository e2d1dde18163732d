"""Options whose value is empty are wrong usage: most often a variable of the shell was not set."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from mismatch.errors import InputError

_MAY_BE_EMPTY = frozenset({"--body-text"})
"""an article without a body can be explained; so can one without a title, where `--title` is no column"""


class Command(TyperCommand):
    """A command that refuses options without a value, such as `--out "$UNSET"`, which would name the working directory."""

    def invoke(self, ctx: Any) -> Any:
        for parameter in self.params:
            value = ctx.params.get(parameter.name)
            name = max(parameter.opts, key=len)
            if not name.startswith("-") or name in _MAY_BE_EMPTY or (name == "--title" and not ctx.params.get("inputs")):
                continue
            if any(one == "" for one in (value if isinstance(value, list) else [value])):
                raise InputError(f"{name} has no value; is a variable of the shell empty?")
        return super().invoke(ctx)
