"""One question to the web view: the book, both clocks, and addresses that keep them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, urlencode

from sqlalchemy import Connection, select

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import DEFAULT_ZONE, Instant, format_instant, local, wall_clock
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import chunks
from ledger.store.schema import events
from ledger.usecases.closing.standing_lines import as_it_stands
from ledger.usecases.settling.settle import Settlement
from ledger.usecases.terms.runs import Run, run_at
from ledger.usecases.typed_clocks import clocks_at
from projections.pages.names import names_of
from projections.web.kept import Kept

SUFFIXES = (".json", ".csv", ".html")
"""Behind an address they give its data, or, for an id that ends in one, its page."""
HOUR = 3_600_000_000
CLOCKS = ("as_of", "known_at")


@dataclass
class Looking:
    """A question: an address without its suffix, its parameters, and where the answer comes from.

    The clocks are now and the head until `at` or `run` reads them from the address.
    """

    book: Book
    connection: Connection
    kept: Kept
    now: Instant
    path: str
    params: Mapping[str, str]
    seconds: float = 60.0
    """How long a statement of the query page may run."""
    clocks: Clocks = field(init=False)
    zone: str = DEFAULT_ZONE

    def __post_init__(self) -> None:
        self.clocks = Clocks(self.now, self.head)

    def typed(self, name: str) -> str | None:
        """A parameter as typed; None for an empty one."""
        return (self.params.get(name) or "").strip() or None

    def at(self) -> Clocks:
        """The two clocks as typed. Raises `BadInstant`, `NoZone`, `BadKnownAt`."""
        as_of, known_at = map(self.typed, CLOCKS)
        self.clocks = clocks_at(self.connection, now=self.now, as_of=as_of, known_at=known_at)
        return self.clocks

    def run(self, program: str, period: str | None = None) -> Run:
        """What a run of a program is based on; dates are days in its zone."""
        as_of, known_at = map(self.typed, CLOCKS)
        asked = (self.connection, program, period)
        run = run_at(*asked, now=self.now, as_of=as_of, known_at=known_at)
        self.clocks, self.zone = run.clocks, run.edition.zone
        return run

    def settled(self, run: Run, period: str | None) -> Settlement:
        """The lines of a run: as issued and adjusted where it is closed, else as `settle` does."""
        key = (run.edition.program, period, run.clocks, run.edition.digest)

        asked = (self.connection, run.edition, period, run.clocks)
        return self.kept.answer(
            key, lambda: as_it_stands(*asked), lambda settlement: settlement.lines
        )

    @cached_property
    def head(self) -> int:
        """The last position of the log."""
        return head_of(self.connection).position

    @property
    def is_past(self) -> bool:
        """Whether the clocks leave something out: later events, or more than the last hour."""
        return self.clocks.known_at < self.head or self.clocks.as_of < self.now - HOUR

    def time(self, instant: str) -> str:
        """An instant as clocks in the program's zone show it."""
        return wall_clock(instant, self.zone)

    @property
    def pinned(self) -> dict[str, str]:
        """The clocks as parameters of a link."""
        return {
            "as_of": format_instant(self.clocks.as_of),
            "known_at": str(self.clocks.known_at),
        }

    @property
    def as_of(self) -> str:
        """The as-of in the program's zone, as it may be typed."""
        return local(self.clocks.as_of, self.zone)

    def link(self, *parts: str, suffix: str = "", **params: str) -> str:
        """The address of a page at the same clocks: `link("lines", line)`."""
        path = "/" + "/".join(quote(part, safe="/:") for part in parts)
        if not suffix and path.endswith(SUFFIXES):
            suffix = ".html"
        asked = {name: value for name, value in (self.pinned | params).items() if value}
        return f"{path}{suffix}?{urlencode(asked)}"

    def here(self, suffix: str = "", **params: str) -> str:
        """The address of this page with some parameters changed, at the same clocks."""
        own = {name: value for name, value in self.params.items() if name not in CLOCKS}
        return self.link(self.path.strip("/"), suffix=suffix, **(own | params))

    def address(self) -> str:
        """The address of this page without parameters."""
        path = quote(self.path, safe="/:")
        return f"{path}.html" if path.endswith(SUFFIXES) else path

    def unpinned(self) -> str:
        """The address of this page as of now."""
        own = {name: value for name, value in self.params.items() if name not in CLOCKS}
        return f"{self.address()}?{urlencode(own)}" if own else self.address()

    def existing(self, streams: Iterable[str]) -> set[str]:
        """Those of some streams that have events by then, so that a link leads somewhere."""
        there: set[str] = set()
        for names in chunks(sorted(set(streams))):
            known = (events.c.stream.in_(names), events.c.position <= self.clocks.known_at)
            query = select(events.c.stream).where(*known).distinct()
            there.update(self.connection.execute(query).scalars())
        return there

    def names(self, parties: Iterable[str]) -> dict[str, str]:
        """The recorded names of parties, by `partner:ID`; those without one are left out."""
        return names_of(self.connection, parties, self.clocks.known_at)
