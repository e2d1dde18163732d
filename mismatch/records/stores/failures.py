"""What went wrong with a store, in a few words: its own messages are long, of several lines, and name requests."""

from __future__ import annotations

import re

UPLOADING = "uploading to a store"
"""the name of a thread that does"""
_LONGEST = 160
_CAUSES = (
    (r"NO_SUCH_BUCKET|Bucket '[^']*' not found|bucket does not exist", "there is no such bucket"),
    (
        r"ACCESS_DENIED|INVALID_ACCESS_KEY|INVALID_CLIENT_TOKEN|SIGNATURE_DOES_NOT_MATCH|UNRECOGNIZED_CLIENT|EXPIRED_TOKEN"
        r"|InvalidAccessKeyId|UNAUTHENTICATED|PERMISSION_DENIED|HTTP status 40[13]",
        "access is denied; check the credentials, and what they allow",
    ),
    (r"[Cc]ould not resolve host", "no connection: the name of the host is not known"),
    (r"[Cc]ould not connect|[Ff]ailed to connect", "no connection: nobody answers there"),
    (r"[Tt]imeout was reached|timed out|Operation too slow", "no connection: no answer within the time"),
    (r"NETWORK_CONNECTION", "no connection"),
    (r"libjvm|libhdfs", "HDFS needs Java and Hadoop's libhdfs; set JAVA_HOME, HADOOP_HOME and CLASSPATH"),
    (r"HTTP status 5\d\d|SLOW_DOWN|SERVICE_UNAVAILABLE|INTERNAL_FAILURE", "the store itself has failed; try again later"),
    (r"NO_SUCH_KEY|Path does not exist|HTTP status 404", "there is no such object"),
)


class StoreError(OSError):
    """A store refused, or did not answer; the words are made for a user."""

    def __init__(self, words: str, address: str | None = None) -> None:
        super().__init__(words)
        self.filename = address

    def __str__(self) -> str:
        return str(self.args[0])


def in_words(error: BaseException) -> str:
    """Why a store failed."""
    text = str(error)
    for pattern, words in _CAUSES:
        if re.search(pattern, text):
            return words
    if isinstance(error, FileNotFoundError):
        return "there is no such object"
    line = (text.splitlines() or [type(error).__name__])[0].rstrip(".")
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"
