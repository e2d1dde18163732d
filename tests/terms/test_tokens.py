"""Cutting text into terms: equal to a slow twin on any bytes, never outside its input."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import twin
import written
from hypothesis import given, settings
from hypothesis import strategies as st

from mismatch.model.model_file import load_model
from mismatch.model.starter import starter_path
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import CHUNK_TERMS, cut_all, terms_of

ROOT = Path(__file__).parent.parent.parent
SOME_TEXT = st.text(alphabet=st.sampled_from("".join((*written.ALPHABETS, written.ODDITIES, "  ..,,"))), max_size=80)


def hashes(texts: list[bytes]) -> list[list[tuple[int, int]]]:
    """Term and stem hashes of each text, as compiled code cuts them."""
    rows, terms, stems = cut_all(written.buffers(texts))
    found: list[list[tuple[int, int]]] = [[] for _ in texts]
    for row, term, stem in zip(rows.tolist(), terms.tolist(), stems.tolist(), strict=True):
        found[row].append((term, stem))
    return found


def words(text: str) -> list[str]:
    return [term.text for term in twin.cut(text.encode())]


def test_generated_texts_in_all_scripts_are_cut_as_by_the_twin() -> None:
    rng = random.Random(1)
    known = written.vocabulary(rng, 2000)
    texts = [written.text(rng, known, rng.randint(0, 60)) for _ in range(3000)]
    for text, found in zip(texts, hashes(texts), strict=True):
        assert found == [term.hashes for term in twin.cut(text)], text


@settings(max_examples=300, deadline=None)
@given(SOME_TEXT)
def test_any_mixture_of_scripts_is_cut_as_by_the_twin(text: str) -> None:
    assert terms_of(text) == [(*term.hashes, term.end) for term in twin.cut(text.encode())]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=6), SOME_TEXT.map(lambda t: t[:6].encode())), max_size=8).map(b"".join))
def test_bytes_that_are_not_utf8_separate_words(data: bytes) -> None:
    assert hashes([data]) == [[term.hashes for term in twin.cut(data)]]


def test_plain_english_is_cut_as_by_the_twin_wherever_it_begins() -> None:
    """Words of all lengths, numbers, and now and then something else, at all places of the 64 bytes looked at at once."""
    rng = random.Random(4)

    def word() -> str:
        kind = rng.random()
        if kind < 0.75:
            size = rng.choice([1, 2, 3, 5, 8, 9, 16, 17, rng.randint(1, 80)])
            return "".join(rng.choices("abcdefghijklmnopqrstuvwxyzABCXYZ019", k=size))
        if kind < 0.9:
            return rng.choice(["1,000", "3.14", "1,", ".5", "12.", "1,2,3,4", "9", "7.b", "1,000,000"])
        return rng.choice(["café", "’s", "“x”", "ï9", "é", "中文", "\u00a0", "don't", "_", "[`{@", "/:", "\x7f", "x" * 130])

    for _ in range(1500):
        words = [[word() + rng.choice(" ,.") for _ in range(rng.randint(0, 40))] for _ in range(3)]
        texts = [rng.choice([" ", "", "-"]).join(some).encode() for some in words]
        assert hashes(texts) == [[term.hashes for term in twin.cut(text)] for text in texts], texts


@pytest.mark.parametrize("size", [CHUNK_TERMS - 40, CHUNK_TERMS - 32, CHUNK_TERMS - 31, CHUNK_TERMS, 3 * CHUNK_TERMS + 1])
@pytest.mark.parametrize("unit", ["ab1,000 ", "中文", "é\u0301t½ ", "ﷺ", "ሀለሐመ ", "가1"])
def test_a_text_longer_than_the_working_arrays_is_cut_the_same(unit: str, size: int) -> None:
    text = (unit * size).encode()
    assert hashes([text]) == [[term.hashes for term in twin.cut(text)]]


def test_a_very_long_word_is_one_term() -> None:
    text = "x" * 300_000 + " y2"
    assert hashes([text.encode()]) == [[term.hashes for term in twin.cut(text.encode())]]
    assert len(terms_of(text)) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Straße", ["strasse"]),
        ("CAFÉ café cafe\u0301", ["cafe"] * 3),
        ("1,000 and 3.14", ["1000", "and", "314"]),
        ("1, 2", ["1", "2"]),
        ("a 7 b", ["7"]),
        ("soft\u00adhyphen zero\u200bwidth", ["softhyphen", "zerowidth"]),
        ("新聞社", ["新聞", "聞社"]),
        ("字", ["字"]),
        ("iPhone中国", ["iphone", "中国"]),
        ("١٢٣", ["123"]),
        ("it's", ["it"]),
        ("", []),
    ],
)
def test_words_are_cut_as_people_expect(text: str, expected: list[str]) -> None:
    assert words(text) == expected
    assert [found[0] for found in terms_of(text)] == [term.hashes[0] for term in twin.cut(text.encode())]


def test_the_first_five_letters_make_the_stem() -> None:
    (running, running_stem, _), (runner, runner_stem, _), (run, run_stem, _) = terms_of("inspecting inspectors insp")
    assert running_stem == runner_stem
    assert len({running, runner, run}) == 3
    assert run_stem != running_stem


def test_a_pair_of_characters_is_its_own_stem() -> None:
    assert all(term == stem for term, stem, _ in terms_of("新聞社 字 ข่าว 소금값"))
    assert {stem for _, stem, _ in terms_of("中国")}.isdisjoint(stem for _, stem, _ in terms_of("中心"))


def test_a_null_row_has_no_terms() -> None:
    rows, _, _ = cut_all(text_buffers(pa.array(["one two", None, "three"])))
    assert rows.tolist() == [0, 0, 2]


def test_slices_and_all_kinds_of_text_columns_are_read_in_place() -> None:
    plain = pa.array(["zero", "one", None, "three four", ""])
    expected = [a.tolist() for a in cut_all(text_buffers(plain.slice(1, 3)))]
    for column in (
        plain.cast(pa.large_string()).slice(1, 3),
        plain.cast(pa.string_view()).slice(1, 3),
        plain.dictionary_encode().slice(1, 3),
        pa.chunked_array([plain.slice(1, 1), plain.slice(2, 2)]),
    ):
        assert [a.tolist() for a in cut_all(text_buffers(column))] == expected
    assert len(cut_all(text_buffers(pa.nulls(3)))[0]) == 0
    with pytest.raises(TypeError, match="text"):
        text_buffers(pa.array([1]))


def test_rows_do_not_see_their_neighbours() -> None:
    texts = [b"abc\xe4\xb8", b"\xad def", b"1,", b"000", "字".encode(), "字".encode()]
    assert hashes(texts) == [hashes([text])[0] for text in texts]


_BOUNDS = """
import sys, random
import numpy as np
sys.path[:0] = [{root!r}, {tests!r}]
import written
from mismatch.terms.document_frequency import DocumentCounter
from mismatch.terms.lexicon import Lexicon, TermVectors
from mismatch.features.cascade import score_pairs
from mismatch.training.forests import fit_forest
from mismatch.features.overlap_features import N_FEATURES
from mismatch.terms.near_duplicates import near_duplicate_groups
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import cut_all

