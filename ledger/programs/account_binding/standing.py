"""Who is bound to which store after each act, for judging the next one.

Source: seed 003, sections 1.2 and 1.4 to 1.7.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from ledger.aggregates.base import Recorded
from ledger.aggregates.binding import (
    AccountBound,
    AccountNamed,
    AccountUnbound,
    FollowersCounted,
    ProbationEnded,
    ProbationStarted,
    StoreNamed,
)
from ledger.kernel.instants import Instant, day_of
from ledger.programs.account_binding.parameters import parameters_of
from ledger.programs.edition import Edition

Place = tuple[str, str]
"""The key of a bond: account and role by store, or store and role by account."""


class Bond:
    """An account bound to a store."""

    def __init__(self, since: Recorded, name: str | None) -> None:
        event = since.event
        self.store: str = event.store
        self.account: str = event.account
        self.role: str = event.role
        self.since = since
        self.name = name
        """For an official account: its name at this store."""


class Standing:
    """The state against which acts are judged, each given the effects of those before it.

    It contains only bindings and unbindings that took effect.
    """

    def __init__(self, edition: Edition) -> None:
        self.zone = edition.zone
        self.terms = parameters_of(edition)
        self.at_store: dict[str, dict[Place, Bond]] = defaultdict(dict)
        self.of_account: dict[str, dict[Place, Bond]] = defaultdict(dict)
        self.official_unbindings: Counter[str] = Counter()
        """Per store or per account, as the terms count them."""
        self.channel_days: dict[str, list[date]] = defaultdict(list)
        """The days of each store's channel bindings."""
        self.probation: dict[str, bool] = {}
        self.store_names: dict[str, str] = {}
        self.account_names: dict[str, str] = {}
        self.followers: dict[str, int] = {}

    def bond(self, event: AccountBound | AccountUnbound) -> Bond | None:
        """The bond that an act is about, where it is in force."""
        return self.at_store[event.store].get((event.account, event.role))

    def in_role(self, store: str, role: str) -> list[Bond]:
        """The store's accounts of a role."""
        return [bond for bond in self.at_store[store].values() if bond.role == role]

    def elsewhere(self, event: AccountBound) -> list[str]:
        """Other stores that the account is bound to."""
        return sorted({store for store, _ in self.of_account[event.account]} - {event.store})

    def unbindings(self, event: AccountBound | AccountUnbound) -> int:
        """How many official unbindings are used up, of the store or of the account."""
        return self.official_unbindings[self._counted_by(event.store, event.account)]

    def unbindings_of(self, bond: Bond) -> int:
        """The same, for a bond in force."""
        return self.official_unbindings[self._counted_by(bond.store, bond.account)]

    def _counted_by(self, store: str, account: str) -> str:
        return store if self.terms.unbind_scope == "store" else account

    def in_probation(self, store: str) -> bool:
        """By the last start or end of probation; where neither is reported, as the terms assume."""
        return self.probation.get(store, self.terms.probation_default == "probation")

    def channel_bindings(self, store: str, at: Instant) -> int:
        """The store's channel bindings within `bindings_within_days` days before an instant."""
        today, within = day_of(at, self.zone), self.terms.bindings_within_days
        return sum((today - day).days <= within for day in self.channel_days[store])

    def named_otherwise(self, event: AccountNamed) -> Iterator[Bond]:
        """The account's official bonds at stores with a name other than its new one."""
        for bond in self._official(self.of_account[event.account].values()):
            if self.store_names.get(bond.store, event.name) != event.name:
                yield bond

    def _official(self, bonds: Iterable[Bond]) -> list[Bond]:
        return [bond for bond in bonds if bond.role == "official"]

    def take(self, recorded: Recorded) -> None:
        """Applies the effect of a fact."""
        event = recorded.event
        match event:
            case ProbationStarted() | ProbationEnded():
                self.probation[event.store] = isinstance(event, ProbationStarted)
            case FollowersCounted():
                self.followers[event.account] = event.followers
            case StoreNamed():
                self.store_names[event.store] = event.name
                for bond in self._official(self.at_store[event.store].values()):
                    bond.name = event.name
            case AccountNamed():
                self.account_names[event.account] = event.name
                for bond in self._official(self.of_account[event.account].values()):
                    bond.name = event.name
            case AccountBound() if self.bond(event) is None:
                self._bind(recorded)
            case AccountUnbound() if self.bond(event) is not None:
                self._unbind(event)

    def _bind(self, recorded: Recorded) -> None:
        """From here on an official account has its store's name."""
        event = recorded.event
        own = self.account_names.get(event.account)
        bond = Bond(recorded, self.store_names.get(event.store, own))
        self.at_store[event.store][event.account, event.role] = bond
        self.of_account[event.account][event.store, event.role] = bond
        if event.role == "channel":
            self.channel_days[event.store].append(day_of(recorded.at, self.zone))

    def _unbind(self, event: AccountUnbound) -> None:
        del self.at_store[event.store][event.account, event.role]
        del self.of_account[event.account][event.store, event.role]
        if event.role == "official":
            self.official_unbindings[self._counted_by(event.store, event.account)] += 1

    def name_of(self, bond: Bond) -> str | None:
        """The name of a bound account: official ones have one from their store, channels their
        own."""
        return bond.name if bond.role == "official" else self.account_names.get(bond.account)
