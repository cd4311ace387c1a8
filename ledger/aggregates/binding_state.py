"""What was reported of stores and accounts that are bound to each other, and their state."""

from collections.abc import Iterable, Sequence
from typing import Any

from ledger.aggregates.base import Recorded, in_order
from ledger.aggregates.binding import (
    AccountBound,
    AccountNamed,
    AccountUnbound,
    FollowersCounted,
    ProbationEnded,
    ProbationStarted,
    StoreNamed,
)

OF_STORES = (ProbationStarted, ProbationEnded, StoreNamed, AccountUnbound, AccountBound)
OF_ACCOUNTS = (FollowersCounted, AccountNamed)


class StoreBonds:
    """A store's bindings, names and probation. Events may arrive in any order."""

    TOPICS = tuple(kind.TOPIC for kind in OF_STORES)

    def __init__(self, store: str) -> None:
        self.store = store
        self.facts: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        if isinstance(recorded.event, OF_STORES):
            self.facts.append(recorded)

    @property
    def name(self) -> str | None:
        """The name that it goes by last; None for a store that nobody has named."""
        named = _last(in_order(self.facts), StoreNamed)
        return named.name if named else None

    @property
    def accounts(self) -> set[str]:
        """Every account that was ever bound to the store, or unbound from it."""
        bonds = (fact.event for fact in self.facts)
        return {bond.account for bond in bonds if isinstance(bond, AccountBound | AccountUnbound)}


class AccountState:
    """An account's names and counts of followers. Events may arrive in any order."""

    TOPICS = tuple(kind.TOPIC for kind in OF_ACCOUNTS)

    def __init__(self, account: str) -> None:
        self.account = account
        self.facts: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        if isinstance(recorded.event, OF_ACCOUNTS):
            self.facts.append(recorded)


def _last(facts: Iterable[Recorded], *kinds: type) -> Any:
    """The last event of the given kinds; None without one."""
    return next((fact.event for fact in reversed([*facts]) if isinstance(fact.event, kinds)), None)


def describe_store_bonds(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A store's name, probation and bonds after these facts, each act as reported: whether it was
    allowed, and what follows if not, depends on terms."""
    acts = [fact for fact in in_order(facts) if isinstance(fact.event, OF_STORES)]
    named = _last(acts, StoreNamed)
    probation = _last(acts, ProbationStarted, ProbationEnded)
    bonds: set[tuple[str, str]] = set()
    for fact in acts:
        event = fact.event
        if isinstance(event, AccountBound):
            bonds.add((event.account, event.role))
        elif isinstance(event, AccountUnbound):
            bonds.discard((event.account, event.role))
    return {
        "name": named.name if named else None,
        "in_probation": isinstance(probation, ProbationStarted) if probation else None,
        "official_accounts": ";".join(sorted(who for who, role in bonds if role == "official")),
        "channel_accounts": ";".join(sorted(who for who, role in bonds if role == "channel")),
    }


def describe_account(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """An account's state after these facts: its last name and follower count."""
    ordered = in_order(facts)
    named, counted = _last(ordered, AccountNamed), _last(ordered, FollowersCounted)
    return {
        "account": name,
        "name": named.name if named else None,
        "followers": counted.followers if counted else None,
    }


STATES = {"store": describe_store_bonds, "account": describe_account}
