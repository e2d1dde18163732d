"""Inputs and outputs in Google's store: an emulator that speaks its protocol."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from object_store import BUCKET

from mismatch.records.reading import Reader

_SERVER = f"""
import sys, time
from gcp_storage_emulator.server import create_server
server = create_server("127.0.0.1", 0, in_memory=True, default_bucket="{BUCKET}")
server.start()
while server._api._httpd is None:
    time.sleep(0.01)
print(server._api._httpd.server_port, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture(scope="module")
def address() -> Iterator[Callable[[str], str]]:
    """What makes an address from a key."""
    pytest.importorskip("gcp_storage_emulator")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", _SERVER], **pipes)
    assert process.stdin is not None
    assert process.stdout is not None
    where = f"?scheme=http&endpoint_override=127.0.0.1:{int(process.stdout.readline())}"
    yield lambda key: f"gs://anonymous@{BUCKET}/{key}{where}"
    process.stdin.close()
    process.wait(20)
    process.stdout.close()


def test_what_is_scored_from_store_to_store_is_what_is_scored_here(
    address: Callable[[str], str], invoke: Callable[..., Any], tmp_path: Path, pairs_file: Path, model_path: Path
) -> None:
    for out in (tmp_path / "out.jsonl", address("days/1.jsonl"), address("days/2.csv.gz")):
        ended = invoke("score", pairs_file, "--model", model_path, "--out", out, "--quiet")
        assert ended.code == 0, ended.err
    assert Reader([address("days/*")]).origins == [address("days/1.jsonl"), address("days/2.csv.gz")]
    ended = invoke("score", address("days/1.jsonl"), "--model", model_path, "--quiet")
    assert ended.out == (tmp_path / "out.jsonl").read_bytes()


def test_a_wrong_address_is_one_line_and_ends_with_2(address: Callable[[str], str], invoke: Callable[..., Any]) -> None:
    for wrong, says in (
        (address("none.jsonl"), "there is no such object and no such folder"),
        (address("none.jsonl").replace(BUCKET, "nowhere"), "there is no such bucket"),
    ):
        ended = invoke("score", wrong)
        assert (ended.code, len(ended.said)) == (2, 1)
        assert says in ended.err
