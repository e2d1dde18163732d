"""Model files: whatever is in one, loading it runs no code, and a bad one is refused in one line."""

from __future__ import annotations

import io
import os
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mismatch.errors import MismatchError, ModelError
from mismatch.judging.scorer import Scorer
from mismatch.model import model_file
from mismatch.model.model_file import load_model, save_model

FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def raw(model_path: Path) -> bytes:
    return model_path.read_bytes()


def _refused(path: Path) -> str:
    with pytest.raises(ModelError) as refused:
        load_model(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert refused.value.exit_code == 3
    return message.removeprefix(f"{path}: ")


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_model_survives_its_file(tmp_path: Path, model_path: Path, articles: Any) -> None:
    model = load_model(model_path)
    save_model(model, tmp_path / "again.joblib")
    assert (tmp_path / "again.joblib").read_bytes() == model_path.read_bytes()
    pairs = [(row["title"], row["body"]) for row in articles]
    assert Scorer(model).score(pairs) == Scorer(load_model(tmp_path / "again.joblib")).score(pairs)


def test_joblib_opens_a_model_and_finds_plain_values_only(model_path: Path) -> None:
    def check(value: Any) -> None:
        assert type(value) in (dict, list, str, int, float, bool, bytes, type(None))
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            check(item)

    contents = joblib.load(model_path)
    assert contents["format"] == model_file.FORMAT
    check(contents)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.99])
def test_a_truncated_model_file_is_refused(tmp_path: Path, raw: bytes, share: float) -> None:
    _refused(_written(tmp_path / "cut.joblib", raw[: int(len(raw) * share)]))


def test_a_model_file_without_its_last_byte_is_refused(tmp_path: Path, raw: bytes) -> None:
    assert _refused(_written(tmp_path / "cut.joblib", raw[:-1])) == "it is cut off; copy it again"


def test_a_model_file_with_something_behind_it_is_refused(tmp_path: Path, raw: bytes) -> None:
    assert _refused(_written(tmp_path / "long.joblib", raw + b"x")) == "there is more after its end; copy it again"


@FEW
@given(data=st.data())
def test_one_changed_byte_is_noticed(tmp_path: Path, raw: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = bytearray(raw)
    changed[at] ^= data.draw(st.integers(1, 255))
    _refused(_written(tmp_path / "changed.joblib", bytes(changed)))


@FEW
@given(data=st.data())
def test_one_changed_byte_below_the_compression_is_noticed(tmp_path: Path, raw: bytes, data: st.DataObject) -> None:
    changed = bytearray(zlib.decompress(raw))
    at = data.draw(st.one_of(st.integers(0, 3000), st.integers(0, len(changed) - 1)))
    changed[at] ^= data.draw(st.integers(1, 255))
    path = _written(tmp_path / "changed.joblib", bytes(changed))
    try:  # a byte of the framing may mean nothing; then the model must be the same
        model = load_model(path)
    except ModelError:
        return
    save_model(model, path)
    assert path.read_bytes() == raw


@FEW
@given(garbage=st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda b: b"\x80\x04" + b)))
def test_garbage_is_refused(tmp_path: Path, garbage: bytes) -> None:
    _refused(_written(tmp_path / "garbage.joblib", garbage))
    _refused(_written(tmp_path / "garbage.joblib", zlib.compress(garbage)))


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
PARTS = ["features", "card", "calibration", "forest_offset", "n_documents", "arrays", "format_version"]


@FEW
@given(part=st.sampled_from(PARTS), value=PLAIN)
def test_parts_of_another_kind_are_refused_or_harmless(forge: Any, part: str, value: Any, stray: dict[str, str]) -> None:
    path = forge(lambda contents: contents.update({part: value}))
    try:
        scorer = Scorer(load_model(path))
    except ModelError:
        return
    assert scorer.score([(stray["title"], stray["body"])])[0].verdict in ("match", "mismatch", "unsure", "unscorable")


@FEW
@given(data=st.data(), value=PLAIN)
def test_pieces_of_arrays_of_another_kind_are_refused(forge: Any, model_path: Path, data: st.DataObject, value: Any) -> None:
    arrays = joblib.load(model_path)["arrays"]
    name, piece = data.draw(st.sampled_from(sorted(arrays))), data.draw(st.sampled_from(["dtype", "shape", "data"]))
    assert arrays[name][piece] != value
    path = forge(lambda contents: contents["arrays"][name].update({piece: value}))
    _refused(path)


class _Malicious:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return os.system, (f"touch '{self.target}'",)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("packed", [False, True])
def test_a_malicious_pickle_runs_nothing(tmp_path: Path, protocol: int, packed: bool) -> None:
    target = tmp_path / "ran"
    data = pickle.dumps({"format": model_file.FORMAT, "card": _Malicious(target)}, protocol)
    message = _refused(_written(tmp_path / "evil.joblib", zlib.compress(data) if packed else data))
    if protocol > 1 or packed:
        assert "it holds more than plain values" in message
    assert not target.exists()


def test_foreign_pickles_and_arrays_are_refused(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    foreign = tmp_path / "foreign.joblib"
    for thing in (np.arange(10), {"a": np.zeros((3, 3))}, LogisticRegression(), {"a": 1}, [1, 2], "text", 7, {1, 2}):
        for compress in (0, 3, ("gzip", 3)):
            joblib.dump(thing, foreign, compress=compress)
            _refused(foreign)


def test_a_file_that_asks_for_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    hole = b"\x80\x04N" + b"r\xff\xff\xff\x7f" + b"."  # PUT into place 2,147,483,647
    assert "opcode LONG_BINPUT" in _refused(_written(tmp_path / "hole.joblib", hole))


def test_a_file_that_unpacks_to_more_than_any_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "MAX_FILE_BYTES", 1 << 20)
    bomb = b"\x80\x04B" + (1 << 24).to_bytes(4, "little") + bytes(1 << 24) + b"."
    path = _written(tmp_path / "bomb.joblib", zlib.compress(bomb))
    assert path.stat().st_size < 1 << 20
    assert _refused(path) == "it is larger than any model"
    assert _refused(_written(path, bomb)) == "it is larger than any model"


