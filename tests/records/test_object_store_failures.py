"""What goes wrong between us and a store: one line, an exit code, bounded time, and never half an object."""

from __future__ import annotations

import glob
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import object_store
import pytest
from object_store import KEY_ID, SECRET, ObjectStore, Way

from mismatch.errors import InputError
from mismatch.records.output.output_file import OutputFile
from mismatch.records.reading import Reader
from mismatch.records.stores import address as addresses
from mismatch.records.stores.address import address_of
from mismatch.records.stores.listing import fits
from mismatch.records.stores.stored_file import StoredFile

ROW = b'{"title": "The river flooded the town", "body": "On Monday the river flooded the town after days of rain."}\n'
_WRITES = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from mismatch.records.output.output_file import OutputFile
with OutputFile(sys.argv[1]) as output:
    for _ in range(30):
        output.write(b"x" * 1_000_000)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with object_store.started() as store:
        yield store


@pytest.fixture
def store(server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """The server, and an environment that says where it is."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute of silence is long for a test."""
    monkeypatch.setattr(addresses, "SILENT_SECONDS", 1)
    monkeypatch.setattr(addresses, "ATTEMPTS", 2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["score", "s3://newsroom/none.jsonl"], "there is no such object and no such folder"),
        (["score", "s3://nowhere/none.jsonl"], "there is no such bucket"),
        (["score", "s3://nowhere/*.jsonl"], "there is no such bucket"),
        (["score", "s3://newsroom/*.jsonl"], "no object matches"),
        (["score", "s3:///none.jsonl"], "names no bucket"),
        (["score", "s3://newsroom/a.jsonl?endpoint=there"], "unknown option 'endpoint'"),
        (["score", "ftp://newsroom/a.jsonl"], "there is no way to this place"),
        (["score", "-", "--out", "s3://nowhere/out.jsonl"], "cannot be written (there is no such bucket)"),
        (["score", "-", "--out", "s3://newsroom/folder/"], "a folder"),
        (["score", "-", "--out", "s3://newsroom"], "names a folder"),
        (["score", "-", "--out", "s3://newsroom/a", "--rejected", "s3://newsroom/a"], "name the same file"),
        (["train", "-", "--out", "s3://nowhere/model.joblib"], "there is no such bucket"),
    ],
)
def test_a_wrong_address_is_one_line_and_ends_with_2(
    store: ObjectStore, invoke: Callable[..., Any], arguments: list[str], says: str
) -> None:
    ended = invoke(*arguments, "--quiet", stdin=ROW)
    assert ended.code == 2
    assert len(ended.said) == 1
    assert says in ended.err


def test_a_model_that_is_not_there_ends_with_3(store: ObjectStore, invoke: Callable[..., Any]) -> None:
    ended = invoke("score", "-", "--model", store.address("none.joblib"), stdin=ROW)
    assert (ended.code, len(ended.said)) == (3, 1)
    assert "there is no such object" in ended.err


@pytest.mark.parametrize("login", [f"{KEY_ID}:{SECRET}", f"{KEY_ID}:{SECRET}/+x", KEY_ID])
@pytest.mark.parametrize("option", ["INPUT", "--out", "--model", "--rejected"])
def test_credentials_in_an_address_are_refused_and_not_shown(invoke: Callable[..., Any], login: str, option: str) -> None:
    address = f"s3://{login}@newsroom/a.jsonl"
    ended = invoke("score", *([address] if option == "INPUT" else ["-", option, address]), stdin=ROW)
    assert (ended.code, len(ended.said)) == (2, 1)
    assert "credentials do not belong into an address" in ended.err
    assert KEY_ID not in ended.err
    assert SECRET not in ended.err


def test_a_store_that_denies_access_is_one_line_without_the_credentials(run: Callable[..., Any]) -> None:
    with object_store.started(checks_access=True) as closed:
        ended = run("score", "s3://newsroom/a.jsonl", env=closed.environment())
    assert (ended.code, len(ended.said)) == (2, 1)
    assert "access is denied; check the credentials" in ended.err
    assert KEY_ID not in ended.err
    assert SECRET not in ended.err


@pytest.mark.parametrize("arguments", [["s3://newsroom/a.jsonl"], ["-", "--out", "s3://newsroom/a.jsonl"]])
def test_where_nobody_answers_it_is_said_soon(
    store: ObjectStore, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    with object_store.silent() as port:
        closed = port.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed}")
    begin = time.monotonic()
    ended = invoke("score", *arguments, "--quiet", stdin=ROW)
    assert (ended.code, len(ended.said)) == (2, 1)
    assert "no connection: nobody answers there" in ended.err
    assert time.monotonic() - begin < 20


def test_a_store_that_is_silent_is_given_up(
    store: ObjectStore, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    with object_store.silent() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port.getsockname()[1]}")
        begin = time.monotonic()
        ended = invoke("score", "s3://newsroom/a.jsonl")
    assert (ended.code, len(ended.said)) == (2, 1)
    assert "no answer within the time" in ended.err
    assert time.monotonic() - begin < 30


