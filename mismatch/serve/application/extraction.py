"""Title and body of an HTML file, by trafilatura (extra `html`)."""

from __future__ import annotations

from dataclasses import dataclass

from mismatch.errors import MissingExtraError


@dataclass(frozen=True)
class Extracted:
    """What was found; empty where nothing was."""

    title: str
    body: str


def extract(html: bytes) -> Extracted:
    """Title and body of a page. Nothing is fetched.

    Raises
    ------
    MissingExtraError
        If trafilatura is not installed.
    """
    try:
        import trafilatura
    except ImportError:
        raise MissingExtraError('HTML files need trafilatura: pip install "headline-mismatch[html]"') from None
    if b"<html" not in html.lower():  # the tag may be left out, but is what trafilatura knows a page by
        html = b"<html>" + html + b"</html>"
    document = trafilatura.bare_extraction(html, with_metadata=True, include_comments=False)
    if document is None or isinstance(document, dict):
        return Extracted("", "")
    title, body = _clean(document.title), _clean(document.text)
    first, _, rest = body.partition("\n")
    if title and first.strip() == title:  # the heading, which would make any title look at home
        body = rest.strip()
    return Extracted(title, body)


def _clean(text: str | None) -> str:
    return (text or "").encode("utf-8", "replace").decode("utf-8").strip()
