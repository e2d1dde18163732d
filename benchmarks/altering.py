"""Files of which a few bytes were changed, and models with poisoned contents: by number, each the same every time."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from functools import lru_cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_WORDS = tuple("river bank council vote storm mayor bridge police school train market price festival".split())  # noqa: SIM905
_ROWS = 60


def _rows() -> list[dict[str, str]]:
    chance = random.Random(1)
    return [
        {
            "id": f"a{i}",
            "title": " ".join(chance.sample(_WORDS, 5)).capitalize(),
            "body": " ".join(chance.choice(_WORDS) for _ in range(40)) + ".",
        }
        for i in range(_ROWS)
    ]


def _table() -> pa.Table:
    table, half = pa.Table.from_pylist(_rows()), _ROWS // 2
    more = {
        "section": pa.array(["news", "sport"] * half).dictionary_encode(),
        "tags": pa.array([["a", None], []] * half),
        "meta": pa.array([{"n": 1, "of": "x"}, None] * half),
        "n": pa.array(range(_ROWS)),
        "when": pa.array(range(_ROWS), pa.timestamp("ns")),
        "raw": pa.array([b"\xff\x00"] * _ROWS),
        "price": pa.array([1, None] * half, pa.decimal128(10, 2)),
        "good": pa.array([True, None] * half),
    }
    for name, column in more.items():
        table = table.append_column(name, column)
    return table


def _more_types(table: pa.Table) -> pa.Table:
    half = _ROWS // 2
    more = {
        "view": pa.array([f"a text that is too long for its view {i}" for i in range(_ROWS)], pa.string_view()),
        "list_view": pa.array([[1, 2]] * _ROWS, pa.list_view(pa.int32())),
        "runs": pa.RunEndEncodedArray.from_arrays(pa.array([half, _ROWS], pa.int32()), pa.array(["p", "q"])),
        "map": pa.array([[("k", 1)]] * _ROWS, pa.map_(pa.string(), pa.int64())),
        "pair": pa.array([[1, 2]] * _ROWS, pa.list_(pa.int32(), 2)),
        "either": pa.UnionArray.from_sparse(
            pa.array([0, 1] * half, pa.int8()), [pa.array(range(_ROWS)), pa.array(["u"] * _ROWS)]
        ),
    }  # fmt: skip
    for name, column in more.items():
        table = table.append_column(name, column)
    return table


@lru_cache(maxsize=1)
def seeds() -> tuple[tuple[str, bytes], ...]:
    """The suffix and the bytes of each file that is altered."""
    table, found = _table(), []
    for compression in ("none", "snappy", "zstd"):
        for store_schema in (True, False):
            stream = io.BytesIO()
            pq.write_table(table, stream, compression=compression, store_schema=store_schema, row_group_size=40)
            found.append((".parquet", stream.getvalue()))
    stream, texts = io.BytesIO(), table.select(["title", "body"])
    encodings = {"title": "DELTA_BYTE_ARRAY", "body": "DELTA_LENGTH_BYTE_ARRAY"}
    pq.write_table(texts, stream, data_page_version="2.0", use_dictionary=False, column_encoding=encodings)
    found.append((".parquet", stream.getvalue()))
    for compression in (None, "lz4", "zstd"):
        for new in (pa.ipc.new_file, pa.ipc.new_stream):
            for columns in (_more_types(table), texts.slice(0, 3)):
                stream = io.BytesIO()
                with new(stream, columns.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
                    writer.write_table(columns, 40)
                found.append((".arrow", stream.getvalue()))
    rows, text = _rows(), io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    found += [
        (".csv", text.getvalue().encode()), (".jsonl", lines), (".json", json.dumps(rows).encode()),
        (".jsonl.gz", gzip.compress(lines, mtime=0)), (".jsonl.zst", pa.compress(lines, "zstd", asbytes=True)),
    ]  # fmt: skip
    return tuple(found)


def altered_file(case: int) -> tuple[str, bytes]:
    """The suffix and the bytes of altered file number `case`."""
    chance = random.Random(case)
    suffix, raw = seeds()[case % len(seeds())]
    data, way = bytearray(raw), chance.random()
    if way < 0.7:
        for _ in range(chance.choice([1, 2, 3, 8])):
            data[chance.randrange(len(data))] = chance.choice([0, 0x7F, 0x80, 0xFF, chance.randrange(256)])
    elif way < 0.85:
        at = chance.randrange(len(data))
        data[at : at + 4] = chance.choice([b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x10"])
    elif way < 0.93:
        del data[chance.randrange(len(data)) :]
    else:
        begin, end = sorted(chance.randrange(len(data)) for _ in range(2))
        del data[begin:end]
    return suffix, bytes(data)


@lru_cache(maxsize=1)
def _small_model() -> dict[str, Any]:
    """The contents of the starter with fewer terms, so that two hundred of it are soon written."""
    from mismatch.model.starter import starter_path

    contents: dict[str, Any] = joblib.load(starter_path())
    for name in ("terms_hashes", "terms_frequencies", "stems_hashes", "stems_frequencies", "vector_hashes", "vector_codes", "vector_scales", "vector_telling"):  # fmt: skip  # noqa: E501
        packed = contents["arrays"][name]
        array = np.frombuffer(packed["data"], packed["dtype"]).reshape(packed["shape"])[:3000]
        packed["data"], packed["shape"] = array.tobytes(), list(array.shape)
    return contents


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for key, item in items:
        found += _places(item, (*path, key))
    return found


def _poison(old: Any, chance: random.Random) -> Any:
    """Something else in the place of a value, often of its kind."""
    nested: Any = 0
    for _ in range(30):
        nested = [nested] * 2
    values = [
        None, -1, 0, 1, 10**300, 2**63, -(2**63), 1e308, float("nan"), float("inf"), "", "\ud800", "x" * 10_000, b"", [], {},
        nested, [0] * 10_000, True,
    ]  # fmt: skip
    if isinstance(old, dict) and set(old) == {"dtype", "shape", "data"} and chance.random() < 0.9:
        return _poisoned_array(old, chance)
    if isinstance(old, int | float) and chance.random() < 0.5:
        return old * chance.choice([-1, 0, 2, 1e6, 1e-9])
    return chance.choice(values)


def _poisoned_array(packed: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    array = np.frombuffer(packed["data"], packed["dtype"]).reshape(packed["shape"]).copy()
    flat, way = array.reshape(-1), chance.randrange(6)
    if way == 0 and len(flat):
        with np.errstate(all="ignore"):
            value = np.array(chance.choice([-1, 0, 1, 1 << 30, 1e30, float("nan")]))
            flat[chance.randrange(len(flat))] = value.astype(array.dtype)
    elif way == 1:
        array = np.random.default_rng(chance.randrange(1 << 30)).integers(0, 256, array.nbytes, np.uint8).view(array.dtype)
        array = array.reshape(packed["shape"])
    elif way == 2:
        array = array[:0]
    elif way == 3:
        array = np.repeat(array, chance.choice([2, 500]), axis=0)
    elif way == 4 and array.dtype == np.uint64:
        array = np.arange(len(array), dtype=np.uint64) << np.uint64(32)
    else:
        array = np.sort(array, axis=0)[::-1]
    return {"dtype": packed["dtype"], "shape": list(array.shape), "data": np.ascontiguousarray(array).tobytes()}


def _place(contents: dict[str, Any], chance: random.Random) -> tuple[tuple[Any, ...], Any]:
    """A place to poison, mostly an array or a number, and what holds it."""
    way, found = chance.random(), []
    for place in _places(contents):
        at: Any = contents
        for key in place[:-1]:
            at = at[key]
        value = at[place[-1]]
        is_array = isinstance(value, dict) and "dtype" in value
        is_number = isinstance(value, int | float) and "shape" not in place and place[0] != "card"
        if (way < 0.6 and is_array) or (0.6 <= way < 0.85 and is_number) or (way >= 0.85 and place[0] != "card"):
            found.append((place, at))
    return chance.choice(found)


def altered_model(case: int, path: Path) -> str:
    """Writes poisoned model number `case`, its digest right; returns what was poisoned."""
    from mismatch.model.model_file import _canonical, _digest

    chance = random.Random(case)
    contents = _canonical({name: value for name, value in _small_model().items() if name != "digest"})
    poisoned = []
    for _ in range(chance.choice([1, 1, 2])):
        place, at = _place(contents, chance)
        at[place[-1]] = _poison(at[place[-1]], chance)
        poisoned.append(".".join(map(str, place)))
    try:
        contents["digest"] = _digest(contents)
    except (ValueError, TypeError, RecursionError):
        contents["digest"] = ""
    joblib.dump(contents, path, compress=("zlib", 1), protocol=4)
    return " and ".join(poisoned)
