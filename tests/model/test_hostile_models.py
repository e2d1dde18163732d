"""Model files with a right digest and poisoned contents: refused soon, whatever they would cost later."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

import mismatch
from mismatch.classifier import resolve_base
from mismatch.errors import InputError, ModelError
from mismatch.features.plain_arrays import packed
from mismatch.model import model_file
from mismatch.model.model_file import load_model
from mismatch.model.starter import model_path
from mismatch.model.topics import TopicModel
from mismatch.screening.boilerplate import BoilerplateModel

_SECONDS = 2.0
"""of processor time, on any machine; a second at most on ours"""


def refused(path: Path) -> str:
    begin = time.process_time()
    with pytest.raises(ModelError) as error:
        load_model(path)
    assert time.process_time() - begin < _SECONDS
    message = str(error.value)
    assert error.value.exit_code == 3 and "\n" not in message and len(message) < 1000
    return message.removeprefix(f"{path}: ")


def colliding(n: int) -> np.ndarray:
    """Different hashes that all want one slot of any table."""
    return np.arange(n, dtype=np.uint64) << np.uint64(40)


def _terms(contents: dict[str, Any], name: str, hashes: np.ndarray) -> None:
    contents["arrays"][f"{name}_hashes"] = packed(hashes)
    contents["arrays"][f"{name}_frequencies"] = packed(np.ones(len(hashes), np.float32))


@pytest.mark.parametrize("name", ["terms", "stems"])
def test_a_lexicon_of_colliding_hashes_is_refused(forge: Any, name: str) -> None:
    assert "hashes collide" in refused(forge(lambda contents: _terms(contents, name, colliding(200_000))))


def test_a_boilerplate_table_of_colliding_hashes_is_refused() -> None:
    boilerplate = load_model(model_path("starter")).boilerplate
    assert boilerplate is not None
    plain, n = boilerplate.to_plain(), 100_000
    plain["arrays"]["hashes"] = packed(colliding(n))
    plain["arrays"]["weights"] = packed(np.zeros((n, boilerplate.weights.shape[1]), np.int8))
    plain["arrays"]["common"] = packed(np.zeros(n, np.uint8))
    with pytest.raises(ValueError, match="hashes collide"):
        BoilerplateModel.from_plain(plain)


def _forest(contents: dict[str, Any], roots: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    n = len(left)
    parts = {
        "roots": roots.astype(np.int32), "feature": np.zeros(n, np.int32), "threshold": np.zeros(n),
        "left": left.astype(np.int32), "right": right.astype(np.int32), "value": np.zeros(n),
    }  # fmt: skip
    contents["arrays"].update({f"forest_{name}": packed(part) for name, part in parts.items()})


@pytest.mark.parametrize(("n_roots", "n_nodes"), [(5_000_000, 1), (0, 0), (0, 5)])
def test_a_head_of_very_many_trees_or_of_none_is_refused(forge: Any, n_roots: int, n_nodes: int) -> None:
    nothing = np.zeros(n_nodes)
    assert "trees" in refused(forge(lambda contents: _forest(contents, np.zeros(n_roots), nothing, nothing)))


@pytest.mark.parametrize("n_nodes", [100, 1_000_000])
def test_a_tree_that_is_a_chain_is_refused(forge: Any, n_nodes: int) -> None:
    left = np.append(np.arange(1, n_nodes), 0)
    message = refused(forge(lambda contents: _forest(contents, np.zeros(1), left, left)))
    assert "deeper" in message or "trees" in message


@pytest.mark.parametrize("count", [1e300, 10**300, -1, float("nan"), 1e13])
def test_a_count_of_documents_that_is_none_is_refused(forge: Any, count: float) -> None:
    assert "no counts" in refused(forge(lambda contents: contents.update(n_documents=[count, count])))


@pytest.mark.parametrize("name", ["\ud800", "x" * 1000])
def test_a_topic_whose_name_is_no_text_is_refused(name: str) -> None:
    topics = load_model(model_path("starter")).topics
    assert topics is not None
    plain = topics.to_plain()
    plain["names"][0] = name
    with pytest.raises(ValueError, match="name of a topic"):
        TopicModel.from_plain(plain)


def _lists(depth: int, width: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value] * width
    return value


@pytest.mark.parametrize("value", [_lists(8, 10), _lists(100, 1), 10**600], ids=["wide", "deep", "large"])
def test_a_version_that_is_made_of_lists_is_not_printed_whole(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "m.joblib"
    joblib.dump({"format": model_file.FORMAT, "format_version": value}, path, protocol=4)
    assert len(refused(path)) < 300


def _grown(contents: dict[str, Any], name: str) -> None:
    kind = np.dtype(contents["arrays"][name]["dtype"])
    contents["arrays"][name] = packed(np.zeros((40 << 20) // kind.itemsize, kind))


_MEGABYTES = """
import re, sys
from mismatch.classifier import resolve_base
from mismatch.errors import InputError, ModelError
from mismatch.model.model_file import load_model

