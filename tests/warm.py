"""The command as a process that starts warm: forked from one that has imported the package already.

It is a process like any other, with its own signals, streams, folder, environment and end; only the second that the imports
take is spared. What depends on the start itself (what is imported when, how much memory, an environment that is read before
anything else) starts `python -m mismatch.cli`. So does everything on other systems than Linux.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent
IMPORTED = (
    "mismatch.cli", "mismatch.judging.adaptation", "mismatch.judging.pipeline", "mismatch.batch.scored",
    "mismatch.serve.command", "mismatch.serve.application", "uvicorn", "uvloop", "httptools", "prometheus_client",
)  # fmt: skip
READ_AT_START = ("PYTHON", "NUMBA", "OMP", "LC_", "LANG", "SSL_")
_LONGEST_MESSAGE = 1 << 20


class Warm:
    """A process that was started warm, with what is used here of `subprocess.Popen`.

    Parameters
    ----------
    terminal
        It leads a session of its own, and standard input becomes its terminal.
    """

    def __init__(
        self, arguments: list[str], streams: tuple[int, int, int], *, folder: Path, environment: dict[str, str],
        terminal: bool = False,
    ) -> None:  # fmt: skip
        self.returncode: int | None = None
        self._keeper = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._keeper.connect(str(_server()))
        message = {"arguments": arguments, "folder": str(folder), "environment": environment, "terminal": terminal}
        socket.send_fds(self._keeper, [json.dumps(message).encode()], list(streams))
        self.pid = int(self._keeper.recv(64))

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, or minus the number of the signal that ended it."""
        if self.returncode is None:
            self._keeper.settimeout(timeout)
            try:
                self.returncode = int(self._keeper.recv(64))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("mismatch", timeout or 0) from None
            self._keeper.close()
        return self.returncode

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    arguments: list[str], streams: tuple[int, int, int], *, folder: Path, environment: dict[str, str], terminal: bool = False
) -> Warm | subprocess.Popen[bytes]:
    """The command as a process: warm where that can be. The parameters are those of `Warm`."""
    if can_start():
        return Warm(arguments, streams, folder=folder, environment=environment, terminal=terminal)
    stdin, stdout, stderr = streams
    return subprocess.Popen(
        [sys.executable, "-m", "mismatch.cli", *arguments], stdin=stdin, stdout=stdout, stderr=stderr, cwd=folder,
        env=environment, start_new_session=terminal, preexec_fn=_take_terminal if terminal else None,
    )  # fmt: skip


def _take_terminal() -> None:
    """In the new process: keys such as Ctrl-C become signals to it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background hands down that it is ignored


def run_warm(
    arguments: list[str], stdin: bytes, *, folder: Path, environment: dict[str, str], timeout: float
) -> tuple[int, bytes, bytes]:
    """The exit code, standard output and standard error of the command between pipes."""
    ours, theirs = zip(*[pair if k else reversed(pair) for k, pair in enumerate(os.pipe() for _ in range(3))], strict=True)
    process = Warm(arguments, theirs, folder=folder, environment=environment)
    for number in theirs:
        os.close(number)
    with ThreadPoolExecutor(3) as pool:
        _, *said = [pool.submit(_feed, ours[0], stdin), *(pool.submit(_read, number) for number in ours[1:])]
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        return code, said[0].result(), said[1].result()


def _feed(number: int, data: bytes) -> None:
    with suppress(BrokenPipeError), open(number, "wb") as pipe:
        pipe.write(data)


def _read(number: int) -> bytes:
    with open(number, "rb") as pipe:
        return pipe.read()


def can_start(more: dict[str, str] | None = None) -> bool:
    """Whether a process that is to have these variables too can be started warm."""
    return sys.platform == "linux" and not any(name.startswith(READ_AT_START) for name in more or ())


@lru_cache(maxsize=1)
def _server() -> Path:
    """The address of the one process of this run of pytest that others are forked from; it ends with this one."""
    folder = tempfile.TemporaryDirectory(prefix="warm")
    path = Path(folder.name) / "socket"
    server = subprocess.Popen([sys.executable, __file__, str(path)], stdin=subprocess.PIPE, cwd=ROOT)
    atexit.register(_end, server, folder)
    end = time.monotonic() + 120
    while not path.exists():
        assert server.poll() is None and time.monotonic() < end, "what starts processes has not started"
        time.sleep(0.02)
    return path


def _end(server: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
    server.kill()
    server.wait()
    folder.cleanup()


def _serve(path: str) -> None:
    """Forks for whoever connects; returns in the new process alone, which is to become the command."""
    sys.path[:0] = [str(ROOT)]
    for name in IMPORTED:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(f"{path}.new")
    listener.listen(16)
    os.rename(f"{path}.new", path)
    while True:
        ready, _, _ = select.select([listener, 0], [], [])
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if listener not in ready:  # who started this has ended
            os._exit(0)
        asking, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _keep(asking)
            return
        asking.close()


def _keep(asking: socket.socket) -> None:
    """Forks once more; waits for the new process and says how it ended. Returns in the new one."""
    data, streams, _, _ = socket.recv_fds(asking, _LONGEST_MESSAGE, 3)
    if (pid := os.fork()) == 0:
        asking.close()
        _become(json.loads(data), streams)
        return
    for number in streams:
        os.close(number)
    with suppress(OSError):
        asking.send(str(pid).encode())
    gone, _, _ = select.select([asking, ended := os.pidfd_open(pid)], [], [])
    if ended not in gone:  # nobody waits for it any more
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(OSError):
        asking.send(str(code).encode())
    os._exit(0)


def _become(asked: dict[str, Any], streams: list[int]) -> None:
    """What the operating system and Python do at the start of `mismatch`."""
    for number, taken in enumerate(streams):
        os.dup2(taken, number)
        os.close(taken)
    if asked["terminal"]:
        os.setsid()
        _take_terminal()
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    sys.path[:1] = ["", *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["mismatch", *asked["arguments"]]
    sys.stdin = _opened(0, "r")
    sys.stdout, sys.stderr = _opened(1, "w"), _opened(2, "w", errors="backslashreplace", line_buffering=True)


def _opened(number: int, mode: str, *, errors: str = "strict", line_buffering: bool = False) -> IO[str]:
    stream: Any = open(number, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
    if mode == "w":
        stream.reconfigure(line_buffering=line_buffering or os.isatty(number))
    return stream


if __name__ == "__main__":
    _serve(sys.argv[1])
    from mismatch.cli import main

    main()
