"""Who is let in, and where the service listens."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served import ROOT, Service

TOKEN = "a-token-of-twenty-four-ch"
BODY = {"title": "A title", "body": "A body"}


def test_without_the_token_nothing_is_judged(start: Callable[..., Service], tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    service = start("--token-file", file)
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}, {"authorization": f"Basic {TOKEN}"}):
        for path in ("/score", "/explain"):
            answer = service.post(path, BODY, **headers)
            assert answer.status == 401
            assert answer.headers["www-authenticate"] == "Bearer"
        assert service.get("/metrics", **headers).status == 401
    assert service.post("/score", BODY, authorization=f"Bearer {TOKEN}").status == 200
    assert service.get("/metrics", authorization=f"bearer {TOKEN}").status == 200
    for path in ("/", "/docs", "/health", "/ready"):
        assert service.get(path).status == 200


def test_the_token_can_stand_in_the_environment(start: Callable[..., Service]) -> None:
    service = start(env={"MISMATCH_TOKEN": TOKEN})
    assert service.post("/score", BODY).status == 401
    assert service.post("/score", BODY, authorization=f"Bearer {TOKEN}").status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_it_does_not_listen_beyond_loopback_without_a_token(
    invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("MISMATCH_TOKEN", "")
    ended = invoke("serve", "--host", host)
    assert ended.code == 2
    assert len(ended.said) == 1
    assert "--insecure" in ended.err


def test_a_weak_token_or_none_in_the_file_is_refused(
    invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("MISMATCH_TOKEN", "short")
        assert "at least 16" in invoke("serve").err
    empty = tmp_path / "empty"
    empty.write_text("")
    assert "no token" in invoke("serve", "--token-file", empty).err


def test_a_port_in_use_is_one_line(invoke: Callable[..., Any], model_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = invoke("serve", "--port", other.getsockname()[1], "--model", model_path)
    assert ended.code == 2
    assert len(ended.said) == 1
    assert "cannot be listened on" in ended.err


def test_an_unusable_model_ends_with_3(invoke: Callable[..., Any], tmp_path: Path) -> None:
    broken = tmp_path / "broken.joblib"
    broken.write_bytes(b"no model")
    ended = invoke("serve", "--port", 0, "--model", broken)
    assert ended.code == 3
    assert len(ended.said) == 1


def test_a_limit_of_nothing_is_refused(invoke: Callable[..., Any]) -> None:
    ended = invoke("serve", "--max-body", 0)
    assert ended.code == 2
    assert "--max-body" in ended.err


def test_another_sites_name_for_this_machine_is_not_answered(service: Service) -> None:
    for host in ("rebound.example", "rebound.example:80", "127.0.0.1.example"):
        assert service.get("/health", host=host).status == 421
    for host in ("localhost:1", "127.0.0.1", "[::1]:80", f"127.0.0.1:{service.port}"):
        assert service.get("/health", host=host).status == 200


def test_a_form_of_another_site_cannot_ask(service: Service) -> None:
    """A browser sends these content types across sites without asking first."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        for path in ("/score", "/explain", "/extract"):
            answer = service.post(path, BODY, kind)
            assert answer.status == 415
            assert "access-control-allow-origin" not in answer.headers


def test_help_lists_every_option_with_its_default(run: Callable[..., Any]) -> None:
    from dataclasses import fields

    from mismatch.serve.settings import ServiceSettings

    words = run("serve", "--help", env={"COLUMNS": "200"}).out.decode()
    for field in fields(ServiceSettings):
        if field.name not in ("token",):
            assert f"--{field.name.replace('_', '-')}" in words
        if isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
            assert f"default: {field.default}" in words


def test_the_documentation_lists_every_limit_that_can_be_set_with_its_default() -> None:
    from dataclasses import fields

    from mismatch.serve.settings import ServiceSettings

    words = (ROOT / "docs" / "service.md").read_text("utf-8")
    for field in fields(ServiceSettings):
        if isinstance(field.default, (int, float)) and field.name not in ("port", "insecure", "quiet"):
            assert f"| `--{field.name.replace('_', '-')}` | {field.default} |" in words


def test_a_missing_extra_is_one_line_that_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from mismatch.errors import MissingExtraError
    from mismatch.records.pages.extraction import extract
    from mismatch.serve.command import require_packages

    monkeypatch.setitem(sys.modules, "orjson", None)
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    with pytest.raises(MissingExtraError, match=r"headline-mismatch\[serve\]"):
        require_packages()
    with pytest.raises(MissingExtraError, match=r"headline-mismatch\[html\]"):
        extract(b"<html></html>")
