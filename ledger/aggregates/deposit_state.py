"""What was reported of a store's deposit, and when the store was closed and reopened."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ledger.aggregates.base import Recorded, order_key, sum_told
from ledger.aggregates.deposit import (
    DepositCompensated,
    DepositDeducted,
    DepositPaid,
    DepositRequired,
    DepositReturned,
    StoreCategoriesSet,
)
from ledger.aggregates.store import StoreClosed, StoreReopened

MOVING = (DepositPaid, DepositCompensated, DepositDeducted, DepositReturned)
ASKING = (StoreCategoriesSet, DepositRequired)
FACTS = (*ASKING, *MOVING)
STATUS = (StoreClosed, StoreReopened)


class DepositState:
    """The timelines of one store's deposit. Events may arrive in any order."""

    TOPICS = tuple(kind.TOPIC for kind in (*FACTS, *STATUS))

    def __init__(self, store: str) -> None:
        self.store = store
        self.facts: list[Recorded] = []
        """Facts that move the deposit or decide how much is required."""
        self.status: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline; events without a timeline are ignored."""
        event = recorded.event
        if isinstance(event, STATUS):
            self.status.append(recorded)
        elif isinstance(event, FACTS):
            self.facts.append(recorded)


def describe_deposit(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A store's categories and the sums of its deposit after these facts. How much is required
    without a `DepositRequired`, and what is released, depends on terms."""
    state = DepositState(name)
    for recorded in facts:
        state.apply(recorded)
    by_kind: dict[type[Any], list[Recorded]] = defaultdict(list)
    for fact in state.facts:
        by_kind[type(fact.event)].append(fact)
    categories, required = (_last(by_kind[kind]) for kind in ASKING)
    return {
        "categories": ";".join(categories.categories) if categories else None,
        "deposit_required": f"{required.amount} {required.currency}" if required else None,
        "deposit_paid": sum_told(by_kind[DepositPaid]),
        "deposit_used": sum_told(by_kind[DepositCompensated] + by_kind[DepositDeducted]),
        "deposit_returned": sum_told(by_kind[DepositReturned]),
    }


def _last(facts: Sequence[Recorded]) -> Any:
    """The last event in business order; None without one."""
    return max(facts, key=order_key).event if facts else None


STATES = {"store": describe_deposit}
