"""The journal and the balances, read from their views and checked as they are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from difflib import get_close_matches
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select

from ledger.accounting.entry import Entry
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchAccount
from ledger.kernel.money import Money
from ledger.store.book import Book
from projections.balances import Balances
from projections.entries import Entries, entity_of, read_entries
from projections.reading import Report, report
from projections.runner import looking_at
from projections.temporary import Progress


class Posted(NamedTuple):
    """The days, and the positions, of the entries that are asked for; None leaves a side open."""

    first: date | None = None
    last: date | None = None
    after: int = 0
    """A position of the log after which an entry is new."""

    def __contains__(self, day: object) -> bool:
        assert isinstance(day, date)
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


ALWAYS = Posted()
LISTED_MAX = 10


class Journal(NamedTuple):
    """Entries that can be read as often as an export needs; an unbalanced one is refused."""

    entity: str
    clocks: Clocks
    connection: Connection
    table: Table
    account: str | None
    span: "Posted"

    def entries(self) -> Iterator[Entry]:
        """The entries in the order of the log. Raises `Unbalanced`."""
        for entry in read_entries(self.connection, self.table, self.span.after):
            if entry.date in self.span and (
                self.account is None
                or any(is_below(posting.account.text, self.account) for posting in entry.postings)
            ):
                yield entry

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row per posting, for tables and JSON."""
        for entry in self.entries():
            for posting in entry.postings:
                yield {
                    "number": entry.number,
                    "date": entry.date.isoformat(),
                    "account": posting.account.text,
                    "amount": posting.amount.text,
                    "currency": posting.amount.currency,
                    "what": entry.what,
                    "statement": entry.statement,
                    "line": entry.line,
                    "narration": entry.narration,
                }


@contextmanager
def journal(
    book: Book,
    *,
    account: str | None,
    clocks: Clocks | None,
    progress: Progress,
    span: Posted = ALWAYS,
) -> Iterator[Journal]:
    """The book's entries of some days, at the head or at other clocks.

    Raises `NoSuchAccount` for one that no entry touches.
    """
    with book.reading() as connection:
        entity = entity_of(connection)
    with looking_at(book, Entries(), clocks, progress) as sight:
        if account is not None:
            used = select(sight.table.c.account).distinct()
            _refuse_unknown(account, {name for (name,) in sight.connection.execute(used)})
        yield Journal(entity, sight.clocks, sight.connection, sight.table, account, span)


def balances(book: Book, account: str | None, clocks: Clocks | None, progress: Progress) -> Report:
    """Balances per account and commodity, or only of an account and those below it.

    Raises `NoSuchAccount` for one that no entry touches.
    """
    trial_balance = report(book, Balances.NAME, clocks=clocks, progress=progress)
    names = ("account", "balance", "currency")
    if account is not None:
        _refuse_unknown(account, {row["account"] for row in trial_balance.rows})
    rows = [
        {name: row[name] for name in names}
        for row in trial_balance.rows
        if account is None or is_below(row["account"], account)
    ]
    return trial_balance._replace(rows=rows)


def balances_by_day(
    book: Book,
    account: str | None,
    clocks: Clocks | None,
    progress: Progress,
    *,
    span: Posted,
    every: int | None = None,
) -> Report:
    """What the entries of some days move, per account and commodity; with only a last day, the
    balance at its end.

    `every`: a column per month (1) or quarter (3) in which something moved, then their total.
    Raises `NoSuchAccount` for an account that no entry touches.
    """
    with looking_at(book, Entries(), clocks, progress) as sight:
        c = sight.table.c
        query = (
            select(c.account, c.currency, c.date, func.sum(c.amount_minor))
            .group_by(c.account, c.currency, c.date)
            .order_by(c.account, c.currency)
        )
        daily = [
            (*row[:2], date.fromisoformat(row[2]), int(row[3]))
            for row in sight.connection.execute(query)
        ]
        if account is not None:
            _refuse_unknown(account, {name for name, *_ in daily})
        moved: dict[tuple[str, str], dict[str, int]] = {}
        labels: set[str] = set()
        for name, currency, day, minor in daily:
            if day in span and (account is None or is_below(name, account)):
                sums = moved.setdefault((name, currency), {})
                label = _label(day, every) if every else "balance"
                sums[label] = sums.get(label, 0) + minor
                labels.add(label)
        rows = [
            {"account": name}
            | {label: Money(sums.get(label, 0), code).text for label in sorted(labels)}
            | ({"total": Money(sum(sums.values()), code).text} if every else {})
            | {"currency": code}
            for (name, code), sums in moved.items()
        ]
        return Report(Balances.NAME, rows, sight.clocks, sight.parked)


def _label(day: date, every: int) -> str:
    """The month or the quarter of a day, as it is typed."""
    return f"{day:%Y-%m}" if every == 1 else f"{day.year}q{(day.month + 2) // 3}"


def _refuse_unknown(account: str, known: set[str]) -> None:
    if any(is_below(name, account) for name in known):
        return
    above = {":".join(name.split(":")[:length]) for name in known for length in (1, 2, 3)}
    folded = {name.casefold(): name for name in sorted(known | above)}
    near = get_close_matches(account.casefold(), folded, n=3, cutoff=0.75)
    listed = ", ".join(sorted(known)[:LISTED_MAX]) + (" ..." if len(known) > LISTED_MAX else "")
    hint = f"Accounts: {listed}." if known else "Close a period first."
    if near:
        hint = f"Did you mean {' or '.join(folded[name] for name in near)}?"
    raise NoSuchAccount(f"No entry touches the account {account!r}.", hint)


def is_below(account: str, wanted: str) -> bool:
    """Whether an account is the wanted one or below it."""
    return account == wanted or account.startswith(f"{wanted}:")
