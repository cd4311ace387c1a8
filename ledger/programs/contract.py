"""What a program's rules are given and what they answer. Nothing here does I/O.

A rule assesses one subject from its own facts and a second step reduces the decisions of one
payee; neither reaches for the whole book. What they need they ask of a `Reader`.
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

CHUNK = 20_000
"""Subjects assessed at a time: bounds memory and the number of queries alike."""


def in_chunks(names: Iterable[str]) -> Iterator[list[str]]:
    """Names in order, so many at a time as are assessed together."""
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

        With `topics` only from facts of these, for a question that no others bear on.
        """

    def sales_since(self, stores: Iterable[str], first: date, state: type[S]) -> dict[str, S]:
        """The states of stores, folded from the GMV of orders from a day on."""

    def named(
        self, kind: str, names: Iterable[str], window: Window | None = None
    ) -> dict[str, list[str]]:
        """Per name the streams that the index leads to under that kind; with a window only by
        facts that happened in it."""

    def named_under(self, names: Mapping[str, Collection[str]]) -> dict[str, dict[str, list[str]]]:
        """As `named`, for several kinds: per kind and name the streams."""

    def names(self, kind: str, since: Instant, until: Instant) -> Iterator[tuple[str, str]]:
        """All (name, stream) of a kind whose fact happened in the half-open window."""

    def located(self, kind: str, names: Iterable[str]) -> Iterator[tuple[str, Instant, int]]:
        """Per index entry of these names: the name, the instant and the position."""

    def under(self, kind: str, first: str, last: str) -> Iterator[tuple[str, int]]:
        """All (name, position) of a kind whose name lies between two, both inside."""

    def begins(self, rules: str) -> Instant | None:
        """The first day of the first edition of some rules; None where none is published."""

    def publishers(self, rules: str) -> dict[str, str]:
        """Per edition of some rules who publishes it, by the version that counts."""

    def within(self, kind: str, window: Window) -> Iterator[int]:
        """The positions of the facts of a kind that happened in the window, by position."""

    def listed(self, names: Mapping[str, Collection[str]]) -> Iterator[Recorded]:
        """The facts that the index leads to under some kinds and names."""

    def listed_by_end(self, kind: str, skipped: int, first: str, last: str) -> Iterator[Recorded]:
        """The facts of a kind whose name, without its first characters, lies between two."""

    def at_positions(self, positions: Iterable[int]) -> Iterator[Recorded]:
        """The facts at positions that the index has led to."""

    def sales_of_orders(
        self, stores: Collection[str], days: Span, *, deduct: bool = True
    ) -> Iterator[Recorded]:
        """Per store, day of the zone, currency and call the archived orders, as if reported:
        `GMVRecorded` of the source `orders`, at the position of the call."""

    def first_orders(self, stores: Collection[str]) -> Iterator[Recorded]:
        """The first archived order of each store, as if reported: `FirstSale`."""


OrderTables = Mapping[str, Mapping[str, list[object]]]
"""Small tables that an order expression joins with: per name its columns, each a list."""


class OrderSession(Protocol):
    """Order lines that can be asked in SQL, under the name `orders`."""

    def ask(self, sql: str, tables: OrderTables) -> list[tuple[Any, ...]]:
        """Runs SQL over `orders` and small tables, which are loaded once under their names."""


class OrderReader(Reader, Protocol):
    """A reader of a book with an archive of order lines."""

    def order_position(self, file: int) -> int:
        """The position of the call that brought the file of a line, as lines name it."""

    def order_session(self, window: Window, stores: list[str] | None) -> OrderSession | None:
        """The lines that count, created in the window; None without any."""


class OrderChange(NamedTuple):
    """One thing changed in what is due of a month's orders, for a reconciliation."""

    because: str
    detail: str
    sql: str
    """Every order under the change, with the columns of `OrderSide.sql`."""
    tables: OrderTables
    """Small tables that replace ours for it."""


