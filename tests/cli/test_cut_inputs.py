"""Every command tells of a compressed input that was cut off or damaged, however it comes; what stands before is read."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

Rows = list[dict[str, str]]


def _zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


COMPRESS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": _zstd}
FORMATS = {
    "jsonl": lambda rows: b"".join(json.dumps(row).encode() + b"\n" for row in rows),
    "json": lambda rows: json.dumps(rows, indent=0).encode(),
    "csv": lambda rows: "".join(["title,body\n", *(f'{r["title"]},"{r["body"]}"\n' for r in rows)]).encode(),
}
COMMANDS = ["score", "gate", "train", "evaluate", "calibrate", "explain"]


def _arguments(command: str, given: Any, model: Path, folder: Path) -> list[Any]:
    return {
        "score": ["score", given, "--model", model],
        "gate": ["gate", given, "--model", model, "--passed", folder / "passed.jsonl"],
        "train": ["train", given, "--fresh", "--out", folder / "new.joblib"],
        "evaluate": ["evaluate", given, "--model", model],
        "calibrate": ["calibrate", model, given, "--out", folder / "new.joblib"],
        "explain": ["explain", given, "--row", "1000000", "--model", model],
    }[command]


def _rows(articles: Rows) -> Rows:
    return [{"title": row["title"].replace(",", ""), "body": row["body"].replace('"', "")} for row in articles * 4]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("by", ["file", "standard input"])
@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_stream_cut_in_its_last_record_is_told(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Rows, command: str, by: str, suffix: str
) -> None:
    for form, written in FORMATS.items():
        whole = COMPRESS[suffix](written(_rows(articles)))
        for lost in (1, 5, 9):
            data = whole[:-lost]
            (path := tmp_path / f"in.{form}.{suffix}").write_bytes(data)
            from_file = by == "file"
            arguments = _arguments(command, path if from_file else "-", model_path, tmp_path)
            ended = invoke(*arguments, "--quiet", "--format", form, stdin=b"" if from_file else data)
            assert ended.code == 2, (form, lost)
            assert "the compressed stream ends early" in ended.err.splitlines()[-1], (form, lost)
            assert [item.name for item in tmp_path.iterdir()] == [path.name]
            path.unlink()


@pytest.mark.parametrize("by", ["file", "standard input"])
@pytest.mark.parametrize("suffix", COMPRESS)
def test_what_stands_before_a_break_is_handed_out(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Rows, suffix: str, by: str
) -> None:
    """Up to the last byte that the libraries themselves can make of it, as two members: the second is cut or damaged."""
    first, second = (COMPRESS[suffix](FORMATS["jsonl"](_rows(articles)[:n])) for n in (30, 20))
    at = len(second) * 2 // 3
    hit = 0 if suffix == "zst" else at  # without the checksums that pyarrow leaves out, other damage may be other text
    flipped = second[:hit] + bytes(b ^ 0x55 for b in second[hit : hit + 30]) + second[hit + 30 :]
    for broken, words in ((second[:at], "ends early"), (flipped, "is damaged")):
        (path := tmp_path / f"in.jsonl.{suffix}").write_bytes(first + broken)
        from_file = by == "file"
        ended = invoke("score", path if from_file else "-", "--model", model_path, "--no-adapt",
                       stdin=b"" if from_file else first + broken)  # fmt: skip
        assert ended.code == 2 and words in ended.err.splitlines()[-1]
        assert len(ended.rows) >= 30
