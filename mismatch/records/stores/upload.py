"""A file that goes into a store whole or not at all: collected on this machine, and sent at the end."""

from __future__ import annotations

import ctypes
import io
import secrets
import tempfile
import threading
from typing import IO, Any, cast

import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.stores.failures import UPLOADING, StoreError, in_words
from mismatch.records.stores.stored_file import StoredFile

_PIECE = 8 << 20


class Upload(io.RawIOBase):
    """What is written is kept in a temporary file without a name, so that a killed run leaves none; `send` sends it.

    A store shows an object when its last part is there: whatever ends a run before that leaves what was there as it was.
    HDFS shows a file while it is written, so that it gets its name at the end there.
    """

    def __init__(self, target: StoredFile) -> None:
        """
        Raises
        ------
        OSError
            The store does not answer, or there is no such bucket.
        """
        super().__init__()
        self._target = target
        self._check()
        self._spool = cast(IO[bytes], tempfile.TemporaryFile(prefix="mismatch-", buffering=0))  # noqa: SIM115 (open until sent)
        self._given_up = threading.Event()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Keeps some bytes; returns how many."""
        return self._spool.write(data)

    def send(self) -> None:
        """Sends all of it; a second call does nothing. Closing does not: whoever breaks off closes too.

        Raises
        ------
        OSError
            The store did not take it.
        """
        if self._spool.closed:
            return
        failed: list[BaseException] = []

        def send() -> None:
            try:
                self._send()
            except BaseException as error:
                failed.append(error)

        try:
            thread = threading.Thread(target=send, name=UPLOADING, daemon=True)  # so that whoever waits can be interrupted
            thread.start()
            thread.join()
        except BaseException:
            self._given_up.set()
            raise
        self._spool.close()
        if failed:
            raise StoreError(in_words(failed[0])) from None

    def discard(self) -> None:
        """Forgets what was written; after `send` it does nothing."""
        self._given_up.set()
        self._spool.close()

    def _check(self) -> None:
        from pyarrow import fs

        address = self._target.address
        if not address.name or address.key.endswith("/"):
            raise InputError(f"{address}: names a folder; name an object in it.")
        try:
            system = address.connected()
            if system.get_file_info(address.bucket).type == fs.FileType.NotFound:
                raise StoreError("there is no such bucket")
        except (OSError, pa.ArrowException) as error:
            raise StoreError(in_words(error)) from None

    def _send(self) -> None:
        address = self._target.address
        system, path = address.connected(), address.path
        hdfs = address.scheme == "hdfs"
        way = f"{path.rpartition('/')[0]}/.{address.name[:100]}.{secrets.token_hex(4)}" if hdfs else path
        stream = system.open_output_stream(way, compression=None)
        try:
            self._spool.seek(0)
            while piece := self._spool.read(_PIECE):
                stream.write(piece)
                if self._given_up.is_set():
                    raise StoreError("given up")
            stream.close()
            if hdfs:
                system.move(way, path)
        except BaseException:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(stream))  # never let go: that would complete half an object
            raise
