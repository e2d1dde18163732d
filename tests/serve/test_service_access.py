"""Who is let in, and where the service listens."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served import ROOT, Service

from mismatch.serve.admission import Door, RequestHead
from mismatch.serve.problems import Problem
from mismatch.serve.settings import ServiceSettings

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


def _is_let_in(settings: ServiceSettings, host: str) -> bool:
    scope = {"raw_path": b"/", "query_string": b"", "headers": [(b"host", host.encode())]}
    try:
        Door(settings).check_host(RequestHead.of(scope))
    except Problem as problem:
        return problem.status != 421
    return True


def test_beyond_loopback_a_name_that_strangers_can_own_is_not_answered() -> None:
    settings = ServiceSettings(host="0.0.0.0", insecure=True, name=("News.example",))
    for host in ("rebound.example", "rebound.example:80", "127.0.0.1.example", "news.example.net", "local.example"):
        assert not _is_let_in(settings, host)
    for host in ("192.0.2.7:80", "[2001:db8::1]", "mismatch:8000", "mismatch.svc.cluster.local", "news.example:80"):
        assert _is_let_in(settings, host)


def test_on_loopback_a_name_is_answered_only_where_it_is_given() -> None:
    for host in ("news.example", "0.0.0.0:8000", "mismatch:8000", "192.0.2.7"):
        assert not _is_let_in(ServiceSettings(), host)
    assert _is_let_in(ServiceSettings(name=("news.example",)), "news.example:8000")


@pytest.mark.parametrize("path", ["/score", "/explain", "/extract", "/metrics"])
@pytest.mark.parametrize("headers", [{"origin": "http://a.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}])
def test_without_a_token_a_page_of_another_site_gets_nothing_done(
    service: Service, path: str, headers: dict[str, str]
) -> None:
    answer = service.get(path, **headers) if path == "/metrics" else service.post(path, BODY, **headers)
    assert answer.status == 403


def test_no_answer_can_be_framed_or_taken_into_another_page(service: Service) -> None:
    for path in ("/", "/docs", "/health", "/static/page.css", "/nothing"):
        headers = service.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == headers["cross-origin-opener-policy"] == "same-origin"


def test_a_form_of_another_site_cannot_ask(service: Service) -> None:
    """A browser sends these content types across sites without asking first."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        for path in ("/score", "/explain", "/extract"):
            answer = service.post(path, BODY, kind)
            assert answer.status == 415
            assert "access-control-allow-origin" not in answer.headers


def test_help_lists_every_option_with_its_default(run: Callable[..., Any]) -> None:
    from dataclasses import fields

    words = run("serve", "--help", env={"COLUMNS": "200"}).out.decode()
    for field in fields(ServiceSettings):
        if field.name not in ("token",):
            assert f"--{field.name.replace('_', '-')}" in words
        if isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
            assert f"default: {field.default}" in words


def test_the_documentation_lists_every_limit_that_can_be_set_with_its_default() -> None:
    from dataclasses import fields

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
