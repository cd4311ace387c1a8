"""One question to the web view: the book, both clocks, and addresses that keep them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from sqlalchemy import Connection, select

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import DEFAULT_ZONE, Instant, format_instant, local, wall_clock
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import chunks, read_positions
from ledger.store.schema import events
from ledger.usecases.closing.standing_lines import as_it_stands
from ledger.usecases.settling.settle import Settlement
from ledger.usecases.terms.runs import Run, run_at
from ledger.usecases.typed_clocks import clocks_at
from projections.pages.names import names_of
from projections.web.addresses import CLOCKS, Addresses
from projections.web.kept import Kept

HOUR = 3_600_000_000


@dataclass
class Looking(Addresses):
    """A question: an address without its suffix, its parameters, and where the answer comes from.

    The clocks are now and the head until `at` or `run` reads them from the address.
    """

    NAVIGATION = (
        ("programs", ()),
        ("status", ("status",)),
        ("exceptions", ("exceptions",)),
        ("breaks", ("breaks",)),
        ("obligations", ("obligations",)),
        ("audit", ("audit",)),
        ("log", ("log",)),
        ("compare", ("compare",)),
        ("query", ("query",)),
        ("verify", ("verify",)),
    )
    book: Book
    connection: Connection
    kept: Kept
    now: Instant
    path: str
    params: Mapping[str, str]
    seconds: float = 60.0
    """How long a statement of the query page may run."""
    name: str = ""
    """The book's, where several are served."""
    clocks: Clocks = field(init=False)
    zone: str = DEFAULT_ZONE

    def __post_init__(self) -> None:
        self.clocks = Clocks(self.now, self.head)

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
        return self.clocks.known_at < self.head or self.clocks.as_of < self.now - HOUR

    def time(self, instant: str) -> str:
        """An instant as clocks in the program's zone show it."""
        return wall_clock(instant, self.zone)

    @property
    def pinned(self) -> dict[str, str]:
        return {
            "as_of": format_instant(self.clocks.as_of),
            "known_at": str(self.clocks.known_at),
        }

    @property
    def as_of(self) -> str:
        return local(self.clocks.as_of, self.zone)

    @property
    def known(self) -> str:
        return f"known at position {self.clocks.known_at} of {self.head}"

    @property
    def every_book(self) -> str:
        # As of the same, with what each had learned when this one had learned what it shows.
        if not self.name:
            return ""
        if self.clocks.known_at == self.head:
            instant = self.now
        else:
            instant = next(
                iter(read_positions(self.connection, [self.clocks.known_at]))
            ).recorded_at
        clocks = {"as_of": self.pinned["as_of"], "known_at": format_instant(instant)}
        return f"/?{urlencode(clocks)}"

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
