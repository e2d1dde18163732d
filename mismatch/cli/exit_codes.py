"""How a command ends: whatever goes wrong is one line on standard error and an exit code, never a traceback."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from mismatch.cli.stopping import TERMINATED, Terminated, watched
from mismatch.errors import InputError, MismatchError
from mismatch.records.output.outside_text import safe
from mismatch.records.stores.failures import UPLOADING

WRONG_USAGE = InputError.exit_code
INTERRUPTED = 130
PIPE_CLOSED = 141
"""as the shell has it for a command that SIGPIPE ended: not 0, which would say that a gate has passed"""
FAULT = 70
"""a fault of the program, as sysexits.h has it: never 1, which says that a gate has judged and failed"""
SHOW_TRACEBACK = "MISMATCH_TRACEBACK"
"""environment variable: where it is set, a fault shows its traceback too"""
_LONGEST_MESSAGE = 2000
_NOTHING = "no file was written"

# typer brings a copy of click with it, or uses click itself, by version
_WrongUsage: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


class Commands(TyperGroup):
    """The commands, with an end for everything that can go wrong in them."""

    def invoke(self, ctx: Any) -> Any:
        try:
            try:
                return super().invoke(ctx)
            finally:
                if not isinstance(sys.exc_info()[1], (MismatchError, OSError)):
                    _flush()
        except MismatchError as error:
            _end(str(error), error.exit_code)
        except BrokenPipeError:
            _end(None, PIPE_CLOSED)
        except (KeyboardInterrupt, Terminated) as stopped:
            _end(*_of_a_stop(stopped))
        except ImportError as error:
            if isinstance(error.__cause__, (KeyboardInterrupt, Terminated)):  # the signal came while a library was loaded
                _end(*_of_a_stop(error.__cause__))
            raise
        except MemoryError:
            _end("memory ran out; give fewer rows at once, or fewer --threads", WRONG_USAGE)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else "standard output: " if _is_refused() else ""
            _end(f"{where}cannot be read or written ({error.strerror or error})", WRONG_USAGE)


def run(app: typer.Typer, name: str) -> NoReturn:
    """Runs the application and ends the process."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        with watched():
            code = app(prog_name=name, standalone_mode=False)
    except _WrongUsage as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else name
        _tell(f"{error.format_message().rstrip('.')}; see {command} --help")
        code = WRONG_USAGE
    except typer.Abort:
        code = INTERRUPTED
    except (KeyboardInterrupt, Terminated) as stopped:  # before the command began, or behind its end
        words, code = _of_a_stop(stopped)
        _tell(words)
    except SystemExit as ended:  # the libraries that print help leave with 1 when nobody reads it, which means another thing
        code = PIPE_CLOSED if ended.code == 1 else int(ended.code or 0)
    except Exception as error:
        _tell_fault(error)
        code = FAULT
    if any(thread.name == UPLOADING for thread in threading.enumerate()):  # it was interrupted; pyarrow would wait for it
        sys.stderr.flush()
        os._exit(code or 0)
    raise SystemExit(code or 0)


def _tell_fault(error: Exception) -> None:
    """One line for whoever met a fault of ours, with what those who mend it have to know."""
    from mismatch import __version__

    place, trace = "", error.__traceback__
    while trace is not None:
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    if os.environ.get(SHOW_TRACEBACK):
        traceback.print_exception(error)
    what = f"{type(error).__name__}: {str(error)[:300]}".rstrip(": ")
    _tell(
        f"this is a fault of mismatch {__version__}, and nothing that it was given is to blame: {what} ({place}). Please report "
        f"it to its maintainers with this line, the command and the rows; {SHOW_TRACEBACK}=1 shows where it happened"
    )


def _open_closed_streams() -> None:
    """Python has None for a stream that was closed for it (`>&-`): nothing is read from it, what is written is an error."""
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _flush() -> None:
    """What standard output refuses has to be known before the exit code is chosen."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"standard output: cannot be written ({error.strerror})") from None


def _is_refused() -> bool:
    """Whether standard output does not take what is written to it."""
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _end(words: str | None, code: int) -> NoReturn:
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to complain at exit
    if words is not None:
        _tell(words)
    raise typer.Exit(code)


def _of_a_stop(by: BaseException) -> tuple[str, int]:
    """The words and the code of a command that a signal ended."""
    word, code = ("interrupted", INTERRUPTED) if isinstance(by, KeyboardInterrupt) else ("terminated", TERMINATED)
    return f"{word}; {by.args[0] if by.args else _NOTHING}", code


def _tell(words: str) -> None:
    try:
        sys.stderr.write(f"mismatch: {safe(words, _LONGEST_MESSAGE)}\n")
    except OSError:
        pass  # nobody listens
