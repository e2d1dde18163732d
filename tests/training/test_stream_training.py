"""Archives that do not fit into memory: terms are counted in every pair, the rest is learned from a sample."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mismatch.errors import MismatchError
from mismatch.model.model_file import load_model, save_model
from mismatch.records.quarantine import Quarantine
from mismatch.records.reading import Reader
from mismatch.records.tables import read_pairs
from mismatch.screening.title_cleaning import clean_titles
from mismatch.terms.document_frequency import Counts, DocumentCounter
from mismatch.terms.text_buffers import text_buffers
from mismatch.training import archive as stream_training
from mismatch.training.archive import Archive, read_archive, train_archive
from mismatch.training.recipe import train
from mismatch.training.sampling import Limits, text_sizes
from mismatch.training.usable import usable_pairs

N = 600
FEW = Limits(pairs=150)


def story(rng: random.Random, i: int) -> dict[str, Any]:
    """A pair whose title is made of words of its body; rare words and frequent ones."""
    words = ["".join(rng.choices("abcdefghiklmnoprstu", k=rng.randint(3, 9))) for _ in range(25)]
    usual = [f"usual{int(rng.paretovariate(0.5)) % 400}" for _ in range(25)]
    body = rng.sample(words + usual, 50)
    return {
        "id": f"s{i}", "title": " ".join(rng.sample(words[:8], 5)), "body": " ".join(body),
        "source": f"{'abc'[i % 3]}.example", "topic": ["sport", "culture"][i % 2], "label": "match",
    }  # fmt: skip


@pytest.fixture(scope="module")
def stories() -> list[dict[str, Any]]:
    rng = random.Random(7)
    rows = [story(rng, i) for i in range(N)]
    rows[5]["body"] = rows[9]["title"] = None
    rows[11]["body"] = "too short"
    return rows


@pytest.fixture(scope="module")
def archive_file(tmp_path_factory: pytest.TempPathFactory, stories: list[dict[str, Any]], write_rows: Any) -> Path:
    """The stories as JSON lines, two of which cannot be read."""
    rows = [*stories[:200], b'{"title": "a', *stories[200:500], b"[]", *stories[500:]]
    return write_rows(tmp_path_factory.mktemp("archive") / "archive.jsonl", rows)


def read(path: Path, limits: Limits = FEW, chunk_bytes: int = 20_000, **options: Any) -> Archive:
    return read_archive(Reader([path], chunk_bytes=chunk_bytes), limits=limits, **options)


def counted(table: pa.Table) -> tuple[Counts, Counts, int]:
    table = table.set_column(0, "title", pa.chunked_array([clean_titles(table["title"])]))
    table = table.filter(pa.array(usable_pairs(text_buffers(table["title"]), text_buffers(table["body"]))))
    counter = DocumentCounter()
    counter.add(text_buffers(table["title"]), text_buffers(table["body"]))
    return *counter.counts(), table.num_rows


def same(a: Counts, b: Counts) -> bool:
    return np.array_equal(a.hashes, b.hashes) and np.array_equal(a.frequencies, b.frequencies) and a[2] == b[2]


def saved(training: Any, path: Path) -> bytes:
    save_model(training.model, path)
    return path.read_bytes()


def test_an_archive_that_fits_is_kept_as_it_is(tmp_path: Path, archive_file: Path) -> None:
    archive, whole = read(archive_file, Limits(pairs=N)), read_pairs([archive_file])
    assert not archive.sampled
    assert archive.table == whole
    assert archive.rows.tolist() == list(range(N))
    learned, as_before = train_archive(archive), train(whole)
    assert saved(learned, tmp_path / "a.joblib") == saved(as_before, tmp_path / "b.joblib")
    assert learned.model.card["pairs"]["given"] == N


def test_terms_are_counted_in_all_pairs_of_a_larger_archive(archive_file: Path) -> None:
    archive = read(archive_file)
    terms, stems, n_counted = counted(read_pairs([archive_file]))
    assert archive.counts is not None
    assert same(archive.counts[0], terms)
    assert same(archive.counts[1], stems)
    assert n_counted == archive.n_counted == archive.counts[0].n_documents == N - 3


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("chunk_bytes", [700, 60_000, 1 << 22])
def test_threads_and_chunks_change_nothing(archive_file: Path, threads: int, chunk_bytes: int) -> None:
    one, other = read(archive_file), read(archive_file, chunk_bytes=chunk_bytes, threads=threads)
    assert other.counts is not None and one.counts is not None
    assert all(same(a, b) for a, b in zip(one.counts, other.counts, strict=True))
    assert one.table == other.table
    assert one.rows.tolist() == other.rows.tolist()
    assert (one.n_rows, one.n_counted, one.labels) == (other.n_rows, other.n_counted, other.labels)


def test_sampled_pairs_are_whole_pairs_of_the_archive(archive_file: Path, stories: list[dict[str, Any]]) -> None:
    archive = read(archive_file)
    assert archive.table.num_rows == len(archive.rows) == FEW.pairs
    assert archive.table.to_pylist() == [
        {name: stories[row][name] for name in ("title", "body", "source", "id", "topic", "label")} for row in archive.rows
    ]
    assert archive.n_rows == N
    assert read(archive_file, seed=1).rows.tolist() != archive.rows.tolist()


def test_the_text_in_memory_is_bounded(archive_file: Path) -> None:
    limits = Limits(text_bytes=60_000)
    archive = read(archive_file, limits)
    sizes = text_sizes(archive.table.combine_chunks().to_batches()[0])
    assert 0.9 * limits.text_bytes < sizes.sum() <= limits.text_bytes
    assert archive.n_counted == N - 3


def test_what_cannot_be_read_is_set_aside_and_counted(tmp_path: Path, archive_file: Path) -> None:
    with Quarantine(tmp_path / "rejected.jsonl") as quarantine:
        archive = read_archive(Reader([archive_file], chunk_bytes=9_000), quarantine, limits=FEW)
    lines = [json.loads(line)["line"] for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert lines == [201, 502]
    assert quarantine.count + archive.n_rows == N + 2


def test_the_same_seed_gives_the_same_model_and_its_card_says_what_was_used(tmp_path: Path, archive_file: Path) -> None:
    first, again = (train_archive(read(archive_file, threads=n)) for n in (1, 2))
    assert saved(first, tmp_path / "a.joblib") == saved(again, tmp_path / "b.joblib")
    pairs = first.model.card["pairs"]
    assert (pairs["given"], pairs["counted"], pairs["sampled"]) == (N, N - 3, FEW.pairs)
    assert pairs["used"] + pairs["suspects"] + pairs["duplicates"] + pairs["without_text"] == FEW.pairs
    assert first.model.lexicon.terms.n_documents == N - 3
    assert len(first.out_of_fold) == FEW.pairs


def test_progress_is_told(archive_file: Path) -> None:
    told: list[tuple[int, int]] = []
    read(archive_file, on_progress=lambda rows, n: told.append((rows, n)))
    assert len(told) > 5
    assert told == sorted(told)
    assert told[-1] == (N, archive_file.stat().st_size)


def test_an_error_of_a_worker_ends_the_reading(archive_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(stream_training, "usable_pairs", broken)
    with pytest.raises(RuntimeError, match="broken"):
        read(archive_file)


@pytest.mark.parametrize("n", [0, 1, 10])
def test_too_few_pairs_are_refused_in_the_same_words(
    tmp_path: Path, stories: list[dict[str, Any]], write_rows: Any, n: int
) -> None:
    path = write_rows(tmp_path / "few.jsonl", stories[20 : 20 + n])
    with pytest.raises(MismatchError) as as_before:
        train(read_pairs([path]))
    with pytest.raises(MismatchError) as streamed:
        train_archive(read(path))
    assert str(streamed.value) == str(as_before.value)


class TestTheCommand:
    """`mismatch train` where only few pairs are held in memory."""

    @pytest.fixture(autouse=True)
    def _few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stream_training, "LIMITS", FEW)

    @pytest.fixture
    def learn(self, invoke: Any, tmp_path: Path) -> Callable[..., Any]:
        return lambda path, *options: invoke("train", path, "--fresh", "--out", tmp_path / "m.joblib", *options)

    def test_it_says_what_was_counted_and_what_was_sampled(
        self, learn: Any, tmp_path: Path, archive_file: Path, stories: list[dict[str, Any]]
    ) -> None:
        suspects = tmp_path / "suspects.jsonl"
        ended = learn(archive_file, "--suspects", suspects)
        assert ended.code == 0
        said = next(line for line in ended.said if "held in memory" in line)
        assert said.startswith("600 pairs are more than are held in memory")
        assert said.endswith("counted in 597, the rest was learned from 150 drawn at random")
        listed = [json.loads(line) for line in suspects.read_text().splitlines()]
        assert all(stories[line["row"] - 1]["id"] == line["id"] for line in listed)
        assert any("of the 150 that were drawn from your archive" in line for line in ended.said) == bool(listed)
        assert "2 rows could not be read; --rejected FILE keeps what cannot be read" in ended.said
        card = load_model(tmp_path / "m.joblib").card
        assert (card["pairs"]["given"], card["pairs"]["sampled"]) == (600, 150)
        assert card["data"][0]["file"] == "archive.jsonl"

    def test_the_same_file_on_standard_input_gives_the_same_pairs(
        self, invoke: Any, learn: Any, tmp_path: Path, archive_file: Path
    ) -> None:
        assert learn(archive_file, "--quiet").code == 0
        out = tmp_path / "piped.joblib"
        assert invoke("train", "-", "--fresh", "--quiet", "--out", out, stdin=archive_file.read_bytes()).code == 0
        file, pipe = (load_model(path).card for path in (tmp_path / "m.joblib", out))
        assert file["pairs"] == pipe["pairs"]
        assert file["figures_out_of_fold"] == pipe["figures_out_of_fold"]

    def test_a_label_that_is_not_known_is_refused_wherever_it_stands(
        self, learn: Any, tmp_path: Path, stories: list[dict[str, Any]], write_rows: Any
    ) -> None:
        for row in (3, 590):
            rows = [{**story, "label": "clickbait" if i == row else "match"} for i, story in enumerate(stories)]
            ended = learn(write_rows(tmp_path / "a.jsonl", rows), "--quiet")
            assert ended.code == 2
            assert f"label 'clickbait' (row {row + 1}) is not known" in ended.said[0]

    def test_labels_are_learned_from_if_all_pairs_have_one(
        self, learn: Any, tmp_path: Path, stories: list[dict[str, Any]], write_rows: Any
    ) -> None:
        rows = [{**story, "body": stories[i - i % 2]["body"], "label": str(i % 2)} for i, story in enumerate(stories)]
        path = write_rows(tmp_path / "a.jsonl", rows)
        assert learn(path, "--quiet").code == 0
        assert load_model(tmp_path / "m.joblib").card["pairs"]["labelled"]
        path = write_rows(tmp_path / "b.jsonl", [*rows[:-1], {**rows[-1], "label": None}])
        assert learn(path, "--quiet").code == 0
        assert not load_model(tmp_path / "m.joblib").card["pairs"]["labelled"]
        ended = learn(path, "--quiet", "--label", "label")
        assert ended.code == 2
        assert "1 rows have no label in 'label'" in ended.said[0]

    def test_a_damaged_archive_is_refused(self, learn: Any, tmp_path: Path, archive_file: Path) -> None:
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(gzip.compress(archive_file.read_bytes())[:-2000])
        ended = learn(path, "--quiet")
        assert ended.code == 2
        assert "Repair the input" in ended.said[-1]
        assert not (tmp_path / "m.joblib").exists()
