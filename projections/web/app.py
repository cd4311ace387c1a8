"""The application: from a request to an answer as a page, as JSON or as CSV.

A book is opened for each request, read-only by the database itself. Work is done in a few threads;
an answer that takes longer than the limit is promised, worked out to its end, and kept.
"""

import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.kernel.errors import (
    NoLines,
    NoOrders,
    NoSuchLine,
    NoSuchPosition,
    NoSuchStatement,
    NoSuchStream,
    NotClosed,
    Refusal,
    UnknownProgram,
)
from ledger.kernel.instants import Instant
from ledger.kernel.shown import visible, visible_json
from ledger.store.book import Book, open_book
from ledger.usecases.verifying.upgrade import up_to_date
from projections.exporters.rows_csv import write_csv
from projections.web import routes
from projections.web.drawing import drawn, refused
from projections.web.guard import Guard, Names
from projections.web.kept import Kept
from projections.web.looking import Looking

AT_ONCE = 4
"""Answers that are worked out side by side."""
STATUS = {"usage": 400, "refused": 400, "conflict": 503, "broken": 500}
MISSING = (
    *(NoLines, NoOrders, NoSuchLine, NoSuchPosition, NoSuchStatement, NoSuchStream),
    *(NotClosed, UnknownProgram),
)
"""Refusals of what does not exist."""
SECOND = 1_000_000


def application(location: str, names: Names, now: Callable[[], Instant], seconds: float) -> ASGIApp:
    """The web view of a book. Raises nothing: refusals are pages, with the status that fits."""
    served = Route("/{path:path}", _Served(location, now, seconds))
    failing: Any = {Exception: _failed}
    return Guard(Starlette(routes=[served], exception_handlers=failing), names)


async def _failed(_request: Request, error: Exception) -> Response:
    """What is said of a bug; where the server was started its traceback is shown."""
    said = f"duebook itself failed: {type(error).__name__}: {visible(str(error))}\n"
    return PlainTextResponse(said, 500)


class _Served:
    """Answers requests about one book."""

    def __init__(self, location: str, now: Callable[[], Instant], seconds: float) -> None:
        self._location, self._now, self._seconds = location, now, seconds
        self._kept = Kept()
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if self._limiter is None:
            self._limiter = CapacityLimiter(AT_ONCE)
        path = request.url.path
        if path == "/favicon.ico":
            return Response(status_code=204)
        work = partial(self._worked_out, request)
        with anyio.move_on_after(self._seconds):
            return await to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)
        said = "This takes longer; it goes on being worked out. Load the page again in a while.\n"
        return PlainTextResponse(said, 503, {"Retry-After": "10"})

    def _worked_out(self, request: Request) -> Response:
        path, suffix = routes.split(request.path_params["path"])
        params = dict(request.query_params)
        try:
            book = self._opened()
        except Refusal as refusal:
            return PlainTextResponse(f"{visible(refusal.sentence)}\n", 503)
        try:
            with book.reading() as connection:
                # The second that has begun counts as a whole: links then need no fraction of it.
                now = -(-self._now() // SECOND) * SECOND
                looking = Looking(
                    book, connection, self._kept, now, f"/{path}", params, self._seconds
                )
                return _response(looking, suffix)
        finally:
            book.close()

    def _opened(self) -> Book:
        return up_to_date(open_book(self._location, readonly=True))


def _response(looking: Looking, suffix: str) -> Response:
    try:
        answer = routes.answer(looking)
        if answer is None:
            return refused(looking, suffix, 404, "There is no such page.", "Look at the programs.")
        if suffix == ".json":
            text = json.dumps(answer.data(), ensure_ascii=False, indent=2)
            return Response(visible_json(text) + "\n", media_type="application/json")
        if suffix == ".csv":
            file = io.StringIO()
            write_csv(file, answer.rows())
            return Response(file.getvalue(), media_type="text/csv; charset=utf-8")
        return drawn(looking, answer.page())
    except Refusal as refusal:
        status = 404 if isinstance(refusal, MISSING) else STATUS[refusal.kind]
        return refused(looking, suffix, status, refusal.sentence, refusal.hint)
