"""What every event has in common: a frozen model, a topic that outlives the code, a stream."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.plugin._schema_validator import PluggableSchemaValidator
from pydantic_core import SchemaValidator

from ledger.aggregates.things import Thing
from ledger.aggregates.writing import Actor, ClockTrusted
from ledger.kernel.instants import Instant, format_instant
from ledger.kernel.looks import look_of
from ledger.kernel.money import Money, sum_by_currency
from ledger.kernel.uninterrupted import uninterrupted

LOOKS = "looks"
"""The kind of the index under which ids stand that can be mistaken for others, by their look."""


class Reference(NamedTuple):
    """An entry of the log's index: under this kind and name, the event's stream is to be found."""

    kind: str
    name: str
    detail: str = ""


class Event(BaseModel):
    """Something that happened, in the past tense, and never changes.

    `TOPIC` is the stored name with its version; `ORDER` puts equal instants in order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    TOPIC: ClassVar[str]
    ORDER: ClassVar[int] = 0

    @classmethod
    def validator(cls) -> "SchemaValidator | PluggableSchemaValidator":
        """The compiled validator, built at the first use so that starting up stays quick."""
        if not cls.__pydantic_complete__:
            with uninterrupted():
                cls.model_rebuild()
        return cls.__pydantic_validator__

    @property
    def stream(self) -> str:
        """The id of the stream that the event lives in, such as `store:S-1001`."""
        raise AssertionError(f"{type(self).__name__} names no stream")

    def references(self) -> tuple[Reference, ...]:
        """Where the index of the log must lead to this event's stream from."""
        return ()

    def indexed(self) -> "tuple[Reference, ...]":
        """Everything that the index holds of this event: also what its ids look like."""
        return self.references()

    def stored(self) -> bytes:
        """The canonical JSON bytes that are stored and hashed."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)

    def content(self) -> bytes:
        """Canonical JSON of what the event says, without who sent it under which id."""
        return self.stored()


class OwnEvent(Event):
    """An event of ours: what we did or decided, not what somebody told the book."""

    clock_is_right: Annotated[
        ClockTrusted | None, Field(description="where the clock was doubted: why it is right")
    ] = None
    actor: Annotated[Actor | None, Field(description="which account on which machine wrote it")] = (
        None
    )


class Fact(Event):
    """What somebody told the book. Always recorded when well formed, judged when folded."""

    AMOUNTS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Fields with an amount, each with the field that names its currency."""
    NOT_NEGATIVE: ClassVar[tuple[str, ...]] = ()
    """Amounts that are refused below zero where facts come in. Older books may hold some: what
    is recorded is read as it is."""
    RATES: ClassVar[tuple[str, ...]] = ()
    """Fields with a plain positive decimal."""
    INTRODUCES: ClassVar[tuple[str, Thing] | None] = None
    """What this fact makes known: the attribute with its name, and its kind."""
    NAMES: ClassVar[Mapping[str, Thing]] = {}
    """What it names besides the things of `COMMON`: attributes with a name, each with its kind."""
    MAY_BE_UNKNOWN: ClassVar[tuple[str, ...]] = ()
    """Things of `COMMON` that it may name before anybody else has, such as an applicant."""
    LIVES_IN_STORE: ClassVar[bool] = False
    """Whether it is an event of its store, which must have been onboarded before."""
    JUDGED: ClassVar[bool] = False
    """Whether the terms of a program judge it."""
    OF_DAY: ClassVar[str | None] = None
    """The field with the day that it reports of, which lies near its instant."""
    UNKNOWN_STORE: ClassVar[str] = ""
    """What to do where nobody has onboarded the store, if that is not the usual."""
    WARNINGS: ClassVar[tuple[str, ...]] = ()
    EXAMPLE: ClassVar[dict[str, Any]] = {}

    source: Annotated[str | None, Field(max_length=64, description="the system it comes from")] = (
        None
    )
    id: Annotated[
        str | None, Field(min_length=1, max_length=200, description="the sender's id of the fact")
    ] = None

    def content(self) -> bytes:
        return self.__pydantic_serializer__.to_json(
            self, exclude_none=True, exclude={"source", "id"}
        )

    def indexed(self) -> "tuple[Reference, ...]":
        references = self.references()
        return references if self.INTRODUCES is None else references + self.looks()

    def looks(self) -> "tuple[Reference, ...]":
        """What the id that it introduces looks like, where that differs from what it is."""
        if self.INTRODUCES is None:
            return ()
        attribute, thing = self.INTRODUCES
        name = getattr(self, attribute)
        if name.isascii():
            return ()
        look = look_of(name)
        return () if look == name else (Reference(LOOKS, f"{thing.word}/{look}", name),)

    def pays(self) -> "Paid | None":
        """What the fact pays, where it is a payment of a statement."""
        return None

    def holds(self) -> "Held | None":
        """What the fact moves of a pot: money that the platform holds for a party."""
        return None


