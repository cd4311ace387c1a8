"""The technical service fee: per order, one line per store and month. Source: seed 004.

Map: the fee of each order, as one table expression. Reduce: the sum per store. A store-month
with an order whose category has no rate is held as a whole; nothing is guessed.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step
from ledger.kernel.errors import NoSuchLine
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.kernel.period import Days
from ledger.programs.checking import refuse_unknown_version
from ledger.programs.contract import Answer, Asked, Line, OrderReader
from ledger.programs.edition import Edition
from ledger.programs.periods import month
from ledger.programs.technical_fee.details import Details, orders_of
from ledger.programs.technical_fee.gather import Shop, month_of_orders, month_window, waiting
from ledger.programs.technical_fee.order_side import order_side
from ledger.programs.technical_fee.parameters import HELD, checked, parameters_of

__all__ = ["order_side", "orders_of"]
KIND = "technical_fee"


class StoreSum(NamedTuple):
    """A store's orders of the month, summed."""

    store: str
    orders: int
    fee: int | None
    unrated: int
    foreign: int


def settle_v1(reader: OrderReader, asked: Asked) -> Answer:
    """One line for every onboarded store with orders created in the month.

    With a subject, a store's id, only that store's line. Raises `NoSuchLine`, `WrongPeriod`.
    """
    edition, subject = asked.edition, asked.subject
    parameters = parameters_of(edition)
    window = month_window(month(edition, asked.period).window, reader.clocks.as_of)
    found = month_of_orders(reader, edition, parameters, window, subject)
    if found is None:
        if subject is None:
            return Answer([])
        raise NoSuchLine(
            f"{edition.program} has no line for the store {subject!r} in {asked.period}: it has "
            "no orders then, or nobody has onboarded it.",
            f"List the lines: duebook settle {edition.program} {asked.period}",
        )
    files = reader.order_files(window)
    details = Details(found, edition, parameters)
    sums = [StoreSum(*row) for row in found.ask("stores", StoreSum._fields)]
    lines = [_line(found.shops[one.store], one, asked, files, details) for one in sums]
    return Answer(sorted(lines, key=lambda line: line.line))


def _line(
    shop: Shop, one: StoreSum, asked: Asked, files: tuple[int, ...], details: Details
) -> Line:
    """The store's line: minus the fees of its orders, or held as a whole."""
    edition = asked.edition
    reasons = {HELD[0]: one.unrated > 0, HELD[1]: one.foreign > 0}
    held_for = tuple(code for code in HELD if reasons[code])
    amount = Money(0 if held_for else -(one.fee or 0), edition.currency)
    outcome = "held" if held_for else "payable"
    events = {shop.onboarding.position, *files}
    if shop.revoked is not None:
        events.add(shop.revoked.position)
    tree = Step(
        f"technical service fee of store {shop.store} for {asked.period}: {outcome}",
        amount,
        required="(amount - refunded) x rate, half up to the cent, once per order",
        observed=_observed(one, edition),
        clause=edition.cite.get("technical_fee"),
        events=tuple(sorted(events)),
        parts=details.of(shop),
    )
    name = f"store:{shop.store}"
    return Line(
        f"{edition.program}/{asked.period}/{shop.store}",
        *(KIND, name, name, outcome, amount, (), held_for, tree),
    )


def _observed(one: StoreSum, edition: Edition) -> str:
    said = f"{one.orders} orders"
    if one.unrated:
        said += f", {one.unrated} of categories without a rate"
    if one.foreign:
        said += f", {one.foreign} in another currency than {edition.currency}"
    return said


VERSIONS = {1: settle_v1}
KEYED = {"rates": ("category", "scene")}
OBLIGES = False


def beside(reader: OrderReader, asked: Asked) -> Iterable[Recorded]:
    """Of every store with orders in the month that nobody has onboarded, its first sales: such
    orders wait, and no line charges them."""
    days = month(asked.edition, asked.period)
    return waiting(reader, days, month_window(days.window, reader.clocks.as_of))


def check(edition: Edition) -> Edition:
    """The edition as it may be published; see `parameters.checked`."""
    refuse_unknown_version(edition, VERSIONS)
    return checked(edition, max(VERSIONS))


def scope(edition: Edition) -> tuple[str, ...]:
    """One fee in one currency: two editions of it for the same days would charge twice."""
    return (edition.currency,)


def days_of(edition: Edition, period: str | None) -> Days:
    """The month. Raises `WrongPeriod`."""
    return month(edition, period)


def settles_until(edition: Edition, period: str | None) -> Instant:
    """The month's end."""
    return month(edition, period).window.end


def provisional(edition: Edition, period: str | None, as_of: Instant) -> bool:
    """Open until the month ends."""
    return as_of < settles_until(edition, period)


def subjects_of_store(reader: OrderReader, edition: Edition, store: str) -> list[str]:
    """The store itself."""
    return [store]


def subject_of(rest: str) -> tuple[str | None, str]:
    """A line is named by month and store: `PROGRAM/2020-05/STORE`."""
    period, slash, store = rest.partition("/")
    return (period, store) if slash else (None, rest)
