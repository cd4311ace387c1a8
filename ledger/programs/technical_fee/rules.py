"""The technical service fee: charged per order, one line per store and month. Source: seed 004.

Map: the fee of each order, as one table expression. Reduce: the sum per store. A store's month
with an order whose category has no rate is held as a whole; nothing is guessed.
"""

from typing import NamedTuple

from ledger.kernel.counted import counted
from ledger.kernel.decision import Step
from ledger.kernel.money import Money
from ledger.programs.by_order import month_window
from ledger.programs.contract import Answer, Asked, OrderReader
from ledger.programs.edition import Edition
from ledger.programs.line import PLATFORM, Line
from ledger.programs.periods import month
from ledger.programs.technical_fee.details import Details
from ledger.programs.technical_fee.gather import Shop, month_of_orders
from ledger.programs.technical_fee.parameters import HELD, parameters_of

KIND = "technical_fee"


class StoreSum(NamedTuple):
    """Sums over a store's orders of the month."""

    store: str
    orders: int
    fee: int | None
    unrated: int
    foreign: int


def settle_v1(reader: OrderReader, asked: Asked) -> Answer:
    """One line for every onboarded store with orders created in the month.

    With subjects, ids of stores, only theirs. Raises `WrongPeriod`.
    """
    edition = asked.edition
    parameters = parameters_of(edition)
    days = month(edition, asked.period)
    window = month_window(days.window, reader.clocks.as_of)
    orders = month_of_orders(reader, edition, parameters, window, asked.subjects, asked.assume)
    if orders is None:
        return Answer([])
    calls = orders.calls(reader)
    details = Details(orders, days, edition, parameters)
    sums = [StoreSum(*row) for row in orders.ask("stores", StoreSum._fields)]
    lines = [
        _line(orders.shops[sum_.store], sum_, asked, calls[sum_.store], details) for sum_ in sums
    ]
    return Answer(sorted(lines, key=lambda line: line.line))


def _line(
    shop: Shop, store_sum: StoreSum, asked: Asked, calls: frozenset[int], details: Details
) -> Line:
    """The store's line: minus the fees of its orders, or held as a whole."""
    edition = asked.edition
    reasons = {HELD[0]: store_sum.unrated > 0, HELD[1]: store_sum.foreign > 0}
    held_for = tuple(code for code in HELD if reasons[code])
    amount = Money(0 if held_for else -(store_sum.fee or 0), edition.currency)
    outcome = "held" if held_for else "payable"
    events = {shop.onboarding.position, *calls}
    if shop.revoked is not None:
        events.add(shop.revoked.position)
    tree = Step(
        f"technical service fee of store {shop.store} for {asked.period}: {outcome}",
        amount,
        required=details.rule,
        observed=_observed(store_sum, edition),
        clause=edition.cite.get("technical_fee"),
        events=tuple(sorted(events)),
        parts=details.of(shop),
        orders=store_sum.orders,
        measures=details.by_day(shop),
    )
    name = f"store:{shop.store}"
    return Line(
        f"{edition.program}/{asked.period}/{shop.store}",
        *(KIND, PLATFORM, name, name, outcome, amount, (), held_for, tree),
    )


def _observed(store_sum: StoreSum, edition: Edition) -> str:
    observed = counted(store_sum.orders, "order")
    if store_sum.unrated:
        observed += f", {store_sum.unrated} of categories without a rate"
    if store_sum.foreign:
        observed += f", {store_sum.foreign} in another currency than {edition.currency}"
    return observed