def test_lists_of_lists_that_stand_for_billions_are_refused(tmp_path: Path) -> None:
    value: Any = "x"
    for _ in range(40):
        value = [value] * 10
    path = tmp_path / "laughs.joblib"
    contents = {"format": model_file.FORMAT, "format_version": model_file.FORMAT_VERSION, "digest": "", "card": value}
    joblib.dump(contents, path, compress=("zlib", 1), protocol=4)
    assert "values" in _refused(path)


def test_a_list_that_holds_itself_is_refused(tmp_path: Path) -> None:
    value: list[Any] = []
    value.append(value)
    stream = io.BytesIO()
    contents = {"format": model_file.FORMAT, "format_version": model_file.FORMAT_VERSION, "digest": "", "card": value}
    joblib.dump(contents, stream, protocol=4)
    _refused(_written(tmp_path / "round.joblib", stream.getvalue()))


def test_a_wrong_digest_is_refused(tmp_path: Path, model_path: Path) -> None:
    contents = joblib.load(model_path)
    contents["forest_offset"] += 1.0
    joblib.dump(contents, tmp_path / "altered.joblib", compress=("zlib", 1), protocol=4)
    assert _refused(tmp_path / "altered.joblib") == "its digest is wrong: the file was altered or damaged"


@pytest.mark.parametrize("version", [0, 2, "1", None, [1]])
def test_an_unknown_format_version_is_refused_by_name(forge: Any, version: Any) -> None:
    version = 999 if version == model_file.FORMAT_VERSION else version
    assert f"format version {version!r} is not known" in _refused(forge(lambda c: c.update(format_version=version)))


def test_a_model_with_other_features_is_refused(forge: Any) -> None:
    assert "train the model again" in _refused(forge(lambda c: c["features"].append("astrology")))


def _put(name: str, place: int, value: float) -> Callable[[dict[str, Any]], Any]:
    def change(contents: dict[str, Any]) -> None:
        packed = contents["arrays"][name]
        array = np.frombuffer(packed["data"], packed["dtype"]).copy()
        array[place] = value
        packed["data"] = array.tobytes()

    return change


@pytest.mark.parametrize(
    ("name", "value"),
    [("forest_roots", 1 << 30), ("forest_roots", -1), ("forest_left", 1 << 30), ("forest_left", -5),
     ("forest_right", 1 << 30), ("forest_right", 0), ("forest_feature", 1 << 20), ("forest_feature", -1),
     ("forest_value", np.nan)],
)  # fmt: skip
def test_trees_that_lead_outside_are_refused(forge: Any, name: str, value: float) -> None:
    assert "its parts do not fit together" in _refused(forge(_put(name, 0, value)))


def test_trees_that_lead_backwards_are_refused(forge: Any, model_path: Path) -> None:
    left = np.frombuffer(joblib.load(model_path)["arrays"]["forest_left"]["data"], np.int32)
    inner = int(np.flatnonzero(left)[-1])
    assert "does not lead forwards" in _refused(forge(_put("forest_left", inner, inner)))


def _shorter(name: str) -> Callable[[dict[str, Any]], Any]:
    def change(contents: dict[str, Any]) -> None:
        packed = contents["arrays"][name]
        item = np.dtype(packed["dtype"]).itemsize
        packed["data"], packed["shape"] = packed["data"][:-item], [packed["shape"][0] - 1]

    return change


@pytest.mark.parametrize(
    "name",
    [*(f"forest_{part}" for part in ("feature", "threshold", "left", "right", "value")), "terms_hashes", "stems_hashes"],
)
def test_arrays_of_different_lengths_are_refused(forge: Any, name: str) -> None:
    assert "its parts do not fit together" in _refused(forge(_shorter(name)))


@pytest.mark.parametrize(
    ("field", "value"),
    [("slope", -1.0), ("slope", float("nan")), ("prior", 0), ("prior", 1.0), ("cut", "high"), ("cut", None),
     ("unsure_cut", float("inf")), ("promise", 3)],
)  # fmt: skip
def test_a_calibration_that_makes_no_sense_is_refused(forge: Any, field: str, value: Any) -> None:
    assert "calibration" in _refused(forge(lambda c: c["calibration"].update({field: value})))


def test_a_folder_or_a_missing_file_is_no_model(tmp_path: Path) -> None:
    assert _refused(tmp_path) == "the model cannot be read (Is a directory)"
    assert _refused(tmp_path / "none") == "the model cannot be read (No such file or directory)"


def test_saving_replaces_a_model_whole_or_not_at_all(
    tmp_path: Path, model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, path = load_model(model_path), tmp_path / "m.joblib"
    save_model(model, path)
    before = path.read_bytes()

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_model(model, path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["m.joblib"]


def test_a_model_that_cannot_be_written_is_said(tmp_path: Path, model_path: Path) -> None:
    with pytest.raises(MismatchError, match="the model cannot be written"):
        save_model(load_model(model_path), tmp_path / "no" / "m.joblib")


def test_a_new_model_file_has_the_rights_of_any_new_file(tmp_path: Path, model_path: Path) -> None:
    save_model(load_model(model_path), tmp_path / "m.joblib")
    (tmp_path / "plain").touch()
    assert (tmp_path / "m.joblib").stat().st_mode == (tmp_path / "plain").stat().st_mode
