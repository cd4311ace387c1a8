"""Toys that stores rent from creators: the facts of a program that exists in a test only."""

from typing import Annotated, ClassVar

from pydantic import Field

from ledger.aggregates.base import Fact, Recorded, Reference, first_of
from ledger.aggregates.fields import Amount, Currency, Id
from ledger.aggregates.store import StoreId
from ledger.aggregates.things import Thing

TOY = Thing(
    "toy",
    listed="toy",
    unknown="unknown_toy",
    unknown_sentence="toy {name} is not known yet.",
    until="The fact is recorded and waits until somebody rents the toy.",
    twice="rented_twice",
    twice_sentence="toy {name} is reported rented at",
    named_by=("returned",),
)


class ToyRented(Fact):
    """A store rented a toy from a creator."""

    TOPIC = "toy-rented.v1"
    ORDER = 900_000
    AMOUNTS = (("price", "currency"),)
    INTRODUCES = ("toy", TOY)
    WARNINGS = ("unknown_store", "rented_twice")
    EXAMPLE: ClassVar = {
        "type": "ToyRented",
        "at": "2026-01-10T10:00:00+08:00",
        "toy": "BEAR-1",
        "store": "S-1",
        "creator": "C-1",
        "price": "10.00",
        "currency": "CNY",
    }

    toy: Annotated[Id, Field(description="the toy")]
    store: StoreId
    creator: Annotated[Id, Field(description="the creator that it belongs to")]
    price: Annotated[Amount, Field(description="what the store pays")]
    currency: Currency

    @property
    def stream(self) -> str:
        return f"toy:{self.toy}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("toy", self.toy),)


class ToyReturned(Fact):
    """A toy came back; the terms judge whether in time."""

    TOPIC = "toy-returned.v1"
    ORDER = 900_010
    NAMES: ClassVar = {"toy": TOY}
    JUDGED = True
    WARNINGS = ("unknown_toy", "returned_late")
    EXAMPLE: ClassVar = {
        "type": "ToyReturned",
        "at": "2026-01-12T10:00:00+08:00",
        "toy": "BEAR-1",
    }

    toy: Annotated[Id, Field(description="the toy")]

    @property
    def stream(self) -> str:
        return f"toy:{self.toy}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("returned", self.toy), Reference("toy-return", self.toy))


class ToyState:
    """What was reported of a toy."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rentals: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes the facts of the toy's stream in any order."""
        if isinstance(recorded.event, ToyRented):
            self._rentals.append(recorded)

    @property
    def rental(self) -> Recorded | None:
        """The first rental that was reported, by business time."""
        return first_of(self._rentals)
