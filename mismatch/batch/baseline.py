"""A baseline: what each source showed at another time, in one JSON file."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mismatch.batch.source_counts import SourceCounts
from mismatch.errors import InputError
from mismatch.judging.source_names import source_key
from mismatch.judging.verdicts import VERDICTS
from mismatch.records.output.output_file import OutputFile
from mismatch.records.stores.stored_file import place_of

FORMAT, VERSION = "mismatch baseline", 1
_MOST_BYTES = 256 << 20
_MOST_ROWS = 10**15


@dataclass(frozen=True)
class Baseline:
    """Verdicts of another stream, or of another day of this one."""

    model: str | None
    """what tells the model apart that judged it, where it is known"""
    whole: Counter[str]
    sources: dict[str, Counter[str]] = field(repr=False)
    """by what the spellings of a source share"""


def save_baseline(path: str | Path, counts: SourceCounts, model: str | None) -> None:
    """Writes what a stream has shown; the file appears whole or not at all.

    Raises
    ------
    InputError
        It cannot be written.
    """
    sources = {of.name: _plain(of.verdicts) for of in counts.by_key.values()}
    plain = {
        "format": FORMAT, "version": VERSION, "model": model,
        "rows": counts.whole.rows, "verdicts": _plain(counts.whole.verdicts),
        "sources": sources, "other_sources": _plain(counts.others.verdicts),
    }  # fmt: skip
    with OutputFile(path) as file:
        file.write((json.dumps(plain, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace"))


def load_baseline(path: str | Path) -> Baseline:
    """Reads a baseline.

    Raises
    ------
    InputError
        There is no such file, or it is none that `save_baseline` has written.
    """
    try:
        with place_of(path).open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); --save-baseline makes a baseline") from None
    if len(raw) > _MOST_BYTES:
        raise InputError(f"{path}: is no baseline, it has more than {_MOST_BYTES:,} bytes")
    try:
        plain = json.loads(raw)
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise InputError(f"{path}: is no baseline; --save-baseline makes one")
        if plain.get("version") != VERSION:
            version = str(plain.get("version"))[:20]
            raise InputError(f"{path}: is a baseline of version {version}, not {VERSION}; make it anew with --save-baseline")
        return _read(plain)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)[:100]
        raise InputError(f"{path}: the baseline is damaged ({what}); make it anew with --save-baseline") from None


def _read(plain: dict[str, Any]) -> Baseline:
    model = plain["model"]
    if model is not None and not isinstance(model, str):
        raise ValueError("the model is no text")
    whole, total = _counter(plain["verdicts"]), _counter(plain["other_sources"])
    sources: dict[str, Counter[str]] = {}
    for name, verdicts in plain["sources"].items():
        found = _counter(verdicts)
        sources.setdefault(source_key(name) or name, Counter()).update(found)
        total.update(found)
    if plain["rows"] != whole.total():
        raise ValueError("its verdicts are not as many as its rows")
    if total != whole:
        raise ValueError("its sources do not add up to the whole")
    return Baseline(model, whole, sources)


def _plain(verdicts: Counter[str]) -> dict[str, int]:
    return {verdict: verdicts[verdict] for verdict in VERDICTS}


def _counter(plain: Any) -> Counter[str]:
    if set(plain) != set(VERDICTS):
        raise ValueError("it has other verdicts than these")
    if not all(type(n) is int and 0 <= n < _MOST_ROWS for n in plain.values()):
        raise ValueError("a count is none")
    return Counter(plain)
