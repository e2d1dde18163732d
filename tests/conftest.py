"""What all tests share: ordinary pairs, a small model trained on them, and the command, run for real."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # on so few pairs scikit-learn's threads only wait for one another

import hypothesis
import pytest
from ordinary_pairs import CRICKET_TITLE, PAIRS, SYRIA_BODY
from warm import can_start, run_warm

from mismatch import MismatchClassifier
from mismatch.judging.scorer import Scorer, load

# no deadline, as an example may be the first to compile something; the same examples each time, so that a run fails for a
# change alone: `pytest --hypothesis-profile search` draws new ones
hypothesis.settings.register_profile("mismatch", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("mismatch")

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended."""

    code: int
    out: bytes
    err: str

    @property
    def said(self) -> list[str]:
        """The lines on standard error, but for the one that a first start may say."""
        return [line for line in self.err.splitlines() if not line.startswith("compiling for this machine")]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="session", autouse=True)
def starter_read_once() -> Iterator[None]:
    """Scorers and classifiers of this process share the starter, which takes half a second each time; models do not change.

    Reading it anew is tested where `load_model` is called, and by every command that is a process of its own.
    """
    from mismatch import classifier
    from mismatch.judging import scorer
    from mismatch.model.starter import starter_path

    read, read_starter = scorer.load_model, lru_cache(maxsize=1)(scorer.load_model)

    def _load(path: Any, *, sha256: str | None = None) -> Any:
        return read_starter(path) if sha256 is None and path == starter_path() else read(path, sha256=sha256)

    with pytest.MonkeyPatch.context() as patch:
        for module in (classifier, scorer):
            patch.setattr(module, "load_model", _load)
        yield


@pytest.fixture(scope="session")
def articles() -> list[dict[str, str]]:
    """The ordinary pairs as rows."""
    return [
        {"id": f"a{i}", "source": source, "topic": topic, "title": title, "body": body}
        for i, (topic, source, title, body) in enumerate(PAIRS)
    ]


@pytest.fixture(scope="session")
def stray(articles: list[dict[str, str]]) -> dict[str, str]:
    """A live-score title over a report from Syria."""
    return {"id": "stray", "source": "daily.example", "topic": "sport", "title": CRICKET_TITLE, "body": SYRIA_BODY}


@pytest.fixture(scope="session")
def pairs(articles: list[dict[str, str]]) -> list[tuple[str, str]]:
    """The ordinary pairs as title and body."""
    return [(row["title"], row["body"]) for row in articles]


@pytest.fixture(scope="session")
def fitted(pairs: list[tuple[str, str]]) -> MismatchClassifier:
    """A classifier that learned from the ordinary pairs alone; to be read only."""
    return MismatchClassifier(base=None).fit(pairs)


@pytest.fixture(scope="session")
def pairs_file(tmp_path_factory: pytest.TempPathFactory, articles: list[dict[str, str]]) -> Path:
    """The ordinary pairs as JSON lines."""
    path = tmp_path_factory.mktemp("pairs") / "articles.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in articles), "utf-8")
    return path


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory, articles: list[dict[str, str]]) -> Path:
    """A model that learned from the ordinary pairs alone."""
    path = tmp_path_factory.mktemp("model") / "small.joblib"
    MismatchClassifier(base=None).fit([(row["title"], row["body"]) for row in articles]).save(path)
    return path


@pytest.fixture(scope="session")
def scorer(model_path: Path) -> Scorer:
    return load(model_path)


@pytest.fixture(scope="session")
def write_rows() -> Callable[[Path, Iterable[Any]], Path]:
    """Writes rows as JSON lines; strings and bytes are written as they are."""

    def _write(path: Path, rows: Iterable[Any]) -> Path:
        lines = [
            row if isinstance(row, bytes) else (row if isinstance(row, str) else json.dumps(row)).encode() for row in rows
        ]
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    return _write


@pytest.fixture(scope="session")
def run() -> Callable[..., Ended]:
    """Runs the command as a process of its own."""

    def _run(*arguments: Any, stdin: bytes = b"", env: dict[str, str] | None = None, timeout: float = 120) -> Ended:
        words, environment = list(map(str, arguments)), {**os.environ, **(env or {})}
        if can_start(env):
            code, out, said = run_warm(words, stdin, folder=ROOT, environment=environment, timeout=timeout)
            return Ended(code, out, said.decode())
        done = subprocess.run(
            [sys.executable, "-m", "mismatch.cli", *words],
            input=stdin, capture_output=True, timeout=timeout, cwd=ROOT, env=environment, check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr.decode())

    return _run


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Ended]:
    """Runs the command in this process, which spares its start: the same entry point, the same streams."""
    from mismatch.cli import main

    def _invoke(*arguments: Any, stdin: bytes = b"") -> Ended:
        monkeypatch.setattr(sys, "argv", ["mismatch", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        sys.stderr.flush()
        captured = capfdbinary.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, captured.out, captured.err.decode())

    return _invoke
