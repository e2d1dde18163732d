"""A file in a store, with what the package asks of a `Path`: its name, its size, and to be opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

from mismatch.errors import InputError
from mismatch.records.stores.address import Address, address_of, local_path
from mismatch.records.stores.failures import StoreError, in_words
from mismatch.records.stores.reading_ahead import ReadingAhead

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.fs import FileSystem


class StoredFile:
    """A file in a store. Nothing is asked of the store before it is needed; what fails is an `OSError` in words."""

    def __init__(self, address: Address, size: int | None = None) -> None:
        self.address, self._size = address, size
        self._tag: bytes | str | None = None

    def __str__(self) -> str:
        return str(self.address)

    def __fspath__(self) -> str:
        """What knows paths only is told that there is no such file."""
        return str(self.address)

    @property
    def name(self) -> str:
        """The last part of its key."""
        return self.address.name

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.name).stem

    def is_file(self) -> bool:
        """It can be opened as often as wanted; whether it is there, opening it tells."""
        return True

    def stat(self) -> Any:
        """Its size, as `st_size`."""
        if self._size is None:
            with self._asking():
                self._size = self._system.get_file_info(self.address.path).size
            if self._size is None:
                raise StoreError("there is no such object", str(self))
        return SimpleNamespace(st_size=self._size)

    def open(self, mode: str = "rb", buffering: int = 0) -> ReadingAhead:
        """Opens it for reading."""
        assert mode == "rb"
        return ReadingAhead(self.open_arrow(), self.stat().st_size, lambda: self.open_arrow().close())

    def open_arrow(self) -> pa.NativeFile:
        """Opens it for pyarrow's readers; an object that is not the one it was before is refused."""
        size = self.stat().st_size
        with self._asking():
            file = self._system.open_input_file(self.address.path)
            about = file.metadata()
        tag = about.get("ETag") or about.get("etag")
        if file.size() != size or (self._tag is not None and tag != self._tag):
            file.close()
            raise StoreError("it has changed since it was first looked at", str(self))
        self._tag = tag
        return file

    @cached_property
    def _system(self) -> FileSystem:
        return self.address.connected()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (InputError, StoreError):
            raise
        except (OSError, pa.ArrowException) as error:
            raise StoreError(in_words(error), str(self)) from None


Place: TypeAlias = Path | StoredFile
"""where a file lies"""


def place_of(name: str | Path | StoredFile) -> Place:
    """The place that a path or an address names; a store is not asked.

    Raises
    ------
    InputError
        The address makes no sense, or no file can be called so.
    """
    if isinstance(name, StoredFile):
        return name
    if not isinstance(name, (str, Path)):
        raise InputError(f"a {type(name).__name__} is no path of a file")
    try:
        can_be_one = b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        can_be_one = False
    if not can_be_one:
        raise InputError(f"{str(name)[:100]!r} can be no path of a file")
    address = address_of(name)
    return Path(local_path(name)) if address is None else StoredFile(address)
