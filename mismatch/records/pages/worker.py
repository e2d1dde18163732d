"""The process that parses pages, one after the other, and ends when its input does.

A page comes as two lengths (4 bytes each), what is known of it as JSON, and its bytes; the answer is a length and JSON. A
page that takes too much time ends the process: the kernel does that, whatever the parser is doing.
"""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import sys
import zlib
from typing import Any, BinaryIO

REQUEST, ANSWER = struct.Struct("<II"), struct.Struct("<I")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r?\n")


def main(seconds: float, memory_bytes: int, most_bytes: int) -> None:
    """Answers pages from standard input on standard output.

    Parameters
    ----------
    seconds
        Of processor time for one page.
    memory_bytes
        Of address space for the process.
    most_bytes
        Of one page when it is decompressed.
    """
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption ends
    from mismatch.records.pages.extraction import extract

    _preload()
    _bound_memory(memory_bytes)
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        n_about, n_page = REQUEST.unpack(head)
        about, page = json.loads(requests.read(n_about)), requests.read(n_page)
        _alarm(seconds)
        answer = _answer(extract, about, page, most_bytes)
        _alarm(0)
        _send(answers, answer)
        if answer.get("reason") == "memory":
            return  # what is left of it would be missing from the next page


def _answer(extract: Any, about: dict[str, Any], page: bytes, most_bytes: int) -> dict[str, Any]:
    from mismatch.records.pages.extraction import NotAPageError

    try:
        payload = payload_of(page, about.get("transfer"), about.get("content"), most_bytes)
        found = extract(payload, charset=about.get("charset"), url=about.get("url"))
    except NotAPageError as error:
        return {"reason": f"not HTML: {error}"}
    except MemoryError:
        return {"reason": "memory"}
    except RecursionError:
        return {"reason": "too deeply nested to be parsed"}
    except Exception as error:  # whatever a parser makes of a page costs that page alone
        return {"reason": f"cannot be parsed: {type(error).__name__} {str(error)[:200]}"}
    return {"candidates": found.candidates, "body": found.body, "site": found.site}


def payload_of(page: bytes, transfer: str | None, content: str | None, most_bytes: int) -> bytes:
    """What a server sent, without the encodings in which it travelled; as it is where it is in none of them, as in many
    archives.

    Raises
    ------
    NotAPageError
        If it is longer than `most_bytes`, or in an encoding that cannot be undone.
    """
    from mismatch.records.pages.extraction import NotAPageError

    if transfer and "chunked" in transfer.lower():
        page = _without_chunks(page)
    kind = (content or "").lower().strip()
    if page[:2] == b"\x1f\x8b" or kind == "deflate":
        for window in (47, -15):
            inflate = zlib.decompressobj(window)
            try:
                inflated = inflate.decompress(page, most_bytes + 1)
            except zlib.error:
                continue
            if len(inflated) > most_bytes:
                raise NotAPageError(f"longer than {most_bytes:,} bytes when decompressed")
            return inflated
    if kind in ("br", "zstd") and b"<" not in page[:64]:
        from trafilatura.utils import handle_compressed_file

        unpacked = handle_compressed_file(page, most_bytes)
        if unpacked == page:
            raise NotAPageError(f"compressed as {kind}, which this installation cannot undo")
        return unpacked
    return page


def _without_chunks(page: bytes) -> bytes:
    parts, at = [], 0
    while head := _CHUNK.match(page, at):
        size = int(head[1], 16)
        parts.append(page[head.end() : head.end() + size])
        at = head.end() + size
        if not size:
            break
        at += 2 if page[at : at + 2] == b"\r\n" else 1
    return b"".join(parts) if parts and (at >= len(page) or not size) else page


def _preload() -> None:
    """Whatever is imported at the first page, so that it counts neither as its time nor as its memory."""
    from mismatch.errors import MissingExtraError
    from mismatch.records.pages.extraction import extract

    _look_up_classes_at_once()
    try:
        extract(b"<html><head><title>A page</title></head><body><p>The first, so that all is loaded.</p></body></html>")
    except MissingExtraError:
        pass  # said for each page


def _look_up_classes_at_once() -> None:
    """lxml asks a function in Python for the class of each element, to tell forms from links; nobody here needs that."""
    try:
        from lxml import etree, html
        from trafilatura.utils import HTML_PARSER
    except ImportError:
        return
    HTML_PARSER.set_element_class_lookup(
        etree.ElementDefaultClassLookup(
            element=html.HtmlElement, comment=html.HtmlComment, pi=html.HtmlProcessingInstruction, entity=html.HtmlEntity
        )
    )


def _bound_memory(n_bytes: int) -> None:
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        n_bytes = n_bytes if hard == resource.RLIM_INFINITY else min(n_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (n_bytes, hard))


def _alarm(seconds: float) -> None:
    """Lets the kernel end this process after so many seconds of processor time; 0 takes that back."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _send(answers: BinaryIO, answer: dict[str, Any]) -> None:
    data = json.dumps(answer).encode()
    answers.write(ANSWER.pack(len(data)) + data)
    answers.flush()
