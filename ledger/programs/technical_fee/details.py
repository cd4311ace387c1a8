"""How a store's fee came about: its orders by scene, category, rate and discount, or one by one.

Summing millions of orders by store is quick; the details for all stores take one more query, which
runs when they are first asked for.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from ledger.aggregates.settlement import period_id
from ledger.kernel.counted import counted
from ledger.kernel.decision import Step
from ledger.kernel.instants import Instant, format_instant, local
from ledger.kernel.money import Money
from ledger.kernel.period import Days
from ledger.programs.by_order import LazyMeasures, LazyParts, month_window, rate_text
from ledger.programs.contract import Asked, OrderReader
from ledger.programs.edition import Edition
from ledger.programs.periods import month
from ledger.programs.technical_fee.expression import NONE
from ledger.programs.technical_fee.gather import Month, Shop, month_of_orders
from ledger.programs.technical_fee.parameters import HELD, Parameters, parameters_of
from ledger.programs.technical_fee.rates import is_plain, said_of

SCENE = "fee of orders: "
DAY = "fee of the day "
"""Before a day: the measure of what its orders are charged."""


class Total(NamedTuple):
    """Sums over orders of one store, scene, category, rate and discount."""

    store: str
    scene: str
    category: str
    base: int | None
    ppm: int | None
    discount: int
    foreign: bool
    row: int | None
    orders: int
    net: int
    fee: int | None


PLAIN = "(amount - refunded) x rate, half up to the cent, once per order"
GENERAL = (
    "(amount - refunded) x rate + fixed, at least min, at most max, half up to the cent, once per "
    "order; nothing of an order of 0"
)
ORDER_COLUMNS = (
    *("store", "order_id", "item", "created_at", "amount_minor", "refunded_minor", "currency"),
    *("scene", "category", "base", "ppm", "discount", "fee"),
)
"""The columns read of every order, in this order."""
PLACES = "SELECT store, order_id, item, file, source_file, source_row FROM orders"
"""Where each order came from: which archived file, and which row of which file of its call."""


class Details:
    """The parts of every store's explanation, worked out on first access."""

    def __init__(self, orders: Month, days: Days, edition: Edition, parameters: Parameters) -> None:
        self._orders = orders
        self._days = days
        self._edition = edition
        self._parameters = parameters

    @cached_property
    def rule(self) -> str:
        """How the fee of an order is worked out, in words."""
        return PLAIN if is_plain(self._parameters) else GENERAL

    def of(self, shop: Shop) -> Any:
        """The parts of a store's explanation."""
        return LazyParts(lambda: self.parts(shop))

    def parts(self, shop: Shop) -> tuple[Step, ...]:
        """The orders by scene, category, rate and discount, and when each discount runs."""
        edition, parameters = self._edition, self._parameters
        totals = sorted(self._by_store[shop.store], key=_order)
        return (
            *(_part(total, edition, parameters) for total in totals),
            *_discounts(shop, edition, parameters),
        )

    def by_day(self, shop: Shop) -> Any:
        """The measures of a store's days, for charts: another query, asked when they are drawn."""
        return LazyMeasures(lambda: self._measures(shop))

    def _measures(self, shop: Shop) -> tuple[tuple[str, Decimal], ...]:
        """The fees of each day with orders, and zero for the first and last day of the month, so
        that a chart shows all of it."""
        ends = dict.fromkeys((self._days.first, self._days.last), 0)
        fees = ends | self._by_day.get(shop.store, {})
        currency = self._edition.currency
        return tuple(
            (f"{DAY}{day.isoformat()}", Money(fees[day], currency).decimal) for day in sorted(fees)
        )

    @cached_property
    def _by_day(self) -> dict[str, dict[date, int]]:
        by_store: dict[str, dict[date, int]] = defaultdict(dict)
        for store, day, fee in self._orders.by_day(self._days):
            by_store[store][day] = fee
        return by_store

    @cached_property
    def _by_store(self) -> dict[str, list[Total]]:
        by_store: dict[str, list[Total]] = defaultdict(list)
        for row in self._orders.ask("totals", Total._fields):
            by_store[row[0]].append(Total(*row))
        return by_store


