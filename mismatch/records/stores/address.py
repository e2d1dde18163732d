"""What an address such as `s3://bucket/folder/file.jsonl?region=eu-west-1` names, and the connection to its store."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mismatch.errors import InputError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

SCHEMES = ("s3", "gs", "hdfs")
CONNECT_SECONDS, SILENT_SECONDS, ATTEMPTS = 5, 10, 3
"""until a connection stands, and without a byte on it; a store that says nothing has failed in about half a minute"""
_FORM = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://(?P<authority>[^/]*)/?(?P<key>.*)", re.DOTALL)
_OPTIONS = re.compile(r"\?(?=[a-z_]+=)")  # any other question mark is part of a key, or of a pattern
_ANONYMOUS = "anonymous@"


@dataclass(frozen=True)
class Address:
    """A place in a store."""

    scheme: str
    authority: str
    """the bucket; of HDFS the host"""
    key: str
    """what stands behind it, without a slash at the beginning"""
    options: str = ""
    """what stands behind `?`"""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}/{self.key}" + (f"?{self.options}" if self.options else "")

    @property
    def bucket(self) -> str:
        """The bucket, or the root of HDFS, as pyarrow wants it."""
        return "/" if self.scheme == "hdfs" else self.authority.removeprefix(_ANONYMOUS)

    @property
    def path(self) -> str:
        """Bucket and key, as pyarrow wants them."""
        return f"{self.bucket.rstrip('/')}/{self.key}".rstrip("/") or "/"

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rstrip("/").rpartition("/")[2]

    def at(self, path: str) -> Address:
        """The address of another path, as pyarrow has it, in the same bucket."""
        return replace(self, key=path.removeprefix(self.bucket).lstrip("/"))

    def connected(self) -> FileSystem:
        """The file system of the store.

        Raises
        ------
        InputError, OSError, pyarrow.ArrowException
            The options make no sense, or nobody answers.
        """
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        return _connected(self.scheme, self.authority, self.options, endpoint if self.scheme == "s3" else None)


def address_of(text: str | Path) -> Address | None:
    """The address that a text is; None for a local path.

    Raises
    ------
    InputError
        It holds credentials, names no bucket, or a kind of store that is not known.
    """
    form = _FORM.fullmatch(str(text))
    if form is None or form["scheme"] == "file":
        return None
    scheme, authority = form["scheme"], form["authority"]
    login, _, host = authority.rpartition("@")
    if (scheme in ("s3", "gs") and (":" in authority or login not in ("", "anonymous"))) or ":" in login:  # not shown
        where = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or ~/.aws/credentials" if scheme == "s3" else "the environment"
        raise InputError(f"{scheme}://…: credentials do not belong into an address; give them in {where}.")
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise InputError(f"{text}: there is no way to this place; give a path, or an address that begins with {known}.")
    if not host and scheme != "hdfs":
        raise InputError(f"{text}: names no bucket; write {scheme}://BUCKET/NAME.")
    key, _, options = _split_options(form["key"])
    return Address(scheme, authority, key, options)


def local_path(text: str | Path) -> str:
    """A path as it is; that of a `file://` address."""
    text = str(text)
    if not text.startswith("file://"):
        return text
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    parts = urlsplit(text)
    if parts.netloc not in ("", "localhost"):
        raise InputError(f"{text}: names a file of another machine; write file:///PATH.")
    return url2pathname(parts.path)


def without_options(text: str | Path) -> str:
    """A path or an address without what stands behind `?` in an address: it ends as the name does."""
    return _split_options(str(text))[0] if _FORM.fullmatch(str(text)) else str(text)


def _split_options(text: str) -> tuple[str, str, str]:
    found = _OPTIONS.search(text)
    return (text[: found.start()], "?", text[found.end() :]) if found else (text, "", "")


@lru_cache(maxsize=16)
def _connected(scheme: str, authority: str, options: str, endpoint: str | None) -> FileSystem:
    from urllib.parse import parse_qsl

    from pyarrow import fs

    if scheme == "s3":
        return _s3(authority, dict(parse_qsl(options, keep_blank_values=True)), endpoint)
    if scheme == "gs" and "retry_limit_seconds" not in options:
        limit = f"retry_limit_seconds={SILENT_SECONDS}"
        options = f"{options}&{limit}" if options else limit
    question = f"?{options}" if options else ""
    return fs.FileSystem.from_uri(f"{scheme}://{authority}/{question}")[0]


def _s3(authority: str, options: dict[str, str], endpoint: str | None) -> FileSystem:
    """As `pyarrow.fs.FileSystem.from_uri` would connect, but within bounded time."""
    from pyarrow import fs

    known = ("region", "scheme", "endpoint_override")
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError(f"s3://{authority}: unknown option {unknown[0]!r}; known are {', '.join(known)}.")
    endpoint = options.get("endpoint_override") or endpoint
    region = options.get("region")
    if region is None and endpoint is None:
        region = fs.resolve_s3_region(authority.removeprefix(_ANONYMOUS))
    return fs.S3FileSystem(
        anonymous=authority.startswith(_ANONYMOUS),
        region=region,
        scheme=options.get("scheme"),
        endpoint_override=endpoint,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=SILENT_SECONDS,
        background_writes=False,  # they would pile up in memory where the network is slower than the disk
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )
