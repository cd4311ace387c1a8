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
"""The index kind under which ids that can be mistaken for others are listed, by their look."""


class Reference(NamedTuple):
    """An entry of the log's index: the event's stream is found under this kind and name."""

    kind: str
    name: str
    detail: str = ""


class Event(BaseModel):
    """Something that happened, in the past tense, and never changes.

    `TOPIC` is the stored name with its version; `ORDER` orders events of the same instant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    TOPIC: ClassVar[str]
    ORDER: ClassVar[int] = 0

    @classmethod
    def validator(cls) -> "SchemaValidator | PluggableSchemaValidator":
        """The compiled validator, built on first use so that start-up stays quick."""
        if not cls.__pydantic_complete__:
            with uninterrupted():
                cls.model_rebuild()
        return cls.__pydantic_validator__

    @property
    def stream(self) -> str:
        """The id of the stream that the event lives in, such as `store:S-1001`."""
        raise AssertionError(f"{type(self).__name__} names no stream")

    def references(self) -> tuple[Reference, ...]:
        """The index entries that lead to this event's stream."""
        return ()

    def indexed(self) -> "tuple[Reference, ...]":
        """All index entries of this event, including those for the look of its ids."""
        return self.references()

    def stored(self) -> bytes:
        """The canonical JSON bytes that are stored and hashed."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)

    def content(self) -> bytes:
        """Canonical JSON of the event's content, without the sender's source and id."""
        return self.stored()


class OwnEvent(Event):
    """An event of ours: what we did or decided, as opposed to a reported fact."""

    clock_is_right: Annotated[
        ClockTrusted | None, Field(description="where the clock was doubted: why it is right")
    ] = None
    actor: Annotated[Actor | None, Field(description="which account on which machine wrote it")] = (
        None
    )


class Fact(Event):
    """What somebody reported. Always recorded when well formed, judged when folded."""

    AMOUNTS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Fields with an amount, each with the field that names its currency."""
    NOT_NEGATIVE: ClassVar[tuple[str, ...]] = ()
    """Amounts that are refused below zero when facts come in. Older books may contain some: what
    is recorded is read as it is."""
    RATES: ClassVar[tuple[str, ...]] = ()
    """Fields with a plain positive decimal."""
    INTRODUCES: ClassVar[tuple[str, Thing] | None] = None
    """What this fact makes known: the attribute that holds its name, and its kind."""
    NAMES: ClassVar[Mapping[str, Thing]] = {}
    """What it names besides the things of `COMMON`: the attributes that hold names, with kinds."""
    MAY_BE_UNKNOWN: ClassVar[tuple[str, ...]] = ()
    """Things of `COMMON` that it may name before anybody else has, such as an applicant."""
    LIVES_IN_STORE: ClassVar[bool] = False
    """Whether it is an event of its store, which must have been onboarded before."""
    JUDGED: ClassVar[bool] = False
    """Whether the terms of a program judge it."""
    OF_DAY: ClassVar[str | None] = None
    """The field with the day that it reports on, which should be close to its instant."""
    UNKNOWN_STORE: ClassVar[str] = ""
    """What to do while the store is not onboarded, if that differs from the usual hint."""
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
        """The look of the id that it introduces, where that differs from the id."""
        if self.INTRODUCES is None:
            return ()
        attribute, thing = self.INTRODUCES
        name = getattr(self, attribute)
        if name.isascii():
            return ()
        look = look_of(name)
        return () if look == name else (Reference(LOOKS, f"{thing.word}/{look}", name),)

    def pays(self) -> "Paid | None":
        """The payment that the fact reports, where it pays a statement."""
        return None

    def holds(self) -> "Held | None":
        """The movement of a pot (money that the platform holds for a party), if any."""
        return None


class Paid(NamedTuple):
    """A payment that a fact reports: of which statement, to whom; negative: the payee paid."""

    statement: str
    payee: str
    amount: Money
    narration: str


class Held(NamedTuple):
    """A movement of a pot: whose, which of its sums, by how much; the means of payment balance it.

    Where `against` names an asset of the program that holds the pot, that asset balances it
    instead. Without a `sum` the pot does not move: the asset moves against the means of payment,
    until a line is issued that moves the pot against the asset.
    """

    pot: str
    party: str
    sum: str
    amount: Money
    narration: str
    against: str = ""

    def references(self) -> "tuple[Reference, ...]":
        """The index entry that leads from the pot to the fact."""
        return (Reference("pot", f"{self.pot}/{self.party}"),)


class Recorded(NamedTuple):
    """An event with its place in the log and its instant: all that states and rules need.

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
        """As below; type checkers know no named tuple that extends a shorter one."""

        recorded_at: Instant
        by: str
        batch: int
        row: int
        hash: bytes

else:

    class Logged(_Columns, Recorded):
        """A recorded event with the rest of its log entry: when, by whom and from where it came.

        `recorded_at` is microseconds UTC; `batch` is the position of the `BatchRecorded` that it
        came with (0: none) and `row` the line in that batch's files. Folding is faster without.
        """

        __slots__ = ()


R = TypeVar("R", bound=Recorded)


def order_key(recorded: Recorded) -> tuple[Instant, int, bytes]:
    """Business order: by instant, then type in catalogue order, then content; never position."""
    event = recorded.event
    return recorded.at, event.ORDER, hashlib.sha256(event.content()).digest()


def in_order(recorded: Iterable[R]) -> list[R]:
    """Events in business order, the same for every order of arrival."""
    events = list(recorded)
    if len(events) > 1:
        events.sort(key=_at_and_type)
        if len(set(map(_at_and_type, events))) < len(events):  # content decides between equal ones
            events.sort(key=order_key)
    return events


def _at_and_type(recorded: Recorded) -> tuple[Instant, int]:
    return recorded.at, recorded.event.ORDER


def last_before(recorded: Iterable[R], instant: Instant) -> R | None:
    """The last event before an instant, in business order."""
    earlier = [event for event in recorded if event.at < instant]
    if not earlier:
        return None
    return earlier[0] if len(earlier) == 1 else max(earlier, key=order_key)


def first_of(recorded: Iterable[R]) -> R | None:
    """The first event in business order."""
    events = recorded if type(recorded) is list else list(recorded)
    if not events:
        return None
    return events[0] if len(events) == 1 else min(events, key=order_key)


def instant_text(recorded: Recorded | None) -> str | None:
    """The instant of an event in ISO 8601; None without an event."""
    return format_instant(recorded.at) if recorded else None


def sum_told(moved: Iterable[Recorded]) -> str | None:
    """The total of facts with an amount, per currency, as text; None without any."""
    amounts = [Money.parse(fact.event.amount, fact.event.currency) for fact in moved]
    sums = sum_by_currency(amounts)
    return ";".join(f"{money.text} {code}" for code, money in sums.items()) or None
