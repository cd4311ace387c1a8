"""What programs that work order by order share: the month's window, shares of orders, who waits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, overload

from ledger.aggregates.base import Recorded
from ledger.aggregates.store import MerchantOnboarded
from ledger.aggregates.store_state import StoreState
from ledger.kernel.decision import Step
from ledger.kernel.errors import LogBroken
from ledger.kernel.instants import Instant
from ledger.kernel.money import Rounding
from ledger.kernel.period import Window
from ledger.programs.contract import Asked, OrderReader
from ledger.programs.periods import month

MILLION = 1_000_000
"""Rates are applied as whole millionths, so that every backend calculates exactly."""


def rate_text(ppm: int) -> str:
    """Millionths as a decimal, without needless zeros."""
    return f"{(Decimal(ppm) / MILLION).normalize():f}"


def month_window(days_window: Window, as_of: Instant) -> Window:
    """The instants of a month's orders that have happened at as-of."""
    return Window(days_window.start, min(days_window.end, as_of + 1))


def net_of(orders: Any, *, deduct_refunds: bool) -> Any:
    """What a share of an order is taken of, as an expression."""
    net = orders.amount_minor
    return net - orders.refunded_minor if deduct_refunds else net


class Share(NamedTuple):
    """A share of an amount, as expressions."""

    minor: Any
    """Whole minor units."""
    rest: Any
    """By how many millionths of a minor unit the exact share lies above."""


def share_of(net: Any, ppm: Any, rounding: Rounding = "half_up") -> Any:
    """Net x rate in whole minor units; see `exact_share_of`."""
    return exact_share_of(net, ppm, rounding).minor


def exact_share_of(net: Any, ppm: Any, rounding: Rounding = "half_up") -> Share:
    """Net x rate, half up to the minor unit, in whole numbers that fit into 64 bits, alike in
    every engine that the expression is run on.

    The net amount is split at a million, so that no product passes the limit. Which million it
    is split at does not matter, only that the rest is small: a quotient is a double, and engines
    cut or round it in their own ways. The rest's share is rounded a quarter of a unit above the
    exact quotient, so that a half goes up, no quotient is ever a half, and all of it lies far
    below 2^53. A negative net has no share: see `refuse_negative`.

    Another rounding is what a what-if asks: fractions cut off, or halves to even.
    """
    large = (net / MILLION).round().cast("int64")
    small = net - large * MILLION
    exact = small * ppm
    rounded = whole_of(exact)
    if rounding == "cut_off":
        rounded = rounded - (rounded * MILLION > exact).ifelse(1, 0)
    minor = large * ppm + rounded
    if rounding == "half_even":
        is_half = rounded * (2 * MILLION) - exact * 2 == MILLION
        minor = minor - (is_half & (minor % 2 == 1)).ifelse(1, 0)
    return Share(minor, exact - rounded * MILLION)


def whole_of(millionths: Any) -> Any:
    """Millionths of a minor unit as whole ones, halves up."""
    return ((millionths * 4 + 1) / (4 * MILLION)).round().cast("int64")


def once_per_order(sql: str, amount: str, *, owed: bool = False) -> str:
    """An order in items as one, its exact parts rounded once. `sql` has an `amount` of each, not
    below zero, and the `rest` in millionths that was left off; what is owed is due below zero."""
    due = f"sum({amount}) + round((sum(rest) * 4 + 1) / {4 * MILLION})::BIGINT"
    return (
        'SELECT store, order_id, currency, bool_or("foreign") AS "foreign",'
        f" {'-' if owed else ''}({due}) AS due FROM ({sql}) GROUP BY store, order_id, currency"
    )


def refuse_negative(least: Mapping[str, int]) -> None:
    """Raises `LogBroken` where an order, per store the least, is to be charged on less than
    nothing: intake lets none through, so the archive is not what was taken in."""
    for store, net in sorted(least.items()):
        if net < 0:
            raise LogBroken(
                f"The archive has an order of store {store} with {net} minor units after refunds; "
                "no order is below zero. Nothing was worked out."
            )


def waiting_for(about: str) -> Callable[[OrderReader, Asked], Iterator[Recorded]]:
    """Of a month of an edition, per store with orders that it is about and that nobody has
    onboarded, its first sales: such orders wait, and no line says anything of them.

    `about` is the condition, in SQL, of the orders that the edition is about.
    """

    def waiting(reader: OrderReader, asked: Asked) -> Iterator[Recorded]:
        days = month(asked.edition, asked.period)
        session = reader.order_session(month_window(days.window, reader.clocks.as_of), None)
        if session is None:
            return
        found = session.ask(f"SELECT DISTINCT store FROM orders WHERE {about}", {})
        names = {row[0] for row in found}
        known = reader.states("store", names, StoreState, [MerchantOnboarded.TOPIC])
        unknown = [name for name, state in known.items() if state.onboarding is None]
        told: set[str] = set()
        for sales in reader.sales_of_orders(unknown, days):
            if sales.event.store not in told:
                told.add(sales.event.store)
                yield sales

    return waiting


class LazyParts(Sequence[Step]):
    """The parts of one explanation, worked out when they are looked at; equal to any sequence of
    the same steps."""

    def __init__(self, worked_out: Callable[[], tuple[Step, ...]]) -> None:
        self._worked_out = worked_out

    @cached_property
    def _parts(self) -> tuple[Step, ...]:
        return self._worked_out()

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[Step]:
        return iter(self._parts)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Sequence[Step]:
        return self._parts[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(self._parts)
