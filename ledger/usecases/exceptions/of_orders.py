"""Exceptions among archived orders: one per store and code.

Orders of a store that nobody has onboarded, orders created before its onboarding, and days for
which a feed reports placed GMV as well, in the zone of each edition that reads it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date
from typing import Any, NamedTuple

from ledger.aggregates.judge import Surprise, two_feeds
from ledger.aggregates.orders import SOURCE
from ledger.aggregates.store import GMVRecorded
from ledger.aggregates.store_state import StoreState
from ledger.kernel.clocks import FOREVER
from ledger.kernel.instants import EARLIEST, Instant, format_instant
from ledger.kernel.money import Money
from ledger.kernel.period import Window
from ledger.programs.contract import OfOrders
from ledger.programs.edition import Edition
from ledger.programs.registry import program_names, program_of
from ledger.store.reader import LogReader
from ledger.usecases.terms.editions import last_editions

HINTS = {
    "unknown_store": "Record the store's MerchantOnboarded; until then its orders wait.",
    "before_onboarding": "Check the instants of the orders and of the onboarding, and their zones.",
}


class OrderSurprise(NamedTuple):
    """An exception, and its place: the first call that holds such orders, or the feed's fact."""

    position: int
    stream: str
    surprise: Surprise


def surprises_of_orders(reader: LogReader) -> Iterator[OrderSurprise]:
    """Every exception among the orders that count at the reader's clocks."""
    window = Window(EARLIEST, min(reader.clocks.as_of, FOREVER - 1) + 1)
    session = None if reader.derived_orders else reader.order_session(window, None)
    if session is None:
        return
    stores = [row[0] for row in session.ask("SELECT DISTINCT store FROM orders", {})]
    onboarded: dict[str, Instant] = {}
    for name, at, _ in reader.located("store", stores):
        onboarded[name] = min(onboarded.get(name, at), at)
    tables: dict[str, dict[str, list[Any]]] = {
        "onboarded": {"name": ["", *onboarded], "began": [0, *onboarded.values()]}
    }
    rows = session.ask(
        "SELECT store, name, min(file), count(*), min(created_at), max(created_at),"
        " any_value(began) FROM orders LEFT JOIN onboarded"
        " ON name = store WHERE name IS NULL OR created_at < began GROUP BY store, name"
        " ORDER BY store",
        tables,
    )
    exceptional = {row[0] for row in rows}
    sums: dict[str, list[str]] = defaultdict(list)
    if exceptional:
        amounts = session.ask(
            "SELECT store, currency::VARCHAR AS code, sum(amount_minor - refunded_minor)::HUGEINT"
            " FROM orders LEFT JOIN onboarded ON name = store"
            " WHERE name IS NULL OR created_at < began GROUP BY store, code ORDER BY store, code",
            {},
        )
        for store, code, minor in amounts:
            sums[store].append(f"{Money(int(minor), code).text} {code}")
    for store, name, file, count, first, last, at in rows:
        code = "unknown_store" if name is None else "before_onboarding"
        yield OrderSurprise(
            reader.order_position(file),
            f"store:{store}",
            Surprise(
                code, _sentence(store, count, first, last, sums[store], at), HINTS[code], store
            ),
        )
    yield from _twice_reported(reader, stores)


def _sentence(
    store: str, count: int, first: Instant, last: Instant, sums: list[str], at: Instant | None
) -> str:
    orders = f"{count:,} order{'s' if count > 1 else ''} of store {store}, {', '.join(sums)}, "
    orders += f"created {format_instant(first)}"
    if last > first:
        orders += f" to {format_instant(last)}"
    if at is None:
        return f"{orders}: nobody has onboarded the store."
    return f"{orders}: before its onboarding, {format_instant(at)}."


def sold_by_orders(
    reader: LogReader, stores: Collection[str]
) -> Iterator[tuple[Edition, dict[str, set[date]]]]:
    """Per edition that reads placed GMV: the days, in its zone, on which stores have orders."""
    if reader.derived_orders or not reader.has_orders:
        return
    for edition in last_editions(reader.connection, reader.clocks.known_at, program_names()):
        if OfOrders.GMV in program_of(edition.rules).asks_of_orders(edition):
            sold: dict[str, set[date]] = defaultdict(set)
            for sales in reader.sales_of_orders(stores, edition.span):
                sold[sales.event.store].add(sales.event.day)
            yield edition, sold


def _twice_reported(reader: LogReader, stores: list[str]) -> Iterator[OrderSurprise]:
    """Days of an edition that both a feed and the orders report as placed."""
    names = {f"{store}/placed": store for store in stores}
    fed = {names[name] for name, _ in reader.details("feed", names)}
    if not fed:
        return
    states = reader.states("store", fed, StoreState, [GMVRecorded.TOPIC])
    for edition, sold in sold_by_orders(reader, fed):
        for store, state in sorted(states.items()):
            for fact in state.gmv:
                event = fact.event
                if event.basis == "placed" and event.day in sold[store]:
                    surprise = twice(store, event.day, event.source, edition)
                    yield OrderSurprise(fact.position, fact.stream, surprise)


def twice(store: str, day: date, source: str | None, edition: Edition) -> Surprise:
    """The exception of a feed that reports a store's day whose orders are archived as well."""
    surprise = two_feeds(store, day.isoformat(), "placed", {source or "", SOURCE})
    return surprise._replace(program=edition.program)
