"""The journal and the balances, read from their views and checked as they are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table

from ledger.accounting.entry import Entry
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchAccount
from ledger.store.book import Book
from projections.balances import Balances
from projections.entries import Entries, entity_of, read_entries
from projections.reading import Report, report
from projections.runner import Progress, looking_at


class Journal(NamedTuple):
    """Entries that can be read as often as an export needs, each balanced or refused."""

    entity: str
    clocks: Clocks
    connection: Connection
    table: Table
    account: str | None

    def entries(self) -> Iterator[Entry]:
        """In the order of the log. Raises `Unbalanced`."""
        for entry in read_entries(self.connection, self.table):
            if self.account is None or any(
                is_below(posting.account.text, self.account) for posting in entry.postings
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
    book: Book, *, account: str | None, clocks: Clocks | None, progress: Progress
) -> Iterator[Journal]:
    """The book's entries at the head or at other clocks."""
    with book.reading() as connection:
        entity = entity_of(connection)
    with looking_at(book, Entries(), clocks, progress) as sight:
        yield Journal(entity, sight.clocks, sight.connection, sight.table, account)


def balances(book: Book, account: str | None, clocks: Clocks | None, progress: Progress) -> Report:
    """Balance per account and commodity, or of an account and those below it.

    Raises `NoSuchAccount` for one that no entry touches.
    """
    found = report(book, Balances.NAME, clocks=clocks, progress=progress)
    names = ("account", "balance", "currency")
    rows = [
        {name: row[name] for name in names}
        for row in found.rows
        if account is None or is_below(row["account"], account)
    ]
    if account is not None and not rows:
        known = sorted({row["account"] for row in found.rows})
        raise NoSuchAccount(
            f"No entry touches the account {account!r}.",
            f"Accounts: {', '.join(known[:10])}." if known else "Close a period first.",
        )
    return found._replace(rows=rows)


def is_below(account: str, wanted: str) -> bool:
    """Whether an account is the one that is wanted, or one below it."""
    return account == wanted or account.startswith(f"{wanted}:")