class OrderRates(NamedTuple):
    """What is due of a month's orders by rates that go by category, and how to ask for another."""

    sql: str
    """Every order with `store`, `order_id`, `category`, the `net` that the rate is taken of, what
    is `fixed` beside it, and `was`, its rate in millionths, null where a discount replaced it."""
    at: Callable[[str, int], OrderChange]
    """Every order of a category at one rate, in millionths."""


class OrderSide(Protocol):
    """A month's orders with what is due of each, and how to ask again with one thing changed."""

    @property
    def window(self) -> Window:
        """When the month's orders were created."""

    @property
    def sql(self) -> str:
        """Every order: `store`, `order_id`, what is `due` of it in minor units, seen from the payee
        (null: nothing, or none can be told), `currency`, whether it is `foreign` to the edition's,
        and the `line` and `payee` that it belongs to."""

    @property
    def tables(self) -> OrderTables:
        """What the expression joins the orders with."""

    def variants(self) -> Iterator[OrderChange]:
        """Each single change, in the contract's order."""

    @property
    def rates(self) -> OrderRates | None:
        """The rates, where they go by category."""


class OfOrders(Enum):
    """What lines may rest on of archived orders."""

    EACH = "each order"
    GMV = "their sums as placed GMV"
    FIRST = "the first of a store"


SINGLY_MAX = 5
"""So many subjects may read what they share one by one; more read it together."""


class Asked(NamedTuple):
    """What a run asks of a program's rules."""

    edition: Edition
    period: str | None = None
    """The month, `2020-05`, of an edition that settles by month."""
    subjects: frozenset[str] | None = None
    """Only the lines of these subjects, reading only what they rest on."""
    assume: frozenset[str] = frozenset()
    """What is taken as given for a reconciliation's "what if": codes of conditions, and others
    that the program's `variants` names. Empty in every run that anything is issued from."""

    @property
    def many(self) -> bool:
        """Whether so much is asked that what lines share is best read at once."""
        return self.subjects is None or len(self.subjects) > SINGLY_MAX


class OrderKind(NamedTuple):
    """What a rate of an order may rest on: its category, how it was sold, and when."""

    category: str
    traffic: str
    channel: str
    created_at: Instant


class OrderProgram(Protocol):
    """What a program that works by order answers besides."""

    @property
    def word(self) -> str:
        """What the amount of an order is called, such as `fee`."""

    @property
    def about(self) -> str:
        """The condition, in SQL, of the orders that it is about."""

    def orders_of(self, reader: OrderReader, asked: Asked) -> list[dict[str, Any]]:
        """Every order of some subjects with its amount under `word`, the `line` that it belongs to,
        and its `place` in the archive."""

    def order_side(self, reader: OrderReader, asked: Asked) -> OrderSide:
        """Our side of a reconciliation by order; raises `WrongPeriod`."""

    def without_rate(self, edition: Edition, sales: Iterable["OrderKind"]) -> set[str]:
        """The categories that have no rate for some of these orders."""


class Obligation(NamedTuple):
    """Something that is owed beside the lines, and how far it has been met: a count of things,
    missing and made up, or an amount of money, by whom.
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
    """Of money: the later month in which what is still owed stands again."""

    def as_json(self) -> dict[str, Any]:
        """The obligation in the shape of the public contract."""
        owed: dict[str, Any] = {"missing": self.missing, "made_up": self.made_up}
        if self.amount:
            owed = {
                "owed_by": self.owed_by,
                "amount": self.amount.text,
                "currency": self.amount.currency,
            }
        found = {
            "obligation": self.obligation,
            "owed_to": self.owed_to,
            **owed,
            "due": self.due.isoformat() if self.due else None,
            "state": self.state,
            "events": list(self.events),
        }
        return found | {"repeated_in": self.repeated_in} if self.amount else found


class Answer(NamedTuple):
    """What rules answer: lines sorted by id, and obligations sorted by id."""

    lines: list[Line]
    obligations: tuple[Obligation, ...] = ()
    period: str | None = None
    """The month that a single subject belongs to, where it was asked for without one."""


class Rule(Protocol):
    """One version of a program's rule function: pure, and never edited once it has shipped.

    A subject that has no line is left out of the answer.
    """

    def __call__(self, reader: Any, asked: Asked) -> Answer: ...
