"""Double entries: one row per posting, in the order of the log, seen from the book's entity."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Connection, Integer, Row, Table, select

from ledger.accounting.chart import Standing, parse_account
from ledger.accounting.entry import Entry, Posting
from ledger.aggregates.base import Logged
from ledger.aggregates.book import BookOpened
from ledger.aggregates.settlement import StatementEvent
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.instants import Instant, midnight
from ledger.kernel.money import Money
from ledger.programs.bookkeeping import Bookkeeper
from ledger.programs.moves import Key, Sums, moves_of, moving_topics, pot_of
from ledger.store.log import read_log
from ledger.store.schema import TEXT, withdrawn
from ledger.usecases.statements.balances import Later, counted_later, pot_sums, standings
from ledger.usecases.statements.locked_days import locks_until
from ledger.usecases.terms.by_position import TermsByPosition
from projections.base import FoldView, Span, View
from projections.storing import Values, store

ROWS_AT_ONCE = 5000
ENTRIES_AT_ONCE = 2500
_Long = BigInteger().with_variant(Integer, "sqlite")


def entries_in(span: Span) -> Iterator[Entry]:
    """The entries that follow from a span of the log, each balanced, in the order of positions."""
    events = _events(span)
    if not events:
        return
    terms = TermsByPosition(span.source, span.until)
    before: dict[Key, Standing] = {}
    sums: dict[Key, Sums] = {}
    if span.after:
        moves = [move for event in events for move in moves_of(_fact(event).event)]
        touched = {move.statement for move in moves} - {""}
        held = {pot for move in moves if (pot := pot_of(move))}
        clocks = Clocks(span.as_of, span.after)
        before = standings(span.source, touched, clocks)
        sums = pot_sums(span.source, held, clocks, terms)
    locks = locks_until(span.source, span.until)
    books = Bookkeeper(entity_of(span.source), terms, before, sums, locks, span.as_of)
    for event in events:
        if isinstance(event, Later):
            yield from books.take_later(event.fact, event.position, event.at, event.back)
        else:
            yield from books.take(event)


def entity_of(connection: Connection) -> str:
    """The entity whose accounts the book keeps, named by the book's first event."""
    first = next(read_log(connection, until=1))
    assert isinstance(first.event, BookOpened), "a book begins with BookOpened"
    return first.event.entity


def _events(span: Span) -> list[Logged | Later]:
    never = _never_counted(span)
    booked = read_log(span.source, span.after, span.until, moving_topics())
    events: list[Logged | Later] = [
        event for event in booked if _is_due(event, span.as_of) and event.position not in never
    ]
    events += [
        payment
        for payment in counted_later(span.source, span.after, span.until)
        if payment.fact.at <= span.as_of and payment.fact.position not in span.left_out
    ]
    return sorted(events, key=lambda event: event.position)


def _is_due(event: Logged, as_of: Instant) -> bool:
    """Whether an event's entries count at an as-of: a decision's from the day on which it is
    posted, whenever it was recorded; a fact's from when it happened."""
    given = event.event.posting_date if isinstance(event.event, StatementEvent) else None
    if given is None or as_of == FOREVER:
        return event.at <= as_of
    return midnight(date.fromisoformat(given), event.event.zone) < as_of


def _fact(event: Logged | Later) -> Logged:
    return event.fact if isinstance(event, Later) else event


def _never_counted(span: Span) -> set[int]:
    """Facts whose withdrawal was recorded before them: they never counted."""
    w = withdrawn.c
    query = select(w.target).where(
        w.target > span.after, w.target <= span.until, w.position < w.target
    )
    return {row[0] for row in span.source.execute(query)}


class EntryView(FoldView):
    """Rows that follow from the double entries alone."""

    READS: ClassVar = "entries"
    BATCH: ClassVar = 100_000
    AT_ONCE_AS_OF: ClassVar = True

    def take_entries(self, span: Span, table: Table, entries: Sequence[Entry]) -> None:
        """Takes in some of the entries of a span, in their order."""
        raise AssertionError(f"{self.NAME} takes no entries")

    def take(self, span: Span, table: Table) -> None:
        self.take_all(span, [(self, table)])

    @staticmethod
    def take_all(span: Span, views: Sequence[tuple[View, Table]]) -> None:
        entries = entries_in(span)
        while some := list(islice(entries, ENTRIES_AT_ONCE)):
            for view, table in views:
                assert isinstance(view, EntryView)
                view.take_entries(span, table, some)


class Entries(EntryView):
    """Every posting of every entry. Nothing is ever removed: what is withdrawn is reversed."""

    NAME = "entries"
    ABOUT = "double entries, posting by posting"
    VERSION = 3
    SHOWN: ClassVar = ("number", "amount")

    def columns(self) -> list[Column[Any]]:
        return [
            Column("position", _Long, primary_key=True, autoincrement=False),
            Column("seq", _Long, primary_key=True, autoincrement=False),
            Column("leg", _Long, primary_key=True, autoincrement=False),
            Column("date", TEXT, nullable=False),
            Column("what", TEXT, nullable=False),
            Column("statement", TEXT, nullable=False),
            Column("line", TEXT, nullable=False),
            Column("narration", TEXT, nullable=False),
            Column("account", TEXT, nullable=False),
            Column("amount_minor", _Long, nullable=False),
            Column("currency", TEXT, nullable=False),
        ]

    def take_entries(self, span: Span, table: Table, entries: Sequence[Entry]) -> None:
        store(span.target, table, [row for entry in entries for row in _rows(entry)])

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        amount = Money(row["amount_minor"], row["currency"]).text
        shown = {"number": f"{row['position']}.{row['seq']}"}
        names = ("date", "what", "statement", "line", "narration", "account")
        return shown | {n: row[n] for n in names} | {"amount": amount, "currency": row["currency"]}


def _rows(entry: Entry) -> list[Values]:
    """A row per posting, in the order of the columns."""
    position, _, seq = entry.number.partition(".")
    day, number = entry.date.isoformat(), (int(position), int(seq))
    said = (day, entry.what, entry.statement, entry.line, entry.narration)
    return [
        (*number, leg, *said, posting.account.text, posting.amount.minor, posting.amount.currency)
        for leg, posting in enumerate(entry.postings, 1)
    ]


def read_entries(connection: Connection, table: Table, after: int = 0) -> Iterator[Entry]:
    """The entries of events after a position, rebuilt from the rows of the view. Raises
    `Unbalanced`."""
    c = table.c
    query = select(table).where(c.position > after).order_by(c.position, c.seq, c.leg)
    legs: list[Row[Any]] = []
    for row in connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
        if legs and (row.position, row.seq) != (legs[0].position, legs[0].seq):
            yield _entry(legs)
            legs = []
        legs.append(row)
    if legs:
        yield _entry(legs)


def _entry(legs: list[Row[Any]]) -> Entry:
    first = legs[0]
    return Entry(
        f"{first.position}.{first.seq}",
        date.fromisoformat(first.date),
        first.what,
        first.statement,
        first.line,
        first.narration,
        tuple(
            Posting(parse_account(leg.account), Money(leg.amount_minor, leg.currency))
            for leg in legs
        ),
    )
