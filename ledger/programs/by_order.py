"""Shared by programs that settle order by order: the month's window, shares of orders, and the
orders that wait."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, overload

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
    """The instants of a month's orders, up to as-of."""
    return Window(days_window.start, min(days_window.end, as_of + 1))


def net_of(orders: Any, *, deduct_refunds: bool) -> Any:
    """The amount of an order that a share is taken of, as an expression."""
    net = orders.amount_minor
    return net - orders.refunded_minor if deduct_refunds else net


class Share(NamedTuple):
    """A share of an amount, as expressions."""

    minor: Any
    """Whole minor units."""
    rest: Any
    """The exact share minus `minor`, in millionths of a minor unit."""


def share_of(net: Any, ppm: Any, rounding: Rounding = "half_up") -> Any:
    """Net x rate in whole minor units; see `exact_share_of`."""
    return exact_share_of(net, ppm, rounding).minor


def exact_share_of(net: Any, ppm: Any, rounding: Rounding = "half_up") -> Share:
    """Net x rate, half up to the minor unit, in whole numbers that fit into 64 bits, with the same
    result on every engine.

    The net amount is split at a million, so that no product exceeds the limit. Which million it
    is split at does not matter, only that the rest is small: a quotient is a double, and engines
    cut or round it in their own ways. The rest's share is rounded a quarter of a unit above the
    exact quotient, so that a half goes up, no quotient is ever exactly a half, and all values are
    far below 2^53. A negative net has no share: see `refuse_negative`.

    Other roundings are for what-ifs: fractions cut off, or halves to even.
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
    """Millionths of a minor unit, rounded half up to whole minor units."""
    return ((millionths * 4 + 1) / (4 * MILLION)).round().cast("int64")


def once_per_order(sql: str, amount: str, *, owed: bool = False) -> str:
    """SQL that sums the items of an order and rounds once. `sql` gives each item's `amount`, not
    below zero, and its `rest` in millionths; with `owed` the result is negative."""
    due = f"sum({amount}) + round((sum(rest) * 4 + 1) / {4 * MILLION})::BIGINT"
    return (
        'SELECT store, order_id, currency, bool_or("foreign") AS "foreign",'
        f" {'-' if owed else ''}({due}) AS due FROM ({sql}) GROUP BY store, order_id, currency"
    )


def refuse_negative(least: Mapping[str, int]) -> None:
    """Raises `LogBroken` where the least net amount of an order, by store, is below zero: intake
    refuses such orders, so the archive has been changed."""
    for store, net in sorted(least.items()):
        if net < 0:
            raise LogBroken(
                f"The archive has an order of store {store} with {net} minor units after refunds; "
                "no order is below zero. Nothing was worked out."
            )


def waiting_for(about: str) -> Callable[[OrderReader, Asked], Iterator[Recorded]]:
    """A function that yields the first sales in a month of each store that has orders for the
    edition but is not onboarded yet: such orders wait and appear on no line.

    `about` is the SQL condition of the orders that the edition is about.
    """

    def waiting(reader: OrderReader, asked: Asked) -> Iterator[Recorded]:
        days = month(asked.edition, asked.period)
        session = reader.order_session(month_window(days.window, reader.clocks.as_of), None)
        if session is None:
            return
        rows = session.ask(f"SELECT DISTINCT store FROM orders WHERE {about}", {})
        names = {row[0] for row in rows}
        known = reader.states("store", names, StoreState, [MerchantOnboarded.TOPIC])
        unknown = [name for name, state in known.items() if state.onboarding is None]
        reported: set[str] = set()
        for sales in reader.sales_of_orders(unknown, days):
            if sales.event.store not in reported:
                reported.add(sales.event.store)
                yield sales

    return waiting


Held = TypeVar("Held")


class Lazy(Sequence[Held]):
    """A part of one explanation, worked out on first access; equal to any sequence of the same."""

    def __init__(self, worked_out: Callable[[], tuple[Held, ...]]) -> None:
        self._worked_out = worked_out

    @cached_property
    def _held(self) -> tuple[Held, ...]:
        return self._worked_out()

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        return iter(self._held)

    @overload
    def __getitem__(self, index: int) -> Held: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Held]: ...
    def __getitem__(self, index: int | slice) -> Held | Sequence[Held]:
        return self._held[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(self._held)


LazyParts = Lazy[Step]
"""The parts of one explanation."""
LazyMeasures = Lazy[tuple[str, Decimal]]
"""The measures of a step."""
