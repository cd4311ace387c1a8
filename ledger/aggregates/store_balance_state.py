"""What was reported of a store's balance."""

from collections.abc import Sequence
from typing import Any

from ledger.aggregates.base import Recorded, sum_told
from ledger.aggregates.store_balance import (
    BalancePaid,
    PayoutMade,
    ProceedsSettled,
    SampleFreightAdvanced,
)
from ledger.kernel.money import Money, sum_by_currency

ADDING = (ProceedsSettled, BalancePaid)
TAKING = (SampleFreightAdvanced, PayoutMade)
MOVING = (*ADDING, *TAKING)


class BalanceState:
    """The facts that move one store's balance. Events may arrive in any order."""

    TOPICS = tuple(kind.TOPIC for kind in MOVING)

    def __init__(self, store: str) -> None:
        self.store = store
        self.facts: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline; events that do not move the balance are ignored."""
        if isinstance(recorded.event, MOVING):
            self.facts.append(recorded)


def signed(recorded: Recorded) -> Money:
    """What a fact adds to the balance; what it takes from it is negative."""
    amount = Money.parse(recorded.event.amount, recorded.event.currency)
    return amount if isinstance(recorded.event, ADDING) else amount.negated()


def describe_balance(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """The sums of a store's balance after these facts, per currency. Which facts count depends on
    terms."""
    state = BalanceState(name)
    for recorded in facts:
        state.apply(recorded)
    balance = sum_by_currency([signed(fact) for fact in state.facts])
    return {
        "proceeds_settled": _of(state, ProceedsSettled),
        "balance_paid": _of(state, BalancePaid),
        "freight_advanced": _of(state, SampleFreightAdvanced),
        "payouts_made": _of(state, PayoutMade),
        "balance": ";".join(f"{money.text} {code}" for code, money in balance.items()) or None,
    }


def _of(state: BalanceState, kind: type[Any]) -> str | None:
    return sum_told(fact for fact in state.facts if isinstance(fact.event, kind))


STATES = {"store": describe_balance}
