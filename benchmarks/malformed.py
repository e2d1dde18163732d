"""More than thirty kinds of requests that no decent client sends, as bytes on the wire."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from typing import Any

Maker = Callable[[random.Random], bytes]
_PATHS = ("/score", "/explain")
_GOOD = json.dumps({"title": "A title of some words", "body": "A body " * 20}).encode()


def head_of(length: Any, path: str = "/score", kind: str = "application/json", **more: str) -> bytes:
    """The head of a POST request."""
    names = f"Host: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}"
    names += "".join(f"\r\n{name.replace('_', '-')}: {value}" for name, value in more.items())
    return f"POST {path} HTTP/1.1\r\n{names}\r\n\r\n".encode()


def _post(body: bytes, random_: random.Random, kind: str = "application/json") -> bytes:
    return head_of(len(body), random_.choice(_PATHS), kind) + body


def _noise(random_: random.Random) -> bytes:
    return random_.randbytes(random_.randint(1, 400))


def _cut_json(random_: random.Random) -> bytes:
    return _post(_GOOD[: random_.randrange(len(_GOOD))], random_)


def _broken_bytes(random_: random.Random) -> bytes:
    body = bytearray(_GOOD)
    for _ in range(8):
        body[random_.randrange(len(body))] = random_.randrange(128, 256)
    return _post(bytes(body), random_)


def _wrong_shape(random_: random.Random) -> bytes:
    value = random_.choice([None, True, 3, "text", [], [[]], {}, {"title": 1, "body": []}, [None], {"title": {}}])
    return _post(json.dumps(value).encode(), random_)


def _deep(random_: random.Random) -> bytes:
    depth = random_.randint(100, 5000)
    return _post(random_.choice([b"[", b'{"a":']) * depth, random_)


def _deep_and_closed(random_: random.Random) -> bytes:
    depth = random_.randint(900, 3000)
    return _post(b'{"title":"a","body":"b","x":' + b"[" * depth + b"]" * depth + b"}", random_)


def _surrogates(random_: random.Random) -> bytes:
    return _post(b'{"title":"\\ud800 a","body":"\\udfff\\ud800"}', random_)


def _strange_numbers(random_: random.Random) -> bytes:
    number = random_.choice([b"NaN", b"Infinity", b"1e999999", b"-", b"0x1", b"9" * 4000])
    return _post(b'{"title":"a","body":"b","n":' + number + b"}", random_)


def _repeated_keys(random_: random.Random) -> bytes:
    return _post(b"{" + b",".join([b'"title":"a"'] * 50) + b"}", random_)


def _control_characters(random_: random.Random) -> bytes:
    body = json.dumps({"title": "\x00\x1b[31m\u202e", "body": "\x00" * 50 + "\ufeff\uffff" * 20}).encode()
    return _post(body, random_)


def _wrong_type(random_: random.Random) -> bytes:
    return _post(_GOOD, random_, random_.choice(["text/plain", "image/png", "", "application/xml", ";;;", "a/b/c"]))


def _wrong_method(random_: random.Random) -> bytes:
    method = random_.choice(["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "PROPFIND", "BREW", "get"])
    return f"{method} {random_.choice(_PATHS)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def _wrong_path(random_: random.Random) -> bytes:
    odd = [
        "/../../etc/passwd",
        "/static/..%2f..%2fx",
        "/%00",
        "/%ff%fe",
        "//",
        "*",
        "/score/",
        "/score%2f",
        "http://x/score",
    ]
    path = random_.choice([*odd, "/" + "a" * 3000])
    head = f"{random_.choice(['GET', 'POST'])} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    return head.encode("latin-1")


def _wrong_length(random_: random.Random) -> bytes:
    return head_of(random_.choice(["-1", "abc", "1e3", "99999999999999999999999", "0x10", "5, 6", ""])) + _GOOD


def _two_lengths(random_: random.Random) -> bytes:
    head = f"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(_GOOD)}\r\nContent-Length: 3\r\n"
    return head.encode() + b"Content-Type: application/json\r\n\r\n" + _GOOD


def _length_and_chunks(random_: random.Random) -> bytes:
    head = b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"


def _broken_chunks(random_: random.Random) -> bytes:
    head = b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + random_.choice([b"zz\r\n{}\r\n", b"5\r\n{}\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n", b"-2\r\n{}\r\n"])


def _cut_body(random_: random.Random) -> bytes:
    return head_of(len(_GOOD) + 100) + _GOOD


def _broken_headers(random_: random.Random) -> bytes:
    line = random_.choice(["no colon", ": no name", "a b: c", "X: \x00", "X:\r\n folded", "\x7f: y", "Host: b\r\nHost: c"])
    return f"GET /health HTTP/1.1\r\n{line}\r\n\r\n".encode("latin-1")


def _wrong_version(random_: random.Random) -> bytes:
    version = random_.choice(["HTTP/9.9", "HTTP/0.9", "HTTP/2.0", "XTTP/1.1", "", "HTTP/1.1 extra"])
    return f"GET /health {version}\r\nHost: localhost\r\n\r\n".encode()


def _upgrade(random_: random.Random) -> bytes:
    to = random_.choice(["websocket", "h2c", "TLS/1.0"])
    head = f"GET /score HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: {to}\r\n"
    return head.encode() + b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n\x81\x05hello"


def _bad_lines(random_: random.Random) -> bytes:
    lines = [_GOOD, b"nonsense", b"[1]", b"\xff\xfe", b'{"title":', b"{}", b"", b"null", b'{"title":[],"body":{}}', b"\x00"]
    random_.shuffle(lines)
    return _post_stream(b"\n".join(lines), "application/x-ndjson")


def _bad_csv(random_: random.Random) -> bytes:
    rows = [b'"a,b\n', b'a"b,"c"d\n', b"," * 500, b"\xff,\x00\n"]
    texts = [b"", b"title\n", *(b"title,body\n" + row for row in rows)]
    return _post_stream(random_.choice(texts), "text/csv")


def _bad_query(random_: random.Random) -> bytes:
    query = random_.choice(["%", "title=%ff", "only", "only=%00", "a=" + "b" * 500, "&&&==", "title=&title=x", "[]"])
    return head_of(len(_GOOD), f"/score?{query}", "application/x-ndjson") + _GOOD


def _bad_html(random_: random.Random) -> bytes:
    entity = b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"
    texts = [b"", b"<", b"<html" * 200, b"<p>" * 400, b"\x00" * 100, b"<!--", b"<script>" * 50, entity]
    body = random_.choice(texts)
    return head_of(len(body), "/extract", "text/html") + body


def _compressed(random_: random.Random) -> bytes:
    return head_of(2).replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") + b"\x1f\x8b"


def _long_integer(random_: random.Random) -> bytes:
    digits = b"9" * random_.choice([4301, 5000, 20_000])
    body = b'{"title":"a title of words","body":"' + b"word " * 50 + b'","n":' + digits + b"}"
    return _post(body, random_) if random_.random() < 0.5 else _post_stream(body + b"\n", "application/x-ndjson")


def _distinct_words(random_: random.Random) -> bytes:
    words = " ".join(f"{random_.getrandbits(40):x}" for _ in range(20_000))
    return _post(json.dumps({"title": words[:2000], "body": words}).encode(), random_)


def _quadratic_quotes(random_: random.Random) -> bytes:
    return _post_stream(b"title,body\n" + b'a"b,"c' * random_.randint(1000, 90_000), "text/csv")


def _many_columns(random_: random.Random) -> bytes:
    return _post_stream(b"title,body" + b",c" * random_.randint(5000, 100_000) + b"\n" + b"x," * 5000 + b"\n", "text/csv")


def _long_title(random_: random.Random) -> bytes:
    piece = random_.choice(["12 May 2024 ", "&amp;", "\u0e01\u0e32", "\u6771\u4eac", "a?b"])
    title = piece * (random_.randint(1000, 100_000) // len(piece))
    return _post(json.dumps({"title": title, "body": title}).encode(), random_)


def _long_names(random_: random.Random) -> bytes:
    name = b"n" * random_.randint(200, 5000)
    return _post_stream(
        b"title,body," + b",".join([name + b"%d" % i for i in range(20)]) + b"\n" + b"," * 21 + b"\n", "text/csv"
    )


def _torn_by_a_return(random_: random.Random) -> bytes:
    row = b'{"title":\r"a title",\r"body":"' + b"word " * 50 + b'"}'
    return _post_stream(row + b"\n{broken\n" + row + b"\n", "application/x-ndjson")


def _one_byte_first(random_: random.Random) -> bytes:
    head = b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
    rest = b'"title":"a","body":"' + b"x" * random_.randint(1, 200_000) + b'"}\n'
    return head + b"\r\n1\r\n{\r\n" + f"{len(rest):x}\r\n".encode() + rest + b"\r\n0\r\n\r\n"


def _compressed_stream(random_: random.Random) -> bytes:
    body = gzip.compress(b"{}\n" * random_.randint(1000, 400_000))
    encoded = random_.random() < 0.5
    head = head_of(len(body), "/score", "application/x-ndjson" if encoded else "application/gzip")
    return head.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") + body if encoded else head + body


def _rows_that_grow(random_: random.Random) -> bytes:
    return _post_stream(b"{}\n" * random_.randint(100, 20_000), "application/x-ndjson")


def _columnar_noise(random_: random.Random) -> bytes:
    magic = random_.choice([b"ARROW1\0\0", b"PAR1", b"\xff\xff\xff\xff"])
    kind = random_.choice(
        ["application/vnd.apache.arrow.stream", "application/vnd.apache.parquet", "application/octet-stream"]
    )
    return _post_stream(magic + random_.randbytes(300) + magic, kind)


def _pipelined(random_: random.Random) -> bytes:
    return (head_of(len(_GOOD)) + _GOOD) * random_.randint(2, 30) + random_.randbytes(50)


def _long_list(random_: random.Random) -> bytes:
    return _post(b"[" + b",".join([_GOOD] * random_.randint(1001, 1200)) + b"]", random_)


def _other_encoding(random_: random.Random) -> bytes:
    return _post(_GOOD.decode().encode(random_.choice(["utf-16", "utf-32", "utf-16-be"])), random_)


def _post_stream(body: bytes, kind: str) -> bytes:
    return head_of(len(body), "/score", kind) + body


KINDS: dict[str, Maker] = {
    name.lstrip("_"): maker
    for name, maker in list(globals().items())
    if callable(maker) and name.startswith("_") and name not in ("_post", "_post_stream") and not name.startswith("__")
}