def orders_of(reader: OrderReader, asked: Asked) -> list[dict[str, Any]]:
    """Every order of a month, of the stores asked for, with its fee, for `explain --orders`.

    `place` is its row's origin (see `PLACES`), `line` the line that charges it.
    """
    edition = asked.edition
    parameters = parameters_of(edition)
    window = month_window(month(edition, asked.period).window, reader.clocks.as_of)
    orders = month_of_orders(reader, edition, parameters, window, asked.subjects)
    if orders is None:
        return []
    names = [discount.name for discount in parameters.running]
    prefix = period_id(edition.program, asked.period)
    rows = orders.ask("orders", ORDER_COLUMNS, ("store", "created_at", "order_id", "item"))
    places = {tuple(row[:3]): row[3:] for row in orders.session.ask(PLACES, {})}
    return [
        _order_row(dict(zip(ORDER_COLUMNS, row, strict=True)), names)
        | {"place": places[row[0], row[1], row[2]], "line": f"{prefix}/{row[0]}"}
        for row in rows
    ]


def _order_row(order: dict[str, Any], names: list[str]) -> dict[str, Any]:
    currency = order["currency"]
    return {
        "order_id": order["order_id"],
        **({"item": order["item"]} if order["item"] else {}),
        "store": order["store"],
        "created_at": format_instant(order["created_at"]),
        "amount": Money(order["amount_minor"], currency).text,
        "refunded": Money(order["refunded_minor"], currency).text,
        "currency": currency,
        "scene": order["scene"],
        "category": order["category"],
        "rate": None if order["base"] is None else rate_text(order["base"]),
        "discount": None if order["discount"] == NONE else names[order["discount"]],
        "charged_rate": None if order["ppm"] is None else rate_text(order["ppm"]),
        "fee": None if order["fee"] is None else Money(-order["fee"], currency).text,
    }


def _order(total: Total) -> tuple[str, str, int, int, bool, int]:
    """Order by everything that distinguishes the sums: equal runs have equal trees."""
    row = NONE if total.row is None else total.row
    return total.category, total.scene, total.discount, total.ppm or 0, total.foreign, row


def _part(total: Total, edition: Edition, parameters: Parameters) -> Step:
    """The orders of one scene, category, rate and discount."""
    label, clause = f"{total.category}, {total.scene}", edition.cite.get("rates")
    if total.foreign:
        return Step(
            label, observed=f"{counted(total.orders, 'order')} in another currency", pending=HELD[1]
        )
    net = Money(total.net, edition.currency)
    observed = f"{counted(total.orders, 'order')}, {net.text} {edition.currency}"
    if total.ppm is None or total.base is None or total.fee is None:
        observed += "; no rate for the category"
        return Step(label, observed=observed, clause=clause, pending=HELD[0], code=HELD[0])
    required = f"rate {rate_text(total.base)}"
    if total.discount != NONE:
        required = f"{parameters.running[total.discount].name}: {rate_text(total.ppm)} instead of "
        required += rate_text(total.base)
    if total.row not in (None, NONE) and parameters.rates:
        required += said_of(parameters.rates[total.row], edition.currency)
    fee = Money(-total.fee, edition.currency)
    measures = ((f"{SCENE}{total.scene}", -fee.decimal),)
    return Step(label, fee, required=required, observed=observed, clause=clause, measures=measures)


def _discounts(shop: Shop, edition: Edition, parameters: Parameters) -> Iterator[Step]:
    """A step for each discount with the time in which it runs for the store, if it does."""
    for discount, window in zip(parameters.running, shop.windows, strict=True):
        if window.start < window.end:
            observed = f"orders created from {_local(window.start, edition)} to before "
            observed += _local(window.end, edition)
        else:
            observed = "does not run for this store"
        events = [shop.onboarding.position]
        if shop.revoked is not None:
            observed += f"; revoked {_local(shop.revoked.at, edition)}"
            if shop.revoked.event.program != edition.program:
                observed += f", as told of {shop.revoked.event.program}"
            events.append(shop.revoked.position)
        yield Step(
            f"discount {discount.name}, {rate_text(discount.ppm)}",
            required=f"day {discount.first_day} to "
            f"{discount.first_day + discount.days - 1} after onboarding"
            + (f", {discount.traffic} traffic" if discount.traffic else ""),
            observed=observed,
            clause=edition.cite.get("discounts"),
            events=tuple(sorted(events)),
        )


def _local(instant: Instant, edition: Edition) -> str:
    return local(instant, edition.zone)
