"""The application: from a request to an answer as a page, as JSON or as CSV.

Work is done in a few threads; an answer that takes longer than the limit is promised, worked out to
its end, and kept.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.kernel.instants import Instant
from ledger.kernel.shown import visible
from projections.books.named import NamedBook
from projections.web.guard import Guard, Names
from projections.web.one_book import OneBook
from projections.web.several_books import SeveralBooks

AT_ONCE = 4
"""Answers that are worked out side by side."""
Answering = Callable[[str, Mapping[str, str]], Response]
"""From an address without its first slash, and its parameters, to the answer."""


def application(location: str, names: Names, now: Callable[[], Instant], seconds: float) -> ASGIApp:
    """The web view of a book. Raises nothing: refusals are pages, with the status that fits."""
    return _guarded(OneBook(location, now, seconds).response, names, seconds)


def application_of_books(
    books: Sequence[NamedBook],
    file: str,
    names: Names,
    now: Callable[[], Instant],
    seconds: float,
) -> ASGIApp:
    """The web view of the books that a file lists: a list of them, and the pages of each, which
    are those of `application`, under `/books/NAME`. Raises nothing."""
    return _guarded(SeveralBooks(books, file, now, seconds).response, names, seconds)


def _guarded(answering: Answering, names: Names, seconds: float) -> ASGIApp:
    served = Route("/{path:path}", _Served(answering, seconds))
    failing: Any = {Exception: _failed}
    return Guard(Starlette(routes=[served], exception_handlers=failing), names)


async def _failed(_request: Request, error: Exception) -> Response:
    """What is said of a bug; where the server was started its traceback is shown."""
    said = f"duebook itself failed: {type(error).__name__}: {visible(str(error))}\n"
    return PlainTextResponse(said, 500)


class _Served:
    """Answers requests, a few at a time, each within the limit."""

    def __init__(self, answering: Answering, seconds: float) -> None:
        self._answering, self._seconds = answering, seconds
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if self._limiter is None:
            self._limiter = CapacityLimiter(AT_ONCE)
        if request.url.path == "/favicon.ico":
            return Response(status_code=204)
        asked = request.path_params["path"], dict(request.query_params)
        work = partial(self._answering, *asked)
        with anyio.move_on_after(self._seconds):
            return await to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)
        said = "This takes longer; it goes on being worked out. Load the page again in a while.\n"
        return PlainTextResponse(said, 503, {"Retry-After": "10"})
