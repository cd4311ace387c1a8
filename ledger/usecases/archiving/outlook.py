"""What is noteworthy about a call's new lines: unknown stores, days that no edition covers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.money import Money
from ledger.programs.contract import OrderKind, OrderProgram
from ledger.programs.edition import Edition
from ledger.programs.registry import programs
from ledger.store.archive.days import day_number
from ledger.store.archive.known import LINES
from ledger.store.head import Head
from ledger.store.reader import LogReader
from ledger.usecases.terms.editions import last_editions

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Uncharged(NamedTuple):
    """Orders on days that no published edition covers, and from when to when they were created."""

    orders: int
    first: str
    last: str


@dataclass
class Outlook:
    """What the sender of orders wants to know about them."""

    unknown_stores: list[str] = field(default_factory=list)
    currencies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Per currency the number of lines, and their amount."""
    outside: Uncharged | None = None
    without_rate: dict[str, list[str]] = field(default_factory=dict)
    """Per edition the categories that have no rate for some of its orders."""

    def as_json(self) -> dict[str, Any]:
        """Its part of the call's answer."""
        return {
            "unknown_stores": self.unknown_stores,
            "currencies": self.currencies,
            "categories_without_rate": self.without_rate,
            "outside_editions": self.outside._asdict() if self.outside else None,
        }


def outlook_of(connection: Connection, database: "DuckDBPyConnection", head: Head) -> Outlook:
    """The outlook for the lines that were found to be new."""
    reader = LogReader(connection, Clocks(FOREVER, head.position))
    stores = [row[0] for row in database.execute(f"SELECT DISTINCT store FROM {LINES}").fetchall()]
    onboarded = {name for name, _, _ in reader.located("store", stores)}
    sums = database.execute(
        f"SELECT currency::VARCHAR, count(*), sum(amount_minor) FROM {LINES} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    editions = list(_charging(connection, head.position))
    return Outlook(
        unknown_stores=sorted(set(stores) - onboarded),
        currencies={
            code: {"orders": orders, "amount": Money(int(amount), code).text}
            for code, orders, amount in sums
        },
        outside=_outside(database, editions),
        without_rate={
            edition.program: missing
            for edition in editions
            if (missing := _without_rate(database, edition))
        },
    )


def _without_rate(database: "DuckDBPyConnection", edition: Edition) -> list[str]:
    """The categories of lines created in an edition's term that it has no rate for."""
    first, last, until = edition.window.start, edition.window.end, FOREVER
    bounds = database.execute(
        f"SELECT min(created_at), max(created_at) FROM {LINES}"
        f" WHERE created_at >= {first} AND created_at < {min(last, until)}"
    ).fetchone()
    if bounds is None or bounds[0] is None:
        return []
    day = day_number("created_at", bounds[0], bounds[1], edition.zone)
    rows = database.execute(
        "SELECT category::VARCHAR, traffic::VARCHAR, channel::VARCHAR, min(created_at)"
        f" FROM {LINES} WHERE created_at BETWEEN {bounds[0]} AND {bounds[1]}"
        f" GROUP BY category, traffic, channel, {day}"
    ).fetchall()
    return sorted(_by_order(edition).without_rate(edition, (OrderKind(*row) for row in rows)))


def _by_order(edition: Edition) -> OrderProgram:
    orders = programs()[edition.rules].orders
    assert orders is not None, "it works by order"
    return orders


def _charging(connection: Connection, known_at: int) -> Iterator[Edition]:
    """The editions that work order by order."""
    rules = [name for name, program in programs().items() if program.orders is not None]
    return last_editions(connection, known_at, rules)


def _outside(database: "DuckDBPyConnection", editions: list[Edition]) -> Uncharged | None:
    """Lines created on days that no edition covers."""
    inside = [
        f"({_by_order(edition).about} AND created_at >= {edition.window.start}"
        f" AND created_at < {edition.window.end})"
        for edition in editions
    ]
    where = f" WHERE NOT ({' OR '.join(inside)})" if inside else ""
    row = database.execute(
        "SELECT count(*), strftime(make_timestamp(min(created_at)), '%Y-%m-%dT%H:%M:%SZ'),"
        f" strftime(make_timestamp(max(created_at)), '%Y-%m-%dT%H:%M:%SZ') FROM {LINES}{where}"
    ).fetchone()
    return Uncharged(*row) if row and row[0] else None
