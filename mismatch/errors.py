"""The errors that this package raises on purpose: one line each, saying what is wrong, where, and what to
do."""

from __future__ import annotations

from collections.abc import Sequence


class MismatchError(Exception):
    """Something the user can act on; the command line prints the message and ends with `exit_code`."""

    exit_code = 2


class InputError(MismatchError):
    """An input or output that cannot be used: a missing file, a missing column, a full disk."""


class MissingColumnError(InputError):
    """A column that an input does not have; `columns` are those that it has."""

    def __init__(self, message: str, columns: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.columns = tuple(columns)


class ModelError(MismatchError):
    """A model file that cannot be used."""

    exit_code = 3


class UnwrittenModelError(ModelError):
    """A model that could not be written; nothing is wrong with the model."""

    exit_code = InputError.exit_code


class MissingExtraError(MismatchError):
    """An optional dependency that is not installed; the message ends with the command that installs it."""

    def __init__(self, words: str, extra: str | None = None) -> None:
        super().__init__(words if extra is None else f"{words}: {_command(extra)}")


def _command(extra: str) -> str:
    """How an extra is installed: by the package's name, and from the folder where it was installed from one."""
    by_name = f'pip install "headline-mismatch[{extra}]"'
    folder = _installed_from()
    if folder is None:
        return by_name
    return f'{by_name}, or, as it was installed from a folder, pip install "{folder}[{extra}]"'


def _installed_from() -> str | None:
    """The folder that pip installed this package from, as pip notes it (PEP 610); None where there is none now."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution
    from pathlib import Path
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        origin = json.loads(distribution("headline-mismatch").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return None
    address = urlsplit(str(origin.get("url", "")))
    if address.scheme != "file" or "dir_info" not in origin:
        return None
    folder = Path(url2pathname(address.path))
    return str(folder) if (folder / "pyproject.toml").is_file() else None
