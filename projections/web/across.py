"""One question to the web view about several books: both clocks, and the way into each of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ledger.kernel.errors import BadInstant, BadKnownAt, Refusal
from ledger.kernel.instants import (
    DEFAULT_ZONE,
    Instant,
    format_instant,
    local,
    parse_day_end_or_instant,
    wall_clock,
)
from ledger.kernel.shown import visible
from ledger.store.head import head_of
from projections.books.named import NamedBook, OpenedBook, opened, opened_books
from projections.web.addresses import CLOCKS, Addresses
from projections.web.kept import Kept
from projections.web.looking import HOUR, Looking

Told = TypeVar("Told")


@dataclass
class Across(Addresses):
    """A question about all books of a list. A position means something in one log alone: known-at
    is an instant here, and each book is asked at the position that it had reached by then.

    Without one each is asked at its head, and links have the instant up to which that is all.
    """

    NAVIGATION = (("books", ()), ("status", ("status",)), ("query", ("query",)))
    books: Sequence[NamedBook]
    file: str
    kept: Kept
    now: Instant
    """The end of the second that has begun: the as-of where none is typed."""
    read_at: Instant
    """When the books began to be read."""
    path: str
    params: Mapping[str, str]
    seconds: float
    name: str = ""
    zone: str = DEFAULT_ZONE
    _as_of: Instant = field(init=False)
    _known_at: Instant = field(init=False)
    _is_behind: bool = False

    def __post_init__(self) -> None:
        self._as_of, self._known_at = self.now, self.read_at

    def at(self) -> None:
        """Reads the clocks from the address. Raises `BadInstant`, `NoZone`, `BadKnownAt`."""
        as_of, known_at = map(self.typed, CLOCKS)
        if as_of is not None:
            self._as_of = parse_day_end_or_instant(as_of, self.zone, self.now)
        if known_at is None:
            return
        if known_at.isascii() and known_at.isdigit():
            raise BadKnownAt(
                f"known-at {known_at}: a position is of one book.",
                "Give an instant with its zone, or a day: these are several books.",
            )
        try:
            self._known_at = parse_day_end_or_instant(known_at, self.zone, self.now)
        except BadInstant as refusal:
            hint = "Give an instant with its zone, or a day."
            raise BadKnownAt(f"known-at: {refusal.sentence}", hint) from None

    @contextmanager
    def into(self, own: OpenedBook) -> Iterator[Looking]:
        """The same question to one of the books. Raises `BadKnownAt`, with the book's name, where
        it had recorded nothing by then."""
        typed = {name: text for name in CLOCKS if (text := self.typed(name))}
        with own.book.reading() as connection:
            kept = self.kept.of(own.name)
            asked = (own.book, connection, kept, self.now, "/", typed, self.seconds, own.name)
            looking = Looking(*asked)
            with own.said():
                known_at = looking.at().known_at
            if "known_at" in typed:
                self._is_behind = self._is_behind or known_at < looking.head
            else:  # a clock may have gone ahead of this one
                self._known_at = max(self._known_at, head_of(connection).recorded_at)
            yield looking

    @contextmanager
    def every(self) -> Iterator[dict[str, tuple[OpenedBook, Looking]]]:
        """The same question to all books, which are open together, by name. Raises what opening one
        of them raises, and `BadBooks` for one under two names."""
        with opened_books(self.file, self.books) as books, ExitStack() as stack:
            yield {own.name: (own, stack.enter_context(self.into(own))) for own in books}

    def over(self, ask: Callable[[Looking], Told]) -> tuple[list[Told], list[dict[str, Any]]]:
        """What each book answers, one after another, and which cannot: `book`, `error`, `hint`."""
        answers: list[Told] = []
        refused = []
        for named in self.books:
            try:
                with opened(named) as own, self.into(own) as looking, own.said():
                    answers.append(ask(looking))
            except Refusal as refusal:
                said = {"error": visible(refusal.sentence), "hint": visible(refusal.hint)}
                refused.append({"book": named.name, **said})
        return answers, refused

    @property
    def pinned(self) -> dict[str, str]:
        return {name: format_instant(at) for name, at in zip(CLOCKS, self._clocks, strict=True)}

    @property
    def _clocks(self) -> tuple[Instant, Instant]:
        return self._as_of, self._known_at

    @property
    def as_of(self) -> str:
        return local(self._as_of, self.zone)

    @property
    def known_at(self) -> str:
        return local(self._known_at, self.zone)

    @property
    def known(self) -> str:
        return f"known by {wall_clock(self.pinned['known_at'], self.zone)}"

    @property
    def is_past(self) -> bool:
        return self._is_behind or self._as_of < self.now - HOUR
