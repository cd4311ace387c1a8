"""The pages of a book, which is opened for each request, read-only by the database itself."""

from collections.abc import Callable, Mapping
from functools import partial

from starlette.responses import Response

from ledger.kernel.errors import Refusal
from ledger.kernel.instants import Instant
from ledger.store.book import Book, open_book
from ledger.usecases.verifying.upgrade import up_to_date
from projections.web import routes
from projections.web.kept import Kept
from projections.web.looking import Looking
from projections.web.responses import response, second_of, unopened


class OneBook:
    """Answers what is asked about one book; `name`: which of several it is."""

    def __init__(
        self,
        location: str,
        now: Callable[[], Instant],
        seconds: float,
        *,
        name: str = "",
        kept: Kept | None = None,
    ) -> None:
        self._location, self._now, self._seconds = location, now, seconds
        self._name, self._kept = name, kept or Kept()

    def response(self, address: str, params: Mapping[str, str]) -> Response:
        """The answer to an address below that of the book, without its first slash."""
        path, suffix = routes.split(address)
        try:
            book = self._opened()
        except Refusal as refusal:
            return unopened(refusal)
        try:
            with book.reading() as connection:
                now = second_of(self._now())
                asked = (book, connection, self._kept, now, f"/{path}", params, self._seconds)
                looking = Looking(*asked, self._name)
                return response(looking, suffix, partial(routes.answer, looking))
        finally:
            book.close()

    def _opened(self) -> Book:
        return up_to_date(open_book(self._location, readonly=True))
