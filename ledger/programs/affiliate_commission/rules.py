"""Affiliate commissions: order by order, with one line per store, creator and month.

Map: the commission of each order by the plan that covers it, as one table expression. Reduce: the
sum per store and creator.
The store pays, the creator is paid, and the platform passes it on. Source: seed 003.
"""

from typing import NamedTuple

from ledger.kernel.decision import Step
from ledger.kernel.money import Money
from ledger.programs.affiliate_commission.details import Details, orders_told
from ledger.programs.affiliate_commission.gather import Month, month_of_orders
from ledger.programs.affiliate_commission.parameters import CODES, HELD, KIND, parameters_of
from ledger.programs.by_order import month_window
from ledger.programs.contract import Answer, Asked, OrderReader
from ledger.programs.line import Line
from ledger.programs.periods import month


class Sum(NamedTuple):
    """Sums over the orders of a creator for a store in the month."""

    store: str
    creator: str
    orders: int
    earning: int
    due: int | None
    foreign_orders: int
    not_eligible: int
    not_covered: int
    not_approved: int
    own: int

    @property
    def unmet(self) -> tuple[str, ...]:
        """The conditions that any of the orders fails, in the order of the rules."""
        failing = (self.not_eligible, self.not_covered, self.not_approved, self.own)
        return tuple(code for code, count in zip(CODES, failing, strict=True) if count)


class Outcome(NamedTuple):
    """The result of a line."""

    outcome: str
    amount: Money
    unmet: tuple[str, ...] = ()
    held_for: tuple[str, ...] = ()


def settle_v1(reader: OrderReader, asked: Asked) -> Answer:
    """One line for every creator and onboarded store with affiliate orders created in the month.

    With subjects, ids of stores, only theirs. Raises `WrongPeriod`.
    """
    edition = asked.edition
    parameters = parameters_of(edition)
    window = month_window(month(edition, asked.period).window, reader.clocks.as_of)
    orders = month_of_orders(reader, edition, parameters, window, asked.subjects, asked.assume)
    if orders is None:
        return Answer([])
    calls = orders.calls(reader)
    details = Details(orders, edition)
    lines = [
        _line(total, orders, asked, calls[total.store, total.creator], details)
        for total in (Sum(*row) for row in orders.ask("lines", Sum._fields))
    ]
    return Answer(sorted(lines, key=lambda line: line.line))


def _line(total: Sum, month: Month, asked: Asked, calls: frozenset[int], details: Details) -> Line:
    edition, creator = asked.edition, month.creators[total.creator]
    decided = _decided(total, edition.currency, registered=bool(creator.told))
    events = {month.onboardings[total.store].position, *calls}
    events.update(fact.position for fact in creator.told)
    events.update(fact.position for fact in month.bonds.get((total.store, total.creator), ()))
    tree = Step(
        f"commission of creator {total.creator} for {asked.period}, paid by store {total.store}: "
        f"{decided.outcome}",
        decided.amount,
        required=details.rule,
        observed=_observed(total, decided, edition.currency),
        clause=edition.cite.get(KIND),
        events=tuple(sorted(events)),
        parts=details.of(total.store, total.creator),
        orders=total.orders,
    )
    store = f"store:{total.store}"
    return Line(
        f"{edition.program}/{asked.period}/{total.store}/{total.creator}",
        *(KIND, store, f"creator:{total.creator}", store, decided.outcome, decided.amount),
        *(decided.unmet, decided.held_for, tree),
    )


def _decided(total: Sum, currency: str, *, registered: bool) -> Outcome:
    """Held as a whole; else payable if any order earns, even 0.00; else declined with every code
    that its orders fail."""
    reasons = {HELD[0]: total.foreign_orders > 0, HELD[1]: not registered}
    held_for = tuple(code for code in HELD if reasons[code])
    zero = Money.zero(currency)
    if held_for:
        return Outcome("held", zero, held_for=held_for)
    if total.earning:
        return Outcome("payable", Money(int(total.due or 0), currency))
    return Outcome("declined", zero, unmet=total.unmet)


def _observed(total: Sum, decided: Outcome, currency: str) -> str:
    verb = "earn" if total.earning > 1 else "earns"
    observed = (
        f"{orders_told(total.orders)}, {total.earning or 'none'} of which {verb} a commission"
    )
    if total.orders == 1:
        observed = f"1 order, which earns {'a' if total.earning else 'no'} commission"
    if total.foreign_orders:
        observed += f"; {total.foreign_orders} in another currency than {currency}"
    if HELD[1] in decided.held_for:
        observed += "; nobody has registered the creator"
    return observed
