"""The pages of several books: each book's under `/books/NAME`, and those that are about all."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse, Response

from ledger.kernel.errors import Refusal
from ledger.kernel.instants import Instant
from ledger.kernel.near import did_you_mean
from projections.books.named import NamedBook
from projections.web import routes
from projections.web.across import Across
from projections.web.addresses import BOOKS
from projections.web.drawing import refused
from projections.web.kept import Kept
from projections.web.one_book import OneBook
from projections.web.page import Answer
from projections.web.responses import response, second_of

VIEWS = {
    "": "across:home",
    "status": "across:status",
    "query": "across:query",
    "search": "across:search",
}


class SeveralBooks:
    """Answers what is asked about several books, or about one of them."""

    def __init__(
        self,
        books: Sequence[NamedBook],
        file: str,
        now: Callable[[], Instant],
        seconds: float,
    ) -> None:
        self._books, self._file, self._now, self._seconds = books, file, now, seconds
        self._kept = Kept()
        self._by_name = {
            named.name: OneBook(
                *(named.location, now, seconds), name=named.name, kept=self._kept.of(named.name)
            )
            for named in books
        }

    def response(self, address: str, params: Mapping[str, str]) -> Response:
        """The answer to an address without its first slash."""
        first, _, rest = address.partition("/")
        if first != BOOKS or not rest:
            path, suffix = routes.split(address)
            across = self._across(path, params)
            return response(across, suffix, partial(_answer, across))
        name, slash, rest = rest.partition("/")
        if name not in self._by_name:
            return self._no_such_book(address, params, name)
        if not slash:
            asked = f"?{urlencode(params)}" if params else ""
            return RedirectResponse(f"/{BOOKS}/{quote(name, safe='')}/{asked}")
        return self._by_name[name].response(rest, params)

    def _across(self, path: str, params: Mapping[str, str]) -> Across:
        now = self._now()
        asked = (self._books, self._file, self._kept, second_of(now), now, f"/{path}", params)
        return Across(*asked, self._seconds)

    def _no_such_book(self, address: str, params: Mapping[str, str], name: str) -> Response:
        path, suffix = routes.split(address)
        across = self._across(path, params)
        hint = f"{did_you_mean(name, self._by_name)}Look at the list of books."
        try:
            across.at()
        except Refusal:  # positions are of one book: what can be said is that there is none
            across = self._across(path, {})
        return refused(across, suffix, 404, f"There is no book {name!r} in this list.", hint)


def _answer(across: Across) -> Answer | None:
    name = across.path.strip("/")
    return routes.view(VIEWS[name])(across) if name in VIEWS else None