def resident(what):
    return int(re.findall(what + r":\\s+(\\d+)", open("/proc/self/status").read())[0]) >> 10

before = resident("VmRSS")
for path in sys.argv[1:]:
    try:
        load_model(path)
    except ModelError:
        print(resident("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the memory of a process")
def test_a_model_is_refused_in_little_more_memory_than_its_values_take(forge: Any, tmp_path: Path) -> None:
    paths = []
    for name in ("forest_roots", "forest_value", "terms_hashes", "stems_hashes"):
        path = tmp_path / f"{name}.joblib"
        path.write_bytes(forge(lambda contents, name=name: _grown(contents, name)).read_bytes())
        paths.append(path)
    asked = subprocess.run([sys.executable, "-c", _MEGABYTES, *paths], capture_output=True, text=True, check=True)
    megabytes = [int(line) for line in asked.stdout.split()]
    assert len(megabytes) == len(paths)
    assert max(megabytes) < 75


def test_lists_that_are_very_deep_are_refused(tmp_path: Path) -> None:
    head = b"\x80\x04}(\x8c\x06format\x8c\x0emismatch model\x8c\x0eformat_versionK\x03\x8c\x04card"
    for depth in (2_000, 150_000):
        path = tmp_path / "deep.joblib"
        path.write_bytes(head + b"]" * depth + b"a" * (depth - 1) + b"u.")
        assert "do not fit together" in refused(path) or "values" in refused(path)


def test_very_many_values_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.joblib"
    path.write_bytes(b"\x80\x04](" + b"N" * 3_000_000 + b"e.")
    assert "values" in refused(path)


def test_a_model_is_loaded_by_its_digest_only(tmp_path: Path, forge: Any) -> None:
    path = forge(lambda contents: None)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    scorer = mismatch.load(path, sha256=digest.upper())
    assert scorer.model.forest.offset == load_model(path, sha256=f" {digest}\n").forest.offset
    with pytest.raises(ModelError, match=f"its SHA-256 is {digest}, not 0000"):
        mismatch.load(path, sha256="0" * 64)


def test_every_command_takes_the_digest(forge: Any, tmp_path: Path, invoke: Callable[..., Any]) -> None:
    path = forge(lambda contents: None)
    rows = tmp_path / "a.jsonl"
    rows.write_text('{"title": "a", "body": "b", "source": "c"}\n')
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    out = ["--out", tmp_path / "out.jsonl"]
    for command in (
        ["score", rows, "--model", path], ["gate", rows, "--model", path], ["explain", rows, "--model", path],
        ["evaluate", rows, "--model", path], ["repair", rows, "--model", path, *out],
        ["repeats", rows, "--model", path, *out], ["sources", rows, "--model", path],
        ["serve", "--model", path, "--port", 0], ["info", path], ["calibrate", path, rows, *out],
        ["train", rows, "--base", path, *out],
    ):  # fmt: skip
        done = invoke(*command, "--model-sha256", "f" * 64)
        assert done.code == 3 and f"its SHA-256 is {digest}, not ffff" in done.err, command
    done = invoke("evaluate", rows, "--model", path, "--compare", path, "--compare-sha256", "f" * 64)
    assert done.code == 3 and "SHA-256" in done.err
    assert invoke("score", rows, "--model", path, "--model-sha256", digest).code == 0
    assert invoke("info", path, "--model-sha256", digest.upper()).code == 0
    assert invoke("train", rows, "--fresh", "--model-sha256", digest, *out).code == 2
    assert invoke("evaluate", rows, "--model", path, "--compare-sha256", digest).code == 2


def test_a_classifier_takes_a_base_by_its_digest_only(forge: Any) -> None:
    path = forge(lambda contents: None)
    pairs = [("a title", "a body")]
    with pytest.raises(ModelError, match="SHA-256"):
        mismatch.MismatchClassifier(base=path, base_sha256="0" * 64).fit(pairs)
    with pytest.raises(InputError, match="no file"):
        mismatch.MismatchClassifier(base=None, base_sha256="0" * 64).fit(pairs)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    lender = resolve_base(path, sha256=digest)
    assert lender is not None and lender.forest.offset == load_model(path).forest.offset


def test_another_digest_is_said_of_a_file_whatever_else_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "broken.joblib"
    for data in (b"", b"no model", b"\x80\x04]" * 100, b"\x78\x9cxx"):
        path.write_bytes(data)
        with pytest.raises(ModelError, match=f"its SHA-256 is {hashlib.sha256(data).hexdigest()}, not 0000"):
            load_model(path, sha256="0" * 64)
