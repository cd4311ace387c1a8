"""A month's freight for a store's samples, and what the store owes for a balance below zero."""

from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.programs.contract import Obligation
from ledger.programs.decisions import amounts_of, decide, other_currency, positions
from ledger.programs.line import PLATFORM, Line
from ledger.programs.months import Month
from ledger.programs.store_samples.balance import Balance
from ledger.programs.store_samples.parameters import HELD


def freight(balance: Balance, month: Month) -> Line | None:
    """The line for minus the freight advanced in the month; held where the store has an amount in
    another currency by then. None without freight."""
    terms = balance.terms
    edition, store = terms.edition, f"store:{balance.store}"
    advanced = balance.freight(month.so_far)
    if not advanced:
        return None
    steps = _steps(balance, advanced, month.cut)
    decision = decide(steps, HELD)
    outcome = "payable" if decision.outcome == "granted" else decision.outcome
    own = (Money.parse(fact.event.amount, fact.event.currency) for fact in advanced)
    minor = 0 if decision.held_for else -sum(money.minor for money in own)
    amount = Money(minor, edition.currency)
    tree = Step(
        f"freight of store {balance.store} for {month.name}: {outcome}",
        amount,
        observed=", ".join(decision.held_for) or None,
        clause=edition.cite.get("freight"),
        parts=steps,
    )
    name = f"{edition.program}/{month.name}/{balance.store}/freight"
    result = (outcome, amount, decision.unmet, decision.held_for, tree)
    return Line(name, "freight", PLATFORM, store, store, *result)


def _steps(balance: Balance, advanced: list[Recorded], cut: Instant) -> tuple[Step, ...]:
    charged = Step(
        "freight of the month",
        required="the sum of what was advanced in the month, whether the balance covers it or not",
        observed=amounts_of(advanced),
        events=positions(advanced),
    )
    edition = balance.terms.edition
    differs = other_currency(edition, balance.foreign_by(cut), "the balance")
    return (charged, differs) if differs else (charged,)


def negative_balance(balance: Balance, month: Month) -> Obligation | None:
    """The amount by which a balance is below zero at the month's cut-off: the store owes it,
    without a due day, until the balance is no longer below zero."""
    terms = balance.terms
    if not _owes(balance, month.cut):
        return None
    covered = balance.covered_after(month.cut)
    return Obligation(
        f"{terms.edition.program}/{month.name}/{balance.store}/negative_balance",
        PLATFORM,
        None,
        "open" if covered is None else "fulfilled",
        balance.positions(month.cut if covered is None else covered),
        amount=Money(-balance.at(month.cut), terms.edition.currency),
        owed_by=f"store:{balance.store}",
        repeated_in=next((name for name, cut in month.later if _owes(balance, cut)), None),
    )


def _owes(balance: Balance, cut: Instant) -> bool:
    return balance.at(cut) < 0 and not balance.foreign_by(cut)
