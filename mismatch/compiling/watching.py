"""Who wants to know that something is about to be compiled. Imports nothing, so that every command can ask."""

from __future__ import annotations

from collections.abc import Callable

watchers: list[Callable[[str], None]] = []
"""each is called with the name of a kernel that is in no file, before it is compiled or waited for"""
