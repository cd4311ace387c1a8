"""Accounts bound to stores, official or as a channel, and the facts that bindings depend on."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from ledger.aggregates.base import Fact, Reference
from ledger.aggregates.fields import Id, Text, whole_of_cell
from ledger.aggregates.store import STORE_WARNINGS, StoreFact, StoreId

Role = Literal["official", "channel"]
AccountId = Annotated[Id, Field(description="the account; creators share its name space")]


class ProbationStarted(StoreFact):
    """A new store's probation began; fewer channel accounts may be bound in it."""

    TOPIC = "probation-started.v1"
    ORDER = 500
    EXAMPLE: ClassVar = {
        "type": "ProbationStarted",
        "at": "2024-01-08T09:00:00-08:00",
        "store": "S-2001",
    }

    store: StoreId


class ProbationEnded(StoreFact):
    """The store's probation is over."""

    TOPIC = "probation-ended.v1"
    ORDER = 510
    EXAMPLE: ClassVar = {
        "type": "ProbationEnded",
        "at": "2024-03-08T09:00:00-08:00",
        "store": "S-2001",
    }

    store: StoreId


class FollowersCounted(Fact):
    """How many followers an account had at an instant."""

    TOPIC = "followers-counted.v1"
    ORDER = 520
    EXAMPLE: ClassVar = {
        "type": "FollowersCounted",
        "at": "2024-01-10T08:00:00-08:00",
        "account": "C-88",
        "followers": 1250,
    }

    account: AccountId
    followers: Annotated[
        int,
        BeforeValidator(whole_of_cell),
        Field(ge=0, le=10**12, strict=True, description="how many, a whole number"),
    ]

    @property
    def stream(self) -> str:
        return f"account:{self.account}"


class StoreNamed(StoreFact):
    """The store goes by a name from now on; its official account takes it over."""

    TOPIC = "store-named.v1"
    ORDER = 530
    EXAMPLE: ClassVar = {
        "type": "StoreNamed",
        "at": "2024-01-09T09:00:00-08:00",
        "store": "S-2001",
        "name": "Glow Jewels",
    }

    store: StoreId
    name: Annotated[Text, Field(description="the store's name")]


class AccountNamed(Fact):
    """The account goes by a name from now on; judged where it is a store's official account."""

    TOPIC = "account-named.v1"
    ORDER = 540
    JUDGED = True
    WARNINGS = ("name_differs",)
    EXAMPLE: ClassVar = {
        "type": "AccountNamed",
        "at": "2024-01-12T09:00:00-08:00",
        "account": "C-88",
        "name": "Glow Jewels",
    }

    account: AccountId
    name: Annotated[Text, Field(description="the account's name")]

    @property
    def stream(self) -> str:
        return f"account:{self.account}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("binding", self.account),)


class _BondFact(StoreFact):
    """A fact about a bond between a store and an account, in the store's stream."""

    def references(self) -> tuple[Reference, ...]:
        store: str = self.store  # type: ignore[attr-defined]  # both subclasses have them
        account: str = self.account  # type: ignore[attr-defined]
        return (Reference("binding", store), Reference("bond", account))


class AccountUnbound(_BondFact):
    """An account was unbound from a store; judged by how soon and how often."""

    TOPIC = "account-unbound.v1"
    ORDER = 550
    JUDGED = True
    WARNINGS = (*STORE_WARNINGS, "not_bound", "unbound_too_early", "unbind_limit")
    EXAMPLE: ClassVar = {
        "type": "AccountUnbound",
        "at": "2024-01-12T08:00:00-08:00",
        "store": "S-2001",
        "account": "C-88",
        "role": "channel",
    }

    store: StoreId
    account: AccountId
    role: Annotated[Role, Field(description="what it was bound as")]


class AccountBound(_BondFact):
    """An account was bound to a store, at the review that it passed; judged by the limits."""

    TOPIC = "account-bound.v1"
    ORDER = 560
    JUDGED = True
    WARNINGS = (
        *(*STORE_WARNINGS, "bound_twice", "official_already_bound", "rebound_after_limit"),
        *("both_roles", "bound_elsewhere", "channel_limit", "bind_rate_limit"),
        *("followers_unknown", "too_few_followers"),
    )
    EXAMPLE: ClassVar = {
        "type": "AccountBound",
        "at": "2024-01-10T09:30:00-08:00",
        "store": "S-2001",
        "account": "C-88",
        "role": "channel",
    }

    store: StoreId
    account: AccountId
    role: Annotated[Role, Field(description="the store's official account, or one of its channels")]
