"""The FastAPI application: /explain, /extract, /vocabulary, health, metrics, the page, and the description of them all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from mismatch import __version__
from mismatch.serve.application import described
from mismatch.serve.application.articles import article_of, parse_json
from mismatch.serve.application.explaining import explained
from mismatch.serve.application.html_files import extracted
from mismatch.serve.application.loaded import ModelInUse
from mismatch.serve.application.page_files import page_files
from mismatch.serve.application.review import ReviewDesk, add_routes
from mismatch.serve.application.slow_lane import SlowLane
from mismatch.serve.application.vocabulary import vocabulary
from mismatch.serve.metrics import CONTENT_TYPE, Metrics
from mismatch.serve.problems import Problem
from mismatch.serve.settings import ServiceSettings

MAX_EXPLAIN = 256 << 10
"""bytes of title and body, which are read word by word in Python: some seconds of it"""


def build(
    settings: ServiceSettings, model: ModelInUse, metrics: Metrics, lane: SlowLane, stopping: Callable[[], bool],
    desk: ReviewDesk | None = None,
) -> FastAPI:  # fmt: skip
    """The application, with a review where there is one. It expects bodies that were received and bounded before (see
    `front`)."""
    api = FastAPI(
        title="mismatch", version=__version__, description=described.SERVICE, docs_url=None, redoc_url=None,
        redirect_slashes=False, openapi_tags=described.TAGS,
    )  # fmt: skip
    api.add_exception_handler(Problem, _problem)
    api.add_exception_handler(HTTPException, _http_problem)
    files = page_files()
    files["vocabulary.js"] = b"export const vocabulary = " + orjson.dumps(vocabulary()) + b";\n", files["page.js"][1]

    @api.post("/score", tags=["articles"], summary="Judge one article, several, or a stream", **described.score(settings))
    async def score() -> None:
        """Answered by `front`; it stands here for the description and for wrong methods."""

    @api.post("/explain", tags=["articles"], summary="One article in words", **described.explain(settings))
    async def explain(request: Request) -> Response:
        article = article_of(parse_json(await request.body()))
        if sum(len((text or "").encode()) for text in article) > MAX_EXPLAIN:
            raise Problem(413, f"title and body are larger than {MAX_EXPLAIN:,} bytes, too much to explain")
        return _json(await lane.explain(functools.partial(explained, model.current.scorer, article)))

    @api.post("/extract", tags=["articles"], summary="Title and body of an HTML file", **described.extract(settings))
    async def extract_file(request: Request) -> Response:
        html = await request.body()
        if not html.strip():
            raise Problem(422, "the file is empty")
        found = await lane.parse(functools.partial(extracted, html, settings))
        return _json({"title": found.title, "body": found.body})

    @api.get("/health", tags=["service"], summary="Whether the process answers", **described.health())
    async def health() -> Response:
        return _json({"status": "ok"})

    @api.get("/ready", tags=["service"], summary="Whether it takes requests, and with which model", **described.ready())
    async def ready() -> Response:
        loaded = model.current
        stops = stopping()
        answer = {"status": "stopping" if stops else "ready", "model": loaded.name, "digest": loaded.digest,
                  "version": __version__, "prior": loaded.scorer.model.calibration.prior}  # fmt: skip
        return _json(answer, 503 if stops else 200)

    @api.get("/vocabulary", tags=["articles"], summary="The words for what /score answers", **described.vocabulary())
    async def words() -> Response:
        return _json(vocabulary(), headers={"cache-control": "no-cache"})

    @api.get("/metrics", tags=["service"], summary="Counters for Prometheus", **described.metrics())
    async def measured() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    @api.get("/", include_in_schema=False)
    async def page() -> Response:
        return _file(files, "index.html")

    @api.get("/docs", include_in_schema=False)
    async def manual() -> Response:
        return _file(files, "docs.html")

    @api.get("/static/{name}", include_in_schema=False)
    async def static(name: str) -> Response:
        return _file(files, name)

    if desk is not None:
        add_routes(api, desk, lambda: _file(files, "review.html"))
    return api


def _file(files: dict[str, tuple[bytes, str]], name: str) -> Response:
    if name not in files:
        raise Problem(404, "there is no such page")
    data, kind = files[name]
    return Response(data, media_type=kind, headers={"cache-control": "no-cache"})


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    data = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(data, status, {"cache-control": "no-store", **(headers or {})}, "application/json")


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return _json({"detail": error.detail}, error.status, {n.decode(): v.decode() for n, v in error.headers})


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = {404: "there is nothing here; / is the page, /docs the manual", 405: "this method is not for this address"}
    return _json({"detail": detail.get(error.status_code, str(error.detail))}, error.status_code, dict(error.headers or {}))