def test_hdfs_without_java_is_one_line(run: Callable[..., Any]) -> None:
    ended = run("score", "hdfs://node:8020/a.jsonl", env={"JAVA_HOME": "/nowhere", "HADOOP_HOME": "/nowhere"})
    assert (ended.code, len(ended.said)) == (2, 1)
    assert "HDFS needs Java and Hadoop's libhdfs" in ended.err


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_upload_that_is_stopped_leaves_what_was_there(store: ObjectStore, stop: signal.Signals) -> None:
    address = store.put("stopped/out.bin", b"from yesterday")
    with Way(store.port, stalls_at=15_000_000) as way:
        environment = {**os.environ, **store.environment(way.port)}
        command = [sys.executable, "-W", "ignore", "-c", _WRITES, address]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        assert way.stalled.wait(60)
        process.send_signal(stop)
        if stop == signal.SIGINT:
            time.sleep(1)
            process.kill()  # only the command ends without waiting for pyarrow
        assert process.wait(30) != 0
    assert store.get("stopped/out.bin") == b"from yesterday"
    assert store.keys("stopped") == ["out.bin"]


def test_an_upload_that_is_interrupted_ends_the_command_at_once(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(ROW * 150_000)
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from mismatch.cli import main; sys.argv[0] = 'mismatch'; main()"
    )
    with Way(store.port, stalls_at=15_000_000) as way:
        arguments = ["score", str(tmp_path / "rows.jsonl"), "--no-adapt", "--quiet", "--out", store.address("cut/out.jsonl")]
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code, *arguments],
            env={**os.environ, **store.environment(way.port)}, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert way.stalled.wait(100)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert time.monotonic() - begin < 5
    assert process.returncode == 130
    assert b"no file was written" in said.splitlines()[-1]
    assert store.keys("cut") == []


def test_an_upload_that_the_store_does_not_take_leaves_nothing(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    with Way(store.port) as way:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{way.port}")
        output = OutputFile(store.address("refused/out.bin"))
        output.write(b"x" * 25_000_000)
        way.breaks()
        with pytest.raises(InputError, match=r"refused/out\.bin: cannot be written \(no connection"):
            output.commit()
    assert store.keys("refused") == []


def test_what_is_discarded_is_not_sent(store: ObjectStore) -> None:
    output = OutputFile(store.address("discarded/out.jsonl.gz"))
    output.write(b"half a row")
    output.discard()
    del output
    assert store.keys("discarded") == []


def test_a_connection_that_breaks_ends_with_2_and_without_an_output(
    store: ObjectStore, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, impatient: None
) -> None:
    address = store.put("broken/rows.jsonl", ROW * 300_000)
    with Way(store.port, breaks_at=15_000_000) as way:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{way.port}")
        ended = invoke("score", address, "--no-adapt", "--quiet", "--out", tmp_path / "out.jsonl")
    assert (ended.code, len(ended.said)) == (2, 1)
    assert f"{address}: cannot be read further (no connection" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_an_object_that_changes_while_it_is_read_is_noticed(store: ObjectStore) -> None:
    for before, after in ((ROW * 10, ROW * 11), (ROW * 10, ROW.replace(b"river", b"water") * 10)):
        reader = Reader([store.put("changing/rows.jsonl", before)])
        store.put("changing/rows.jsonl", after)
        with pytest.raises(OSError, match="it has changed"):
            list(reader)


def test_an_object_that_changes_under_a_reader_is_noticed_at_its_end(store: ObjectStore) -> None:
    reader = Reader([store.put("changing/long.jsonl", ROW * 300_000)])
    chunks = iter(reader)
    next(chunks)
    store.put("changing/long.jsonl", ROW.replace(b"river", b"water") * 300_000)
    for _ in chunks:
        pass
    assert [problem for problem in reader.problems if "it has changed" in problem]


@pytest.mark.parametrize(
    "pattern", ["*", "*.jsonl", "**", "**/*.jsonl", "a/*", "a/**", "*/?.jsonl", "[!a]*", "**/b/*", ".*", "a/**/c"]
)
def test_patterns_mean_what_they_mean_for_files(tmp_path: Path, pattern: str) -> None:
    keys = ["1.jsonl", ".2.jsonl", "a/3.jsonl", "a/b/4.jsonl", "a/.b/5.jsonl", "a/b/c", "b/6.csv", "a/c"]
    for key in keys:
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(ROW)
    found = glob.glob(pattern, root_dir=tmp_path, recursive=True)
    assert [key for key in sorted(keys) if fits(key, pattern)] == sorted(
        name for name in found if (tmp_path / name).is_file()
    )


def test_an_address_of_this_machine_is_a_path(invoke: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "the rows.jsonl").write_bytes(ROW)
    address = f"{tmp_path.as_uri()}/the%20rows.jsonl"
    out = tmp_path / "out.jsonl"
    assert invoke("score", address, "--out", out.as_uri(), "--quiet").code == 0
    assert [json.loads(line)["title"] for line in out.read_bytes().splitlines()] == ["The river flooded the town"]
    same = invoke("score", "-", "--out", out, "--rejected", out.as_uri(), stdin=ROW)
    assert (same.code, "name the same file" in same.err) == (2, True)


def test_an_address_is_taken_apart_and_put_together() -> None:
    text = "s3://newsroom/a folder/what?/rows.jsonl?region=eu-west-1"
    address = address_of(text)
    assert address is not None
    assert (address.path, address.options, str(address)) == ("newsroom/a folder/what?/rows.jsonl", "region=eu-west-1", text)
    assert str(address.at("newsroom/other.jsonl")) == "s3://newsroom/other.jsonl?region=eu-west-1"
    assert StoredFile(address).stem == "rows"
    hdfs = address_of("hdfs://node:8020/news/rows.jsonl")
    assert hdfs is not None
    assert (hdfs.path, str(hdfs.at("/news/2.jsonl"))) == ("/news/rows.jsonl", "hdfs://node:8020/news/2.jsonl")
    assert address_of("news/s3.jsonl") is None
