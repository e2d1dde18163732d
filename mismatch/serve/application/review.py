"""A review on the page: rows handed out, decisions taken in, labels handed back. `batch.review.shared` keeps them."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from mismatch.batch.review.flagged import FlaggedRow
from mismatch.batch.review.labels_file import LABELS
from mismatch.batch.review.shared import SharedReview, Taken
from mismatch.errors import InputError
from mismatch.judging.scorer import Scorer
from mismatch.report.review_texts import shown
from mismatch.serve.application.articles import parse_json
from mismatch.serve.problems import Problem, busy

T = TypeVar("T")
MAX_REQUEST = 4 << 10
"""bytes of a request"""
POSTS = ("/review/next", "/review/decide", "/review/skip", "/review/undo")
_AT_WORK = 64
_HOLDER, _REVIEWER = range(16, 65), range(0, 101)
"""lengths, in characters"""


class ReviewDesk:
    """A review with a thread of its own, in which one request after the other is answered."""

    def __init__(self, review: SharedReview, scorer: Scorer) -> None:
        self._review, self._scorer = review, scorer
        self._pool = ThreadPoolExecutor(1, "review")
        self._at_work = 0

    def close(self) -> None:
        """Waits for what is being kept."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._review.close()

    async def next(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The row that this person is to look at."""
        return await self._run(lambda: self._turn(asked, None))

    async def decide(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Keeps a decision, and gives the next row; Problem 409 where it is not this person's row."""
        label = asked.get("label")
        if label not in LABELS:
            raise Problem(422, f"label is {' or '.join(LABELS)}")

        def decide() -> dict[str, Any]:
            row = self._row(asked)
            self._review.decide(*_who(asked), row, label)
            return self._turn(asked, None)

        return await self._run(decide)

    async def skip(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Hands a row back, and gives the next."""

        def skip() -> dict[str, Any]:
            self._review.skip(_who(asked)[0], self._row(asked))
            return self._turn(asked, None)

        return await self._run(skip)

    async def undo(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Takes this person's last decision back, and gives its row; Problem 409 where there is none."""

        def undo() -> dict[str, Any]:
            row = self._review.undo(*_who(asked))
            if row is None:
                raise Problem(409, "there is no decision of yours to take back")
            return self._turn(asked, row)

        return await self._run(undo)

    async def labels(self) -> AsyncIterator[bytes]:
        """The decisions as JSON lines, some at a time."""
        after = 0
        while True:
            lines, after = await self._run(functools.partial(self._review.labels, after))
            if not lines:
                return
            yield b"".join(lines)

    def _turn(self, asked: dict[str, Any], row: FlaggedRow | None) -> dict[str, Any]:
        holder, reviewer = _who(asked)
        row = row or self._review.next(holder, reviewer)
        return {**asdict(self._review.progress(holder)), "row": None if row is None else self._plain(row)}

    def _plain(self, row: FlaggedRow) -> dict[str, Any]:
        return {"key": row.digest.hex(), **asdict(shown(row, self._scorer))}

    def _row(self, asked: dict[str, Any]) -> FlaggedRow:
        number, key = asked.get("row"), asked.get("key")
        try:
            if type(number) is not int or type(key) is not str:
                raise ValueError
            row = self._review.rows.find(number, bytes.fromhex(key))
        except (ValueError, OverflowError):
            raise Problem(422, "row is the number of a row, and key what came with it") from None
        if row is None:
            raise Problem(409, "this row is not part of the review; it may have been started anew with another file")
        return row

    async def _run(self, work: Callable[[], T]) -> T:
        if self._at_work >= _AT_WORK:
            raise busy(f"{self._at_work} requests of the review are at work")
        self._at_work += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except Taken as taken:
            raise Problem(409, str(taken)) from None
        except sqlite3.Error as error:
            raise Problem(507, f"the database of the review does not answer, and nothing was kept: {error}") from None
        except InputError as error:
            raise Problem(507, f"this is kept in the database, but not in the labels file: {error}") from None
        finally:
            self._at_work -= 1


def add_routes(api: FastAPI, desk: ReviewDesk, page: Callable[[], Response]) -> None:
    """The page of the review and what it asks for. They are not part of the described service."""
    answers = {"next": desk.next, "decide": desk.decide, "skip": desk.skip, "undo": desk.undo}

    @api.get("/review", include_in_schema=False)
    async def review_page() -> Response:
        return page()

    @api.get("/review/labels", include_in_schema=False)
    async def labels() -> Response:
        headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="labels.jsonl"'}
        return StreamingResponse(desk.labels(), media_type="application/x-ndjson", headers=headers)

    @api.post("/review/{what}", include_in_schema=False)
    async def answer(what: str, request: Request) -> Response:
        if what not in answers:
            raise Problem(404, "there is nothing here; /review is the page")
        asked = parse_json(await request.body())
        if type(asked) is not dict:
            raise Problem(422, "the body is not an object")
        _who(asked)
        import orjson

        return Response(orjson.dumps(await answers[what](asked)), 200, {"cache-control": "no-store"}, "application/json")


def _who(asked: dict[str, Any]) -> tuple[str, str]:
    """The key of whoever asks, which they have made up, and their name."""
    holder, reviewer = asked.get("holder"), asked.get("reviewer", "")
    if type(holder) is not str or len(holder) not in _HOLDER:
        raise Problem(422, f"holder is a text of {_HOLDER[0]} to {_HOLDER[-1]} characters, another for each person")
    if type(reviewer) is not str or len(reviewer) not in _REVIEWER:
        raise Problem(422, f"reviewer is a text of at most {_REVIEWER[-1]} characters")
    return holder, " ".join(reviewer.split())
