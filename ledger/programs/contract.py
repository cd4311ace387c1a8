"""What a program's rules receive and what they return. Nothing here does I/O.

A rule assesses one subject from its own facts, and a second step reduces the decisions of one
payee; neither reads the whole book. What they need they ask of a `Reader`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from enum import Enum
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

from ledger.aggregates.base import Recorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.kernel.period import Span, Window
from ledger.programs.edition import Edition
from ledger.programs.line import Line
from ledger.programs.order_questions import OrderQuestion

CHUNK = 20_000
"""Subjects assessed at a time: limits both memory and the number of queries."""


def in_chunks(names: Iterable[str]) -> Iterator[list[str]]:
    """Names in order, in chunks of at most `CHUNK`."""
    remaining = iter(sorted(names))
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


class State(Protocol):
    """A fold: built from an id, takes events in any order."""

    def __init__(self, name: str) -> None: ...
    def apply(self, recorded: Recorded) -> None: ...


S = TypeVar("S", bound=State)


class Reader(Protocol):
    """The log as a rule may see it, at one pair of clocks: only facts that count."""

    clocks: Clocks

    def states(
        self, kind: str, names: Iterable[str], state: type[S], topics: Iterable[str] = ()
    ) -> dict[str, S]:
        """The states of `kind:name` for every name, folded from the facts that count.

        With `topics` only from facts of these topics, for questions that no others affect.
        """

    def sales_since(self, stores: Iterable[str], first: date, state: type[S]) -> dict[str, S]:
        """The states of stores, folded from the GMV of orders from a day on."""

    def named(
        self, kind: str, names: Iterable[str], window: Window | None = None
    ) -> dict[str, list[str]]:
        """The streams that the index leads to under that kind, by name; with a window only those
        of facts that happened in it."""

    def named_under(self, names: Mapping[str, Collection[str]]) -> dict[str, dict[str, list[str]]]:
        """As `named`, for several kinds: the streams by kind and name."""

    def names(self, kind: str, since: Instant, until: Instant) -> Iterator[tuple[str, str]]:
        """All (name, stream) of a kind whose fact happened in the half-open window."""

    def located(self, kind: str, names: Iterable[str]) -> Iterator[tuple[str, Instant, int]]:
        """The name, instant and position of each index entry of these names."""

    def under(self, kind: str, first: str, last: str) -> Iterator[tuple[str, int]]:
        """All (name, position) of a kind with `first` <= name <= `last`."""

    def begins(self, rules: str) -> Instant | None:
        """The start of the first day of a rule's first edition; None where none is published."""

    def publishers(self, rules: str) -> dict[str, str]:
        """The publisher of each edition of some rules, by the version that counts."""

    def within(self, kind: str, window: Window) -> Iterator[int]:
        """The positions of the facts of a kind that happened in the window, by position."""

    def listed(self, names: Mapping[str, Collection[str]]) -> Iterator[Recorded]:
        """The facts that the index leads to under the given kinds and names."""

    def listed_by_end(self, kind: str, skipped: int, first: str, last: str) -> Iterator[Recorded]:
        """The facts of a kind whose name, without its first `skipped` characters, lies between
        `first` and `last`."""

    def at_positions(self, positions: Iterable[int]) -> Iterator[Recorded]:
        """The facts at positions that the index has led to."""

    def sales_of_orders(
        self, stores: Collection[str], days: Span, *, deduct: bool = True
    ) -> Iterator[Recorded]:
        """The archived orders summed per store, day of the zone, currency and call, as if
        reported: `GMVRecorded` of the source `orders`, at the position of the call."""

    def first_orders(self, stores: Collection[str]) -> Iterator[Recorded]:
        """The first archived order of each store, as if reported: `FirstSale`."""


OrderTables = Mapping[str, Mapping[str, list[object]]]
"""Small tables that an order expression joins with: by name, their columns as lists."""


class OrderSession(Protocol):
    """Order lines that can be queried, under the name `orders`."""

    def ask(self, question: OrderQuestion | str, tables: OrderTables) -> list[tuple[Any, ...]]:
        """The rows that answer an expression over `orders` and small tables, which are loaded once
        under their names; or SQL, which a program writes as every engine reads it."""


class OrderReader(Reader, Protocol):
    """A reader of a book with an archive of order lines."""

    def order_position(self, file: int) -> int:
        """The position of the call that brought the file with this number."""

    def order_session(self, window: Window, stores: list[str] | None) -> OrderSession | None:
        """The lines that count, created in the window; None without any."""


class OrderChange(NamedTuple):
    """A month's orders with a single change in how their amounts are worked out, for a
    reconciliation."""

    because: str
    detail: str
    sql: str
    """Every order under the change, with the columns of `OrderSide.sql`."""
    tables: OrderTables
    """Small tables that replace ours for it."""


