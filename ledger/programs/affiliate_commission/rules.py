"""Affiliate commissions: by the order, one line per store, creator and month.

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
    """The orders of a creator for a store in the month, summed."""

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
    """What a line says."""

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
    found = month_of_orders(reader, edition, parameters, window, asked.subjects, asked.assume)
    if found is None:
        return Answer([])
    calls = found.calls(reader)
    details = Details(found, edition)
    lines = [
        _line(one, found, asked, calls[one.store, one.creator], details)
        for one in (Sum(*row) for row in found.ask("lines", Sum._fields))
    ]
    return Answer(sorted(lines, key=lambda line: line.line))


def _line(one: Sum, month: Month, asked: Asked, calls: frozenset[int], details: Details) -> Line:
    edition, creator = asked.edition, month.creators[one.creator]
    decided = _decided(one, edition.currency, registered=bool(creator.told))
    events = {month.onboardings[one.store].position, *calls}
    events.update(fact.position for fact in creator.told)
    events.update(fact.position for fact in month.bonds.get((one.store, one.creator), ()))
    tree = Step(
        f"commission of creator {one.creator} for {asked.period}, paid by store {one.store}: "
        f"{decided.outcome}",
        decided.amount,
        required=details.rule,
        observed=_observed(one, decided, edition.currency),
        clause=edition.cite.get(KIND),
        events=tuple(sorted(events)),
        parts=details.of(one.store, one.creator),
        orders=one.orders,
    )
    store = f"store:{one.store}"
    return Line(
        f"{edition.program}/{asked.period}/{one.store}/{one.creator}",
        *(KIND, store, f"creator:{one.creator}", store, decided.outcome, decided.amount),
        *(decided.unmet, decided.held_for, tree),
    )


def _decided(one: Sum, currency: str, *, registered: bool) -> Outcome:
    """Held as a whole; else payable as soon as one order earns, if only 0.00; else declined with
    every code of its orders."""
    reasons = {HELD[0]: one.foreign_orders > 0, HELD[1]: not registered}
    held_for = tuple(code for code in HELD if reasons[code])
    zero = Money.zero(currency)
    if held_for:
        return Outcome("held", zero, held_for=held_for)
    if one.earning:
        return Outcome("payable", Money(int(one.due or 0), currency))
    return Outcome("declined", zero, unmet=one.unmet)


def _observed(one: Sum, decided: Outcome, currency: str) -> str:
    verb = "earn" if one.earning > 1 else "earns"
    said = f"{orders_told(one.orders)}, {one.earning or 'none'} of which {verb} a commission"
    if one.orders == 1:
        said = f"1 order, which earns {'a' if one.earning else 'no'} commission"
    if one.foreign_orders:
        said += f"; {one.foreign_orders} in another currency than {currency}"
    if HELD[1] in decided.held_for:
        said += "; nobody has registered the creator"
    return said
