"""A file that appears whole or not at all: written under a temporary name in its folder, renamed at the
end."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.known_formats import format_of
from mismatch.records.left_behind import remove_left_behind
from mismatch.records.output.temporary import new_temporary
from mismatch.records.python_compression import WRITTEN_BY_PYTHON, Compressed
from mismatch.records.scratch import write_all
from mismatch.records.stores.failures import StoreError
from mismatch.records.stores.stored_file import StoredFile, place_of
from mismatch.records.stores.upload import Upload


class WholeOrNothing:
    """A context manager: leaving it commits, an exception (KeyboardInterrupt too) discards."""

    def commit(self) -> None:
        """Completes what was written and gives it its name."""
        raise NotImplementedError

    def discard(self) -> None:
        """Leaves nothing behind."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()


class OutputFile(WholeOrNothing):
    """Bytes go in; `commit` gives the file its name, `discard` leaves nothing; so does a `with` by how it ends.

    None or `-` is standard output. What exists and is no regular file (a device, a named pipe) is written
    directly. A name that ends with .gz, .zst, .bz2 or .xz is compressed. The folder is checked at once.

    Until then only its owner may read it. A file that is replaced hands on its permissions, and a link goes on pointing to
    it. What has its name has reached the disk.

    Raises
    ------
    InputError
        The folder is missing or closed to us, the disk is full. A closed pipe stays BrokenPipeError.
    """

    def __init__(self, path: str | Path | None, stdout: IO[bytes] | None = None, *, compress: bool = True) -> None:
        self.is_stdout = path is None or str(path) == "-"
        self.name = "standard output" if self.is_stdout else str(path)
        self._temporary: Path | None = None
        self._process = os.getpid()
        self.is_open = True
        self._compressor: pa.CompressedOutputStream | Compressed | None = None
        self._whole = _Whole()
        if self.is_stdout:
            self._raw: Any = stdout if stdout is not None else sys.stdout.buffer
            return
        place = place_of(path or "")
        if isinstance(place, StoredFile):
            try:
                self._raw = Upload(place)
            except OSError as error:
                raise self._error(error) from None
            self._compress(format_of(place.name)[1] if compress else None)
            return
        is_special = place.exists() and not place.is_file()  # where the name of a pipe in /dev/fd leads nobody can open it
        self._final = place if is_special else Path(os.path.realpath(place))
        if self._final.is_dir():
            raise InputError(f"{path}: is a folder; name a file in it.")
        if not self._final.parent.is_dir():
            raise InputError(f"{path}: the folder {self._final.parent} does not exist; create it first.")
        try:
            if not is_special:
                remove_left_behind(self._final.parent)
                remove_left_behind(tempfile.gettempdir())
                self._temporary, number = new_temporary(self._final)
                self._raw = open(number, "wb", buffering=0)  # noqa: SIM115 (open until it is finished)
            else:
                self._raw = open(self._final, "wb", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise self._error(error) from None
        self._compress(format_of(self._final.name)[1] if compress else None)

    def __del__(self) -> None:
        """What a signal ended before the `with` began is removed too, in the process that made it."""
        temporary = getattr(self, "_temporary", None)
        if temporary is not None and self.is_open and self._process == os.getpid():
            with suppress(Exception):  # it may not have come to be opened
                self.discard()
            with suppress(OSError):
                temporary.unlink()

    def _compress(self, compression: str | None) -> None:
        if compression is not None:
            compressed = Compressed if compression in WRITTEN_BY_PYTHON else pa.CompressedOutputStream
            self._whole.raw = self._raw
            self._compressor = compressed(self._whole, compression)

    def write(self, data: Any) -> int:
        """Writes all of `data` (bytes-like); returns its length."""
        view = memoryview(data).cast("B")
        try:
            if self._compressor is not None:
                self._compressor.write(pa.py_buffer(view))
            else:
                write_all(self._raw, view)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._error(error) from None
        return len(view)

    def flush(self) -> None:
        """Passes on to whoever reads standard output what has been written so far."""
        if self.is_stdout:
            try:
                self._raw.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                raise self._error(error) from None

    def commit(self) -> None:
        """Closes the file and gives it its name; a second call does nothing."""
        if not self.is_open:
            return
        try:
            if self._temporary is None:
                if self._compressor is not None:
                    self._compressor.close()
                if isinstance(self._raw, Upload):
                    self._raw.send()
                else:
                    (self._raw.flush if self.is_stdout else self._raw.close)()
            else:
                self._name_it(self._temporary)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.discard()
            raise self._error(error) from None
        except BaseException:
            self.discard()
            raise
        self.is_open = False

    def _name_it(self, temporary: Path) -> None:
        number = os.dup(self._raw.fileno())
        try:
            if self._compressor is not None:
                self._compressor.close()
            self._raw.close()
            _hand_on_permissions(self._final, number)
            os.fsync(number)
        finally:
            os.close(number)
        os.replace(temporary, self._final)
        sync_folder(self._final.parent)

    def discard(self) -> None:
        """Closes the file and removes it; a second call, or one after `commit`, does nothing."""
        if not self.is_open:
            return
        self.is_open = False
        if self._compressor is not None:
            self._whole.raw = None  # Arrow writes what it holds back when it is closed, or complains when it cannot
            with suppress(OSError, ValueError):  # one that has failed before
                self._compressor.close()
        if isinstance(self._raw, Upload):
            self._raw.discard()
        elif not self.is_stdout:
            with suppress(OSError):
                self._raw.close()
        if self._temporary is not None:
            with suppress(OSError):
                self._temporary.unlink()

    def _error(self, error: OSError) -> InputError:
        if isinstance(error, StoreError):
            return InputError(f"{self.name}: cannot be written ({error}); check the address, or write elsewhere.")
        reason = error.strerror or str(error)
        return InputError(f"{self.name}: cannot be written ({reason}); free some space or write elsewhere.")


class _WriteOnly:
    """What pyarrow asks of a file that it writes to; closing it says so, and no more."""

    closed = False

    def flush(self) -> None:
        return None

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


class _Whole(_WriteOnly):
    """What a compressor writes to: `raw` takes everything, or raises; None throws it away. Closing leaves `raw` open."""

    def __init__(self) -> None:
        self.raw: Any = None

    def write(self, data: Any) -> int:
        if self.raw is not None:
            write_all(self.raw, data)
        return memoryview(data).nbytes


def _hand_on_permissions(replaced: Path, number: int) -> None:
    """Gives an open file the permissions of the one that it will replace; those of any new file where there is none."""
    if not hasattr(os, "fchmod"):
        return
    try:
        before = os.stat(replaced)
    except FileNotFoundError:
        os.fchmod(number, 0o666 & ~_umask())
        return
    with suppress(PermissionError):
        os.fchown(number, before.st_uid, before.st_gid)
    os.fchmod(number, stat.S_IMODE(before.st_mode))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sync_folder(folder: Path) -> None:
    """Has the names of a folder written to the disk, where the system knows how."""
    try:
        number = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(number)
    except OSError:
        pass  # some file systems do not sync folders
    finally:
        os.close(number)


class AsFile(_WriteOnly):
    """An `OutputFile` as pyarrow's writers want it."""

    def __init__(self, output: OutputFile) -> None:
        self._output, self._written = output, 0

    def write(self, data: Any) -> int:
        n = self._output.write(data) if self._output.is_open else memoryview(data).nbytes  # a discarded writer's last words
        self._written += n
        return n

    def tell(self) -> int:
        return self._written
