"""Disks that are full: one line, no half of a file, nothing left behind, and no byte lost in silence."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if sys.platform == "win32":
    pytest.skip("needs limits on the size of files", allow_module_level=True)

from disk_full import files_of_at_most

from mismatch.batch.trace_store import TraceStore
from mismatch.errors import InputError
from mismatch.model.model_file import load_model, save_model
from mismatch.records.output.output_file import OutputFile
from mismatch.records.parts.lock import FolderLock
from mismatch.records.reading import Reader
from mismatch.records.scratch import NoRoomError

NAMES = ["out", "out.gz", "out.zst", "out.bz2", "out.xz"]


def _write(path: Path) -> None:
    with OutputFile(path) as file:
        for part in range(40):
            file.write(bytes(part * i % 251 for i in range(1, 5000)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lacking", [1, 10, None])
def test_what_does_not_fit_is_an_error_and_no_file(
    tmp_path: Path, name: str, lacking: int | None, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    _write(path)
    room = 0 if lacking is None else path.stat().st_size - lacking
    path.unlink()
    with files_of_at_most(room), pytest.raises(InputError, match="cannot be written"):
        _write(path)
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""  # Arrow speaks up where a stream of its own cannot be closed


def test_a_folder_that_cannot_be_locked_keeps_no_lock(tmp_path: Path) -> None:
    before = len(os.listdir("/dev/fd"))
    with files_of_at_most(0), pytest.raises(InputError, match="cannot be written to"), FolderLock(tmp_path):
        raise AssertionError
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/dev/fd")) == before


def test_a_model_that_does_not_fit_is_no_unusable_model(tmp_path: Path, model_path: Path) -> None:
    model = load_model(model_path)
    with files_of_at_most(100), pytest.raises(InputError.__base__, match="the model cannot be written") as raised:
        save_model(model, tmp_path / "m.joblib")
    assert raised.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def _parquet(articles: list[dict[str, str]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(articles), file)
    return file.getvalue()


def _read_a_stream(articles: list[dict[str, str]]) -> None:
    Reader(["-"], format="parquet", stdin=io.BytesIO(_parquet(articles)))


def _read_a_long_row(articles: list[dict[str, str]]) -> None:
    rows = b'{"title": "a", "body": "b"}\n{"title": "a", "body": "' + b"x" * 200_000 + b'"}\n'
    for _ in Reader(["-"], format="jsonl", stdin=io.BytesIO(rows), chunk_bytes=1000, max_line_bytes=5000):
        pass


def _trace(articles: list[dict[str, str]]) -> None:
    with TraceStore() as store:
        store.finish()


@pytest.mark.parametrize("work", [_read_a_stream, _read_a_long_row, _trace])
def test_no_room_for_temporary_files_names_their_folder(
    scratch: Path, articles: list[dict[str, str]], work: Callable[[list[dict[str, str]]], Any]
) -> None:
    with files_of_at_most(10), pytest.raises(NoRoomError, match=str(scratch)):
        work(articles)
    gc.collect()
    assert list(scratch.iterdir()) == []
    work(articles)