rng = random.Random(7)
known = written.vocabulary(rng)
def column(size):
    texts = [bytes(rng.randrange(256) for _ in range(rng.randint(0, size))) if rng.random() < .5
             else written.text(rng, known, size // 8) for _ in range(60)]
    texts += ["é".encode()[:1], "中".encode()[:2], "😀".encode()[:3], b"1,", b"a", b"12."]
    return written.buffers(texts)  # the last bytes of the buffer are the last bytes of the last text
titles, bodies = column(40), column(30_000)
titles2 = column(9000)  # more terms than a title may have
one = written.buffers([b"1" * 5 + b"."])
cut_all(one), cut_all(titles), cut_all(bodies)
counter = DocumentCounter(); counter.add(titles, bodies); counter.add(titles2, bodies)
terms, stems = counter.counts()
chosen = terms.hashes[::2]
vectors = TermVectors.quantise(chosen, np.random.default_rng(0).standard_normal((len(chosen), 16)).astype(np.float32))
lexicon = Lexicon.learn(terms, stems).with_vectors(vectors)
x = np.random.default_rng(0).random((200, N_FEATURES)).astype(np.float32)
forest = fit_forest(x, (x[:, 0] < .5).astype(np.int64))
wanted = np.ones(len(titles.valid), np.uint8)
for some in (titles, titles2, bodies):
    score_pairs(some, bodies, wanted, lexicon, forest)
near_duplicate_groups(bodies)
try:  # the check is on: this test would notice
    from mismatch.terms.tokens import fold_arguments, _cut_all
    short, nowhere = np.empty(0, np.uint64), np.empty(0, np.int64)
    _cut_all(bodies.data[:10], bodies.offsets, bodies.valid, fold_arguments(), nowhere, short, short, nowhere)
except IndexError:
    print("within bounds")
"""


def test_nothing_is_read_outside_its_buffer(tmp_path: Path) -> None:
    script = _BOUNDS.format(root=str(ROOT), tests=str(ROOT / "tests"))
    env = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path), "PATH": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, timeout=280, check=False)
    assert done.stdout.strip() == "within bounds", done.stderr[-3000:]


@pytest.mark.parametrize("place", ["a file", "/proc"])
def test_a_cache_folder_that_cannot_be_written_does_no_harm(tmp_path: Path, place: str) -> None:
    file = tmp_path / "file"
    file.write_text("")
    cache = file / "cache" if place == "a file" else Path("/proc/nonexistent")
    script = "from mismatch.terms.tokens import terms_of; print(len(terms_of('one two')))"
    env = {"NUMBA_CACHE_DIR": str(cache), "PATH": "", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, timeout=200, check=False)
    assert done.stdout.strip() == "2", done.stderr[-2000:]


def test_hashing_is_the_same_everywhere_and_always() -> None:
    """Model files hold hashes, which must never change: they are those of the twin, and those in the file of the starter."""
    assert terms_of("Straße 新聞") == [
        (*twin.Term("strasse", False, "stras", 0).hashes, 7),
        (*twin.Term("新聞", True, "新", 0).hashes, 14),
    ]
    kept = load_model(starter_path()).lexicon
    for word in ("president", "Regierung", "gouvernement", "правительство", "新聞", "سياسة"):
        for term, stem, _ in terms_of(word):
            assert np.isin(np.uint64(term), kept.terms.hashes), word
            assert np.isin(np.uint64(stem), kept.stems.hashes), word
