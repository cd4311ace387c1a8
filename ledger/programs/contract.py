"""What a program's rules are given and what they answer. Nothing here does I/O.

A rule assesses one subject from its own facts and a second step reduces the decisions of one
payee; neither reaches for the whole book. What they need they ask of a `Reader`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple, Protocol, TypeVar

from ledger.aggregates.base import Recorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.decision import Step
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.kernel.period import Span, Window
from ledger.programs.edition import Edition


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

    def names(self, kind: str, since: Instant, until: Instant) -> Iterator[tuple[str, str]]:
        """All (name, stream) of a kind whose fact happened in the half-open window."""

    def located(self, kind: str, names: Iterable[str]) -> Iterator[tuple[str, Instant, int]]:
        """Per index entry of these names: the name, the instant and the position."""

    def under(self, kind: str, first: str, last: str) -> Iterator[tuple[str, int]]:
        """All (name, position) of a kind whose name lies between two, both inside."""

    def at_positions(self, positions: Iterable[int]) -> Iterator[Recorded]:
        """The facts at positions that the index has led to."""


OrderTables = Mapping[str, Mapping[str, list[object]]]
"""Small tables that an order expression joins with: per name its columns, each a list."""


class OrderSession(Protocol):
    """Order lines that can be asked in SQL, under the name `orders`."""

    def ask(self, sql: str, tables: OrderTables) -> list[tuple[Any, ...]]:
        """Runs SQL over `orders` and small tables, which are loaded once under their names."""


class OrderReader(Reader, Protocol):
    """A reader of a book with an archive of order lines."""

    def order_files(self, window: Window) -> tuple[int, ...]:
        """Positions of the archived files that can hold lines created in the window."""

    def order_session(self, window: Window, stores: list[str] | None) -> OrderSession | None:
        """The lines that count, created in the window; None without any."""


class OrderChange(NamedTuple):
    """One thing changed in what a month's orders are charged by, for a reconciliation."""

    because: str
    detail: str
    sql: str
    """The fee of every order under the change."""
    tables: OrderTables
    """Small tables that replace ours for it."""


class OrderSide(Protocol):
    """A month's orders with their fees, and how to ask again with one thing changed."""

    @property
    def window(self) -> Window:
        """When the month's orders were created."""

    @property
    def sql(self) -> str:
        """The fee of every order."""

    @property
    def tables(self) -> OrderTables:
        """What the expression joins the orders with."""

    def variants(self) -> Iterator[OrderChange]:
        """Each single change, in the contract's order."""


class Asked(NamedTuple):
    """What a run asks of a program's rules."""

    edition: Edition
    period: str | None = None
    """The month, `2020-05`, of an edition that settles by month."""
    subject: str | None = None
    """Only the lines of this subject, reading only what they rest on."""
    assume: frozenset[str] = frozenset()
    """What is taken as given for a reconciliation's "what if": codes of conditions, and others
    that the program's `variants` names. Empty in every run that anything is issued from."""


class Line(NamedTuple):
    """What one payee is due, or owes, for one subject, and why."""

    line: str
    kind: str
    payee: str
    subject: str
    outcome: str
    amount: Money
    unmet: tuple[str, ...]
    held_for: tuple[str, ...]
    explanation: Step

    def as_json(self) -> dict[str, Any]:
        """The line in the shape of the public contract."""
        return {
            "line": self.line,
            "kind": self.kind,
            "payee": self.payee,
            "subject": self.subject,
            "outcome": self.outcome,
            "amount": self.amount.text,
            "currency": self.amount.currency,
            "unmet": list(self.unmet),
            "held_for": list(self.held_for),
            "explanation": self.explanation.as_json(),
        }

    @property
    def said(self) -> tuple[object, ...]:
        """What the line says, without why: what a close seals and a replay compares."""
        return self[:8]


class Obligation(NamedTuple):
    """Something other than money that is owed, and how far it has been met."""

    obligation: str
    owed_to: str
    missing: int
    made_up: int
    due: date
    state: str
    events: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """The obligation in the shape of the public contract."""
        return {
            "obligation": self.obligation,
            "owed_to": self.owed_to,
            "missing": self.missing,
            "made_up": self.made_up,
            "due": self.due.isoformat(),
            "state": self.state,
            "events": list(self.events),
        }


class Answer(NamedTuple):
    """What rules answer: lines sorted by id, and obligations sorted by id."""

    lines: list[Line]
    obligations: tuple[Obligation, ...] = ()
    period: str | None = None
    """The month that a subject belongs to, where it was asked for without one."""


class Rule(Protocol):
    """One version of a program's rule function: pure, and never edited once it has shipped."""

    def __call__(self, reader: Any, asked: Asked) -> Answer: ...


class Rules(Protocol):
    """A program's rules: one module per program with these names."""

    VERSIONS: Mapping[int, Rule]
    KEYED: Mapping[str, tuple[str, ...]]
    """Parameters that are rows with a key: the fields of the key. A row that leaves a field out
    applies to every value of it. A later version may add rows for what none applied to when a
    period was closed."""

    OBLIGES: bool
    """Whether a run can find obligations other than money."""

    def check(self, edition: Edition) -> Edition:
        """The edition as it may be published; raises `BadTerms`."""

    def days_of(self, edition: Edition, period: str | None) -> Span:
        """The days that a run is about; raises `WrongPeriod`."""

    def provisional(self, edition: Edition, period: str | None, as_of: Instant) -> bool:
        """Whether a term or window that the rules wait for is still open."""

    def settles_until(self, edition: Edition, period: str | None) -> Instant:
        """The instant from which a run is no longer provisional; raises `WrongPeriod` where
        there is none, because the edition is closed month by month."""

    def subjects_of_store(self, reader: Reader, edition: Edition, store: str) -> list[str]:
        """The subjects whose lines are about a store, for files that name stores."""

    def subject_of(self, rest: str) -> tuple[str | None, str]:
        """Period and subject of a line id, given without its program."""

    def beside(self, reader: Any, asked: Asked) -> Iterable[Recorded]:
        """Facts of a run's days that somebody has to look at although no line rests on them:
        what does not fit of those touches its close."""

    def scope(self, edition: Edition) -> tuple[str, ...]:
        """The markets it covers, to see whether two editions overlap."""


class OrderRules(Rules, Protocol):
    """The rules of a program that charges by order."""

    def orders_of(self, reader: Any, asked: Asked) -> list[dict[str, Any]]:
        """Every order of a line with its fee, and its `place` in the archive."""

    def order_side(self, reader: Any, asked: Asked) -> OrderSide:
        """Our side of a reconciliation by order; raises `WrongPeriod`."""
