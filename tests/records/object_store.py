"""An object store that the tests start, and a way to it that can stall, be cut, and be counted on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pyarrow.fs as fs

BUCKET = "newsroom"
KEY_ID, SECRET = "TESTKEYID", "tEsTsEcReTkEy"
_SERVER = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


class ObjectStore:
    """An S3-compatible server with one bucket, and what stands in it."""

    def __init__(self, port: int, *, has_bucket: bool = True) -> None:
        self.port = port
        options = {"access_key": KEY_ID, "secret_key": SECRET, "region": "us-east-1"}
        self._system = fs.S3FileSystem(endpoint_override=self.endpoint, allow_bucket_creation=True, **options)
        if has_bucket:
            self._system.create_dir(BUCKET)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, port: int | None = None) -> dict[str, str]:
        """What a command needs to know of the store, or of a way to it."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}", "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip

    def put(self, key: str, content: bytes) -> str:
        """Stores an object; returns its address."""
        with self._system.open_output_stream(f"{BUCKET}/{key}", compression=None) as stream:
            stream.write(content)
        return self.address(key)

    def get(self, key: str) -> bytes | None:
        """What an object holds; None where there is none."""
        try:
            with self._system.open_input_file(f"{BUCKET}/{key}") as file:
                return file.readall()
        except FileNotFoundError:
            return None

    def keys(self, folder: str) -> list[str]:
        """The names of the objects below a folder."""
        found = self._system.get_file_info(fs.FileSelector(f"{BUCKET}/{folder}", recursive=True, allow_not_found=True))
        return sorted(info.path.removeprefix(f"{BUCKET}/{folder}/") for info in found if info.is_file)

    @staticmethod
    def address(key: str) -> str:
        return f"s3://{BUCKET}/{key}"


@contextmanager
def started(*, checks_access: bool = False) -> Iterator[ObjectStore]:
    """A store that runs as long as the block; with `checks_access` it knows nobody, and has no bucket."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, **({"INITIAL_NO_AUTH_ACTION_COUNT": "0"} if checks_access else {})}
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", _SERVER], env=environment, **pipes)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield ObjectStore(int(process.stdout.readline()), has_bucket=not checks_access)
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


class Way:
    """Forwards to a port. `sent` and `received` count bytes; beyond a limit of them it stalls, or breaks off for good."""

    def __init__(self, target: int, *, stalls_at: int | None = None, breaks_at: int | None = None) -> None:
        self._target, self._stalls_at, self._breaks_at = target, stalls_at, breaks_at
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.sent = self.received = 0
        self.stalled = threading.Event()
        self._ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def breaks(self) -> None:
        """From now on nothing comes back."""
        self._breaks_at = 0

    def __enter__(self) -> Way:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listening.accept()[0]
                server = socket.create_connection(("127.0.0.1", self._target))
                for pair, back in (((client, server), False), ((server, client), True)):
                    threading.Thread(target=self._forward, args=(*pair, back), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if back:
                    self.received += len(data)
                else:
                    self.sent += len(data)
                if self._stalls_at is not None and self.sent > self._stalls_at:
                    self.stalled.set()
                    self._ended.wait()
                if self._breaks_at is not None and self.received > self._breaks_at:
                    break
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def silent() -> socket.socket:
    """A port that takes connections and never answers."""
    return socket.create_server(("127.0.0.1", 0), backlog=64)
