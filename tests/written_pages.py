"""Pages and web archives written by hand for the tests."""

from __future__ import annotations

import gzip
import json

import pyarrow as pa

FERRY = "Ferry runs aground in harbour fog"
FERRY_TEXT = [
    "The ferry ran aground at the mouth of the harbour on Monday morning, when fog had closed the channel to all ships.",
    "Forty passengers were taken off by the lifeboat crew, and nobody was hurt, the harbour master said in the afternoon.",
    "The ferry company has promised to look into the radar of the ship, which had been repaired in the spring of the year.",
]
STRAY = "Cricket captain dropped before the final test in Colombo"
BUDGET = "Parliament passes the budget after a long night"
BUDGET_TEXT = [
    "Parliament passed the budget with a majority of four votes after a night of debate about pensions and taxes.",
    "The minister of finance said that the deficit would fall by a third, and that no tax would rise before the election.",
    "The opposition called the budget a wish list, and asked the court to look at the loans that it rests on.",
]


def page(
    *, title: str | None = None, h1: str | None = None, og_title: str | None = None, headline: str | None = None,
    site: str | None = None, text: list[str] | None = None, head: str = "", charset: str | None = None,
) -> str:  # fmt: skip
    """A page of a newspaper, with the titles that are given."""
    parts = [f'<meta charset="{charset}">' if charset else "", f"<title>{title}</title>" if title else ""]
    parts += [f'<meta property="og:title" content="{og_title}">'] if og_title else []
    parts += [f'<meta property="og:site_name" content="{site}">'] if site else []
    if headline:
        value = json.dumps({"@type": "NewsArticle", "headline": headline}, ensure_ascii=False)
        parts.append(f'<script type="application/ld+json">{value}</script>')
    paragraphs = "".join(f"<p>{paragraph}</p>" for paragraph in (FERRY_TEXT if text is None else text))
    heading = f"<h1>{h1}</h1>" if h1 else ""
    body = f"<nav><a href='/'>Home</a> <a href='/news'>News</a></nav><article>{heading}{paragraphs}</article>"
    return f"<!DOCTYPE html><html><head>{''.join(parts)}{head}</head><body>{body}</body></html>"


def ferry(**given: str) -> str:
    """An ordinary page about the ferry."""
    return page(**{"title": f"{FERRY} | The Daily Ferry", "h1": FERRY, **given})  # type: ignore[arg-type]


def budget(**given: str) -> str:
    """An ordinary page about the budget."""
    return page(text=BUDGET_TEXT, **{"title": f"{BUDGET} - The Daily Ferry", "h1": BUDGET, **given})  # type: ignore[arg-type]


def response(
    content: bytes | str, *, url: str = "https://ferry.example/1", kind: str = "text/html; charset=utf-8",
    status: str = "200 OK", headers: str = "", record: str = "response",
) -> bytes:  # fmt: skip
    """A record of a web archive with what a server answered."""
    payload = content.encode() if isinstance(content, str) else content
    http = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{headers}\r\n".encode() + payload
    return _record(record, url, "application/http; msgtype=response", http)


def derived(kind: str) -> bytes:
    """A record as a WET or a WAT file has it."""
    if kind == "wet":
        return _record("conversion", "https://ferry.example/1", "text/plain", " ".join(FERRY_TEXT).encode())
    return _record("metadata", "https://ferry.example/1", "application/json", b'{"Envelope": {}}')


def info() -> bytes:
    """The record that an archive begins with."""
    return _record("warcinfo", "", "application/warc-fields", b"software: by hand\r\n")


def _record(kind: str, url: str, content: str, block: bytes) -> bytes:
    about = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Date: 2026-01-05T08:00:00Z\r\n"
    about += "WARC-Record-ID: <urn:uuid:7a1b2c3d-0000-4000-8000-000000000000>\r\n"
    about += f"WARC-Target-URI: {url}\r\n" if url else ""
    return f"{about}Content-Type: {content}\r\nContent-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n"


def packed(records: list[bytes], suffix: str) -> bytes:
    """Records as a file: each is compressed on its own, as archives are."""
    if suffix == ".gz":
        records = [gzip.compress(record, mtime=0) for record in records]
    elif suffix == ".zst":
        records = [bytes(pa.compress(record, codec="zstd", asbytes=True)) for record in records]
    return b"".join(records)
