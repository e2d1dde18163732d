"""A file that appears whole or not at all: written under a temporary name in its folder, renamed at the
end."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.inputs import TEMPORARY_SUFFIX
from mismatch.records.known_formats import format_of
from mismatch.records.python_compression import PYTHON_COMPRESSIONS, Compressed


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

    Raises
    ------
    InputError
        The folder is missing or closed to us, the disk is full. A closed pipe stays BrokenPipeError.
    """

    def __init__(self, path: str | Path | None, stdout: IO[bytes] | None = None, *, compress: bool = True) -> None:
        self.is_stdout = path is None or str(path) == "-"
        self.name = "standard output" if self.is_stdout else str(path)
        self._temporary: Path | None = None
        self.is_open = True
        self._compressor: pa.CompressedOutputStream | Compressed | None = None
        if self.is_stdout:
            self._raw: Any = stdout if stdout is not None else sys.stdout.buffer
            return
        self._final = Path(os.path.realpath(str(path)))
        if self._final.is_dir():
            raise InputError(f"{path}: is a folder; name a file in it.")
        if not self._final.parent.is_dir():
            raise InputError(f"{path}: the folder {self._final.parent} does not exist; create it first.")
        target = self._final
        if not self._final.exists() or self._final.is_file():
            mark = f"{os.getpid()}-{secrets.token_hex(4)}"
            target = self._temporary = self._final.with_name(f".{self._final.name[:100]}.{mark}{TEMPORARY_SUFFIX}")
        try:
            self._raw = open(target, "wb", buffering=0)  # noqa: SIM115 (open until it is finished)
        except OSError as error:
            raise self._error(error) from None
        compression = format_of(self._final.name)[1]
        if compress and compression is not None:
            compressed = Compressed if compression in PYTHON_COMPRESSIONS else pa.CompressedOutputStream
            self._compressor = compressed(self._raw, compression)

    def write(self, data: Any) -> int:
        """Writes all of `data` (bytes-like); returns its length."""
        view = memoryview(data).cast("B")
        try:
            if self._compressor is not None:
                self._compressor.write(pa.py_buffer(view))
            else:
                left = view
                while len(left):
                    done = self._raw.write(left)
                    left = left[done if done is not None else 0 :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._error(error) from None
        return len(view)

    def commit(self) -> None:
        """Closes the file and gives it its name; a second call does nothing."""
        if not self.is_open:
            return
        try:
            if self._compressor is not None:
                self._compressor.close()
            if self.is_stdout:
                self._raw.flush()
            else:
                self._raw.close()
            if self._temporary is not None:
                if self._final.exists():
                    shutil.copymode(self._final, self._temporary)
                os.replace(self._temporary, self._final)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.discard()
            raise self._error(error) from None
        self.is_open = False

    def discard(self) -> None:
        """Closes the file and removes it; a second call, or one after `commit`, does nothing."""
        if not self.is_open:
            return
        self.is_open = False
        if not self.is_stdout:
            with suppress(OSError):
                self._raw.close()
        if self._temporary is not None:
            with suppress(OSError):
                self._temporary.unlink()

    def _error(self, error: OSError) -> InputError:
        reason = error.strerror or str(error)
        return InputError(f"{self.name}: cannot be written ({reason}); free some space or write elsewhere.")


class AsFile:
    """An `OutputFile` as pyarrow's writers want it."""

    def __init__(self, output: OutputFile) -> None:
        self._output, self._written = output, 0
        self.closed = False

    def write(self, data: Any) -> int:
        n = self._output.write(data) if self._output.is_open else memoryview(data).nbytes  # a discarded writer's last words
        self._written += n
        return n

    def tell(self) -> int:
        return self._written

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