class OrderRates(NamedTuple):
    """The amounts of a month's orders by rates per category, and how to ask for another rate."""

    sql: str
    """Every order with `store`, `order_id`, `category`, the `net` that the rate applies to, the
    `fixed` part in addition, and `was`, its rate in millionths, null where a discount replaced it.
    """
    at: Callable[[str, int], OrderChange]
    """Every order of a category at one rate, in millionths."""


class OrderSide(Protocol):
    """A month's orders with the amount due for each, and the same under single changes."""

    @property
    def window(self) -> Window:
        """When the month's orders were created."""

    @property
    def sql(self) -> str:
        """Every order: `store`, `order_id`, the amount `due` in minor units, seen from the payee
        (null: none, or not known), `currency`, whether that is `foreign` to the edition, and the
        `line` and `payee` that it belongs to."""

    @property
    def tables(self) -> OrderTables:
        """The small tables that the expression joins the orders with."""

    def variants(self) -> Iterator[OrderChange]:
        """Each single change, in the contract's order."""

    @property
    def rates(self) -> OrderRates | None:
        """The rates, where they depend on the category."""


class OfOrders(Enum):
    """How lines may depend on archived orders."""

    EACH = "each order"
    GMV = "their sums as placed GMV"
    FIRST = "the first of a store"


SINGLY_MAX = 5
"""Up to this many subjects read shared data one by one; more read it together."""


class Asked(NamedTuple):
    """What a run asks of a program's rules."""

    edition: Edition
    period: str | None = None
    """The month, `2020-05`, of an edition that settles by month."""
    subjects: frozenset[str] | None = None
    """Only the lines of these subjects, reading only what they depend on."""
    assume: frozenset[str] = frozenset()
    """Assumptions of a reconciliation's "what if": codes of conditions, and others that the
    program's `variants` names. Empty in every run from which anything is issued."""

    @property
    def many(self) -> bool:
        """Whether so many subjects are asked for that shared data is best read at once."""
        return self.subjects is None or len(self.subjects) > SINGLY_MAX


class OrderKind(NamedTuple):
    """What an order's rate may depend on: its category, how it was sold, and when."""

    category: str
    traffic: str
    channel: str
    created_at: Instant


class OrderProgram(Protocol):
    """What a program that settles by order provides in addition."""

    @property
    def word(self) -> str:
        """The column name of an order's amount, such as `fee`."""

    @property
    def about(self) -> str:
        """The SQL condition of the orders that the program is about."""

    def orders_of(self, reader: OrderReader, asked: Asked) -> list[dict[str, Any]]:
        """Every order of the subjects asked for, with its amount under `word`, its `line`, and its
        `place` in the archive."""

    def order_side(self, reader: OrderReader, asked: Asked) -> OrderSide:
        """Our side of a reconciliation by order. Raises `WrongPeriod`."""

    def without_rate(self, edition: Edition, sales: Iterable["OrderKind"]) -> set[str]:
        """The categories that have no rate for some of these orders."""


class Obligation(NamedTuple):
    """Something owed in addition to the lines, and how far it has been met: a count of things,
    missing and made up, or an amount of money and who owes it.
    """

    obligation: str
    owed_to: str
    due: date | None
    state: str
    events: tuple[int, ...]
    missing: int = 0
    made_up: int = 0
    amount: Money | None = None
    owed_by: str = ""
    repeated_in: str | None = None
    """For money: the later month in which the part still owed is listed again."""

    def as_json(self) -> dict[str, Any]:
        """The obligation in the shape of the public contract."""
        owed: dict[str, Any] = {"missing": self.missing, "made_up": self.made_up}
        if self.amount:
            owed = {
                "owed_by": self.owed_by,
                "amount": self.amount.text,
                "currency": self.amount.currency,
            }
        data = {
            "obligation": self.obligation,
            "owed_to": self.owed_to,
            **owed,
            "due": self.due.isoformat() if self.due else None,
            "state": self.state,
            "events": list(self.events),
        }
        return data | {"repeated_in": self.repeated_in} if self.amount else data


class Answer(NamedTuple):
    """The result of rules: lines sorted by id, and obligations sorted by id."""

    lines: list[Line]
    obligations: tuple[Obligation, ...] = ()
    period: str | None = None
    """The month of a single subject that was asked for without one."""


class Rule(Protocol):
    """One version of a program's rule function: pure, and never changed once it has shipped.

    A subject that has no line is left out of the answer.
    """

    def __call__(self, reader: Any, asked: Asked) -> Answer: ...