class Paid(NamedTuple):
    """A payment that a fact reports: of which statement, to whom; negative: the payee paid."""

    statement: str
    payee: str
    amount: Money
    narration: str


class Held(NamedTuple):
    """What a fact moves of a pot: whose, which of its sums, by how much, against what pays.

    Where `against` names an asset of the program that holds the pot, that one stands against it
    instead. Without a `sum` the pot stays: the asset moves against what pays, until a line that
    is issued moves the pot against it.
    """

    pot: str
    party: str
    sum: str
    amount: Money
    narration: str
    against: str = ""

    def references(self) -> "tuple[Reference, ...]":
        """What leads from the pot to the fact."""
        return (Reference("pot", f"{self.pot}/{self.party}"),)


class Recorded(NamedTuple):
    """An event with its place in the log and when it happened: all that a state or rule asks.

    `at` is microseconds UTC.
    """

    position: int
    stream: str
    version: int
    topic: str
    event: Any
    at: Instant


class _Columns(NamedTuple):
    position: int
    stream: str
    version: int
    topic: str
    event: Any
    at: Instant
    recorded_at: Instant
    by: str
    batch: int
    row: int
    hash: bytes


if TYPE_CHECKING:

    class Logged(Recorded):
        """As below; a checker of types knows no tuple that is longer than what it extends."""

        recorded_at: Instant
        by: str
        batch: int
        row: int
        hash: bytes

else:

    class Logged(_Columns, Recorded):
        """A recorded event with what else the log says of it: when it was learned, by whom, whence.

        `recorded_at` is microseconds UTC; `batch` is the position of the `BatchRecorded` that it
        came with (0: none) and `row` the line in that batch's files. A book folds faster without.
        """

        __slots__ = ()


R = TypeVar("R", bound=Recorded)


def order_key(recorded: Recorded) -> tuple[Instant, int, bytes]:
    """Business order: by instant, then type in catalogue order, then content; never position."""
    event = recorded.event
    return recorded.at, event.ORDER, hashlib.sha256(event.content()).digest()


def in_order(recorded: Iterable[R]) -> list[R]:
    """Events in business order, the same for every order of arrival."""
    found = list(recorded)
    if len(found) > 1:
        found.sort(key=_at_and_type)
        if len(set(map(_at_and_type, found))) < len(found):  # content decides between equal ones
            found.sort(key=order_key)
    return found


def _at_and_type(recorded: Recorded) -> tuple[Instant, int]:
    return recorded.at, recorded.event.ORDER


def last_before(recorded: Iterable[R], instant: Instant) -> R | None:
    """The last event before an instant, in business order."""
    found = [one for one in recorded if one.at < instant]
    return max(found, key=order_key) if len(found) > 1 else (found[0] if found else None)


def first_of(recorded: Iterable[R]) -> R | None:
    """The first event in business order."""
    found = list(recorded)
    return min(found, key=order_key) if len(found) > 1 else (found[0] if found else None)


def instant_text(recorded: Recorded | None) -> str | None:
    """When an event happened, as people and scripts read it; None without one."""
    return format_instant(recorded.at) if recorded else None


def sum_told(moved: Iterable[Recorded]) -> str | None:
    """What facts with an amount come to, per currency, as people read it; None without any."""
    amounts = [Money.parse(fact.event.amount, fact.event.currency) for fact in moved]
    sums = sum_by_currency(amounts)
    return ";".join(f"{money.text} {code}" for code, money in sums.items()) or None
