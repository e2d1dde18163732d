"""The parts of the OpenAPI document that FastAPI cannot see: bodies, answers, and the status code of every limit."""

from __future__ import annotations

from typing import Any

from mismatch.judging.verdicts import VERDICTS
from mismatch.screening.reasons import REASONS
from mismatch.serve.settings import ServiceSettings

SERVICE = (
    "Catches articles whose headline belongs to another story. Every judgement has a verdict, a calibrated probability that "
    "title and body do not belong together, and reasons."
)
TAGS = [{"name": "articles", "description": "Judging"}, {"name": "service", "description": "Running"}]
_TEXT = {"type": ["string", "null"]}
_ARTICLE = {
    "type": "object",
    "required": ["title", "body"],
    "properties": {"title": _TEXT, "body": _TEXT, "id": {"type": ["string", "integer"], "description": "given back"}},
    "example": {
        "title": "KXIP vs KKR Live Score",
        "body": "Speaking to reporters on Thursday, the special envoy for Syria said that the talks would go on.",
    },
}
_COLUMNS: dict[str, Any] = {
    "mismatch_verdict": {"type": "string", "enum": list(VERDICTS)},
    "mismatch_probability": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "mismatch_reasons": {"type": "array", "items": {"type": "string", "enum": list(REASONS)}},
    "title_topic": _TEXT,
    "body_topic": _TEXT,
}
_ROW = {
    "type": "object",
    "required": list(_COLUMNS),
    "properties": {"id": {"type": ["string", "integer"]}, **_COLUMNS},
}
_PROBLEM = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}


def score(settings: ServiceSettings) -> dict[str, Any]:
    """For /score."""
    lines = {"schema": {"type": "string"}, "example": '{"title": "…", "body": "…"}\n{"title": "…", "body": "…"}\n'}
    many = {"type": "array", "items": _ARTICLE, "maxItems": settings.max_rows}
    parameters = [
        _query("title", "column of titles (streams only)"),
        _query("body", "column of bodies (streams only)"),
        _query("source", "column of sources (streams only)"),
        _query("id", "column of ids (streams only)"),
        _query("name", "name of a file; its ending says what it is (application/octet-stream only)"),
        _query("delimiter", "what separates the cells of a table of text, where that is not found out"),
        _query("quote", "what quotes its cells"),
        _query("encoding", "encoding of text"),
        _query("table", "table of a database, or sheet of a workbook"),
        _query("in_order", "end the answer in order where it fails: its last line, with a status, says why", "boolean"),
        _query("only", "leave out everything but the id and the verdict columns (streams only)", "boolean"),
    ]
    return _route(
        {
            "application/json": {"schema": {"anyOf": [_ARTICLE, many]}, "example": _ARTICLE["example"]},
            "application/x-ndjson": lines,
            "text/csv": {"schema": {"type": "string"}, "example": "title,body\n…,…\n"},
            "text/tab-separated-values": {"schema": {"type": "string"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
        {
            "application/json": {"schema": {"anyOf": [_ROW, {"type": "array", "items": _ROW}]}},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
        "The verdict columns: an object for an object, a list for a list. A stream comes back as JSON lines, each row with "
        "the columns added, and a row that could not be read as an object with its line and the error. The header "
        "mismatch-input says which columns were taken. A file of another format is sent as application/octet-stream, with "
        "its name in the query.",
        parameters=parameters,
    )


def explain(settings: ServiceSettings) -> dict[str, Any]:
    """For /explain."""
    answer = {
        "type": "object",
        "required": [*_COLUMNS, "explanation", "words", "marks"],
        "properties": {
            **_COLUMNS,
            "explanation": {"type": "object"},
            "words": {"type": "array", "items": {"type": "string"}},
            "marks": {
                "type": "array",
                "description": "where telling terms of the title stand in the body: start and stop in Unicode characters",
                "items": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
            },
        },
    }
    return _route(
        {"application/json": {"schema": _ARTICLE, "example": _ARTICLE["example"]}},
        {"application/json": {"schema": answer}},
        "The verdict columns, the terms of the title that are in the body and that are not, and the same in words.",
    )


def extract(settings: ServiceSettings) -> dict[str, Any]:
    """For /extract."""
    properties = {"title": {"type": "string"}, "body": {"type": "string"}}
    found = {"type": "object", "required": ["title", "body"], "properties": properties}
    return _route(
        {"text/html": {"schema": {"type": "string"}, "example": "<title>…</title><article><p>…</p></article>"}},
        {"application/json": {"schema": found}},
        "Title and body, empty where none was found.",
        more={501: "The package that reads HTML is not installed"},
    )


def vocabulary() -> dict[str, Any]:
    """For /vocabulary."""
    sentences = {"type": "object", "additionalProperties": {"type": "string"}}
    word = {"type": "object", "properties": {"at_least": {"type": "number"}, "words": {"type": "string"}}}
    names = {"type": "array", "items": {"type": "string"}}
    properties = {
        "verdicts": {**sentences, "description": "each verdict with its sentence"},
        "reasons": {**sentences, "description": "each reason code with its sentence"},
        "likelihoods": {"type": "array", "items": word, "description": "words for mismatch_probability, highest first"},
        "columns": {"type": "object", "additionalProperties": names, "description": "names that columns usually have"},
        "content_types": {**sentences, "description": "what a file is sent as, by its ending"},
    }
    return _plain(properties, {}, "The tables")


def health() -> dict[str, Any]:
    """For /health."""
    return _plain({"status": {"type": "string"}}, {})


def ready() -> dict[str, Any]:
    """For /ready."""
    names = ("status", "model", "digest", "version")
    prior = {"type": "number", "description": "the share of mismatches that its probabilities expect in the stream"}
    return _plain({**{name: {"type": "string"} for name in names}, "prior": prior}, {503: "It is stopping"})


def metrics() -> dict[str, Any]:
    """For /metrics."""
    return {"responses": {
        200: {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}},
        **_problems({401: "The token is missing or wrong"}),
    }}  # fmt: skip


def _route(
    takes: dict[str, Any], gives: dict[str, Any], words: str, *, more: dict[int, str] | None = None,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    problems = {
        400: "The body is not JSON, or the request is not HTTP",
        401: "The token is missing or wrong",
        408: "The request did not arrive in time",
        413: "The body is too large",
        415: "The content type is not taken here, or the body is compressed",
        421: "Without a token, the service answers to localhost only",
        422: "JSON, but not an article or a list of articles of the allowed length",
        431: "The headers are too large",
        503: "Too much is at work; Retry-After says when to come back",
        504: "There was no answer in time",
        **(more or {}),
    }
    extra: dict[str, Any] = {"requestBody": {"required": True, "content": takes}}
    if parameters:
        extra["parameters"] = parameters
    return {"responses": {200: {"description": words, "content": gives}, **_problems(problems)}, "openapi_extra": extra}


def _plain(properties: dict[str, Any], problems: dict[int, str], words: str = "Yes") -> dict[str, Any]:
    schema = {"type": "object", "required": list(properties), "properties": properties}
    content = {"application/json": {"schema": schema}}
    answers = {200: words, **problems}
    return {"responses": {status: {"description": words, "content": content} for status, words in answers.items()}}


def _problems(problems: dict[int, str]) -> dict[int, Any]:
    content = {"application/json": {"schema": _PROBLEM}}
    return {status: {"description": words, "content": content} for status, words in sorted(problems.items())}


def _query(name: str, words: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": words, "schema": {"type": kind}}
