"""Compiled code in files: what one process has compiled, all later ones load.

A kernel's file is named after the kernel and a digest of everything that its code depends on, so that a file is either the
right one or not there; nothing is ever out of date. Files appear whole, begin with a checksum of the rest, and are looked
for in every folder below, also those that cannot be written to: an image may be built by root and run by a user. A damaged
file is thrown away and compiled anew.

Two processes that need a kernel at the same time compile it once: the one that comes second waits (see `locks`).
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numba
from numba import config
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps

from mismatch.compiling.fingerprint import fingerprint
from mismatch.compiling.locks import Lock
from mismatch.compiling.watching import watchers

_ENDING = ".code"
_KEPT = 32
"""files of one kernel that are kept, the newest: of other versions, processors, versions of Python"""
_DIGEST = hashlib.sha256().digest_size


@lru_cache(maxsize=1)
def folders() -> tuple[Path, ...]:
    """Where compiled code is looked for, in this order; it is written to the first that can be written to.

    `NUMBA_CACHE_DIR` alone where that is set, else beside the package's own compiled modules, and the user's cache.
    """
    if config.CACHE_DIR:
        return (Path(config.CACHE_DIR) / "mismatch",)
    places = [Path(__file__).parent.parent / "__pycache__" / "kernels"]
    if sys.platform == "win32":
        user = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        user = os.path.expanduser("~/Library/Caches")
    else:
        user = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if user and not user.startswith("~"):
        places.append(Path(user) / "mismatch" / "kernels")
    return tuple(places)


def can_be_kept() -> bool:
    """Whether there is a folder that compiled code can be written to."""
    name = f"{os.getpid()}.try"
    kept = _write(name, b"")
    if kept is not None:
        _remove(kept / name)
    return kept is not None


class StoredCode(_Cache):  # type: ignore[misc]
    """The stored code of one kernel, in the shape that numba's dispatcher asks for."""

    def __init__(self, function: Callable[..., Any], fastmath: bool | set[str] = False) -> None:
        self._function = function
        self._fastmath = sorted(fastmath) if isinstance(fastmath, set) else fastmath
        self._name = f"{function.__module__.removeprefix('mismatch.')}.{function.__name__}"
        self._locks: dict[str, Lock] = {}

    @property
    def cache_path(self) -> str:
        return str(folders()[0])

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for these types, or None: then the caller compiles it and calls `save_overload`."""
        name = self._file_name(sig, target_context)
        found = _load(name, target_context)
        if found is None and name not in self._locks:
            for watcher in watchers:
                watcher(self._name)
            lock = Lock.open([folder / f"{name}.lock" for folder in folders()])
            lock.wait(until=lambda: (folders()[0] / name).exists())
            found = _load(name, target_context)
            if found is None:
                self._locks[name] = lock
            else:
                lock.release()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Writes a function that was just compiled. Where no folder can be written to, it is compiled again next time."""
        name = self._file_name(sig, data.target_context)
        try:
            if not data.library.has_dynamic_globals:
                code = dumps(_lean(data._reduce()))
                _write(name, hashlib.sha256(code).digest() + code)
        finally:
            if (lock := self._locks.pop(name, None)) is not None:
                lock.release()

    def enable(self) -> None:
        pass

    def disable(self) -> None:
        pass

    def flush(self) -> None:
        pass

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self._function)

    def _file_name(self, sig: Any, target_context: Any) -> str:
        machine = target_context.codegen().magic_tuple()
        options = (config.OPT, config.LOOP_VECTORIZE, config.SLP_VECTORIZE, config.BOUNDSCHECK)
        made_with = (numba.__version__, sys.version_info[:3], machine, *map(str, options))
        digest = hashlib.sha256(repr((made_with, self._fingerprint, self._fastmath, str(sig))).encode()).hexdigest()
        return f"{self._name}-{digest[:24]}{_ENDING}"


def _lean(reduced: tuple[Any, ...]) -> tuple[Any, ...]:
    """What numba would store of a function, without the environments of parts that hold nothing.

    To restore them, numba would import the modules that they come from, its own compiler's among them.
    """
    *others, environments = reduced
    return (*others, tuple(environment for environment in environments if environment.consts))


def _load(name: str, target_context: Any) -> Any:
    for folder in folders():
        path = folder / name
        try:
            content = path.read_bytes()
        except OSError:
            continue
        code = memoryview(content)[_DIGEST:]
        try:
            if hashlib.sha256(code).digest() != content[:_DIGEST]:
                raise ValueError("damaged")
            # of numba, code that is only run needs this; what it can compile is not even imported until it has to
            rtsys.initialize(target_context)
            return CompileResult._rebuild(target_context, *pickle.loads(code))
        except Exception:  # whatever it is that cannot be loaded, compiling it again will do
            _remove(path)
    return None


def _write(name: str, content: bytes) -> Path | None:
    """Returns the folder, or None where none can be written to."""
    for folder in folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=name, suffix=".new", delete=False) as file:
                try:
                    file.write(content)
                    file.close()
                    os.chmod(file.name, 0o666 & ~_umask())
                    os.replace(file.name, folder / name)
                except BaseException:
                    _remove(Path(file.name))
                    raise
        except OSError:
            continue
        _tidy(folder, name)
        return folder
    return None


@lru_cache(maxsize=1)
def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _tidy(folder: Path, name: str) -> None:
    """Removes the oldest files of a kernel when there are many."""
    try:
        files = sorted(folder.glob(f"{name.rpartition('-')[0]}-*{_ENDING}"), key=lambda path: path.stat().st_mtime)
    except OSError:
        return
    for path in files[:-_KEPT]:
        _remove(path)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        pass
