"""Plain values out of a pickle, compressed or not, read piece by piece: no class, no function, no more than so many bytes.

Loading runs no code. A pickle needs an opcode that names a class or a function to run anything; only those opcodes have a
handler here that build plain values. The file is read, inflated and built in one go, so that beside the values there is
never a second copy of them in memory.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import pickletools
import zlib
from typing import IO, Any, NoReturn

from mismatch.errors import ModelError
from mismatch.records.stores.reading_ahead import ReadingAhead
from mismatch.records.stores.stored_file import Place

_PLAIN_OPCODES = frozenset(
    """PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT SHORT_BINUNICODE BINUNICODE
    BINUNICODE8 SHORT_BINBYTES BINBYTES BINBYTES8 EMPTY_DICT EMPTY_LIST APPEND APPENDS SETITEM SETITEMS BINGET
    LONG_BINGET MEMOIZE""".split()  # noqa: SIM905 (a page of quotes says less)
)
"""what joblib writes for plain values at protocol 4, and no more: PUT, for one, lets a few bytes ask for gigabytes"""
_NAMES = {ord(opcode.code): opcode.name for opcode in pickletools.opcodes}
_OPCODES_A_VALUE = 4
_LONGEST_FRAME = 1 << 20
"""bytes; what joblib writes ends a frame at 64 kB"""
_PIECE = 1 << 18


def read_plain_values(path: Place, *, most_bytes: int, most_values: int, sha256: str | None = None) -> Any:
    """What a file holds, in as much memory as the values take.

    Parameters
    ----------
    most_bytes
        Of the file, and of what it is inflated to.
    most_values
        About as many values may be built.
    sha256
        The digest that the file must have, in hexadecimal digits. Where it has another, that is what is said of it,
        whatever else is wrong.

    Raises
    ------
    ModelError
        If the file cannot be read, is damaged or too large, holds anything else, or has another digest.
    """
    try:
        with path.open("rb") as file:
            stream = _Stream(path, file, most_bytes)
            try:
                stream.begin()
                value = _PlainUnpickler(stream, path, most_values).load()
                stream.check_end()
            except (ModelError, OSError):
                raise
            except Exception as error:  # a broken pickle may raise anything
                raise ModelError(f"{path}: it is damaged or not a model of mismatch ({type(error).__name__})") from error
            finally:
                if sha256 is not None:
                    stream.check_digest(sha256)
            return value
    except OSError as error:
        raise ModelError(f"{path}: the model cannot be read ({error.strerror or error})") from error


class _PlainUnpickler(pickle._Unpickler):
    """The unpickler of the standard library that is written in Python, with the handlers of plain values alone."""

    def __init__(self, stream: _Stream, path: Place, most_values: int) -> None:
        super().__init__(stream)
        self.dispatch = _Handlers(pickle._Unpickler.dispatch, path, most_values)  # type: ignore[misc]

    def load_frame(self) -> None:
        size = int.from_bytes(self.read(8), "little")  # type: ignore[attr-defined]
        if size > _LONGEST_FRAME:
            raise pickle.UnpicklingError("a frame is too long")
        self._unframer.load_frame(size)  # type: ignore[attr-defined]

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"refers to {module_name}.{global_name}")


class _Handlers(dict[int, Any]):
    """Of each opcode that may come, the function that does it; counts what is asked for."""

    def __init__(self, handlers: dict[int, Any], path: Place, most_values: int) -> None:
        super().__init__({code: do for code, do in handlers.items() if _NAMES[code] in _PLAIN_OPCODES})
        self[pickle.FRAME[0]] = _PlainUnpickler.load_frame
        self._path, self._most = path, most_values
        self._left = _OPCODES_A_VALUE * most_values

    def __getitem__(self, code: int) -> Any:
        self._left -= 1
        if self._left < 0:
            _refuse(self._path, f"it holds more than {self._most:,} values")
        return super().__getitem__(code)

    def __missing__(self, code: int) -> NoReturn:
        if code not in _NAMES:
            raise pickle.UnpicklingError("an unknown opcode")
        _refuse(self._path, f"it holds more than plain values (pickle opcode {_NAMES[code]}); it is not loaded")


class _Stream:
    """The pickle in a file, inflated as it is read."""

    def __init__(self, path: Place, file: IO[bytes] | ReadingAhead, most_bytes: int) -> None:
        self._path, self._file, self._most = path, file, most_bytes
        self._sha256 = hashlib.sha256()
        self._n_raw = self._n_inflated = 0
        self._raw = self._piece = b""
        self._at = 0
        self._inflater: Any = None

    def begin(self) -> None:
        """Finds out whether the file is compressed."""
        self._raw = self._read_raw()
        if self._raw[:1] == b"\x78":
            self._inflater = zlib.decompressobj()
        elif self._raw[:1] != b"\x80":
            _refuse(self._path, "it is not a model of mismatch; write one with `mismatch train`")

    def read(self, n: int) -> bytes:
        """So many bytes; fewer at the end."""
        found = self._piece[self._at : self._at + n]
        self._at += len(found)
        if len(found) == n:
            return found
        whole = io.BytesIO()  # grows in place, and hands out what it holds without a copy
        whole.write(found)
        while (left := n - whole.tell()) > 0 and self._next_piece():
            self._at = whole.write(memoryview(self._piece)[:left])
        return whole.getvalue()

    def readline(self) -> NoReturn:
        raise pickle.UnpicklingError("no opcode here reads a line")

    def check_end(self) -> None:
        """ModelError when there is more behind what was read, or the end is missing."""
        if self.read(1) or (self._inflater is not None and self._inflater.unused_data) or self._read_raw():
            _refuse(self._path, "there is more after its end; copy it again")

    def check_digest(self, expected: str) -> None:
        """ModelError when the SHA-256 of the file is another."""
        while self._read_raw():
            pass
        if (found := self._sha256.hexdigest()) != expected.strip().lower():
            _refuse(self._path, f"its SHA-256 is {found}, not {expected[:64]}: it is not the model that was asked for")

    def _next_piece(self) -> bool:
        """Whether there was another piece."""
        if self._inflater is None:
            self._piece, self._raw = self._raw or self._read_raw(), b""
        else:
            self._piece = b""
            while not self._piece and not self._inflater.eof:
                self._raw = self._raw or self._read_raw()
                if not self._raw:
                    _refuse(self._path, "it is cut off; copy it again")
                try:
                    self._piece = self._inflater.decompress(self._raw, _PIECE)
                except zlib.error:
                    _refuse(self._path, "it is damaged (the compressed data are broken)")
                self._raw = self._inflater.unconsumed_tail
        self._at = 0
        self._n_inflated += len(self._piece)
        self._check_size(self._n_inflated)
        return bool(self._piece)

    def _read_raw(self) -> bytes:
        data = self._file.read(_PIECE)
        self._n_raw += len(data)
        self._check_size(self._n_raw)
        self._sha256.update(data)
        return data

    def _check_size(self, n: int) -> None:
        if n > self._most:
            _refuse(self._path, "it is larger than any model")


def _refuse(path: Place, why: str) -> NoReturn:
    raise ModelError(f"{path}: {why}")
