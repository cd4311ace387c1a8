"""What a program's rules are given and what they answer. Nothing here does I/O.

A rule assesses one subject from its own facts and a second step reduces the decisions of one
payee; neither reaches for the whole book. What they need they ask of a `Reader`.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol, TypeVar

from ledger.aggregates.base import Recorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.decision import Step
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.programs.edition import Edition


class State(Protocol):
    """A fold: built from an id, takes events in any order."""

    def __init__(self, name: str) -> None: ...
    def apply(self, recorded: Recorded) -> None: ...


S = TypeVar("S", bound=State)


class Reader(Protocol):
    """The log as a rule may see it, at one pair of clocks: only facts that count."""

    clocks: Clocks

    def states(self, kind: str, names: Iterable[str], state: type[S]) -> dict[str, S]:
        """The states of `kind:name` for every name, folded from the facts that count."""

    def named(self, kind: str, names: Iterable[str]) -> dict[str, list[str]]:
        """Per name the streams that the index leads to under that kind."""

    def names(self, kind: str, since: Instant, until: Instant) -> Iterator[tuple[str, str]]:
        """All (name, stream) of a kind whose fact happened in the half-open window."""


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


class Rules(Protocol):
    """A program's rules: one module per program with these names."""

    VERSIONS: dict[int, Any]

    def check(self, edition: Edition) -> Edition:
        """The edition as it may be published; raises `BadTerms`."""

    def provisional(self, edition: Edition, as_of: Instant) -> bool:
        """Whether a term or window that the rules wait for is still open."""

    def scope(self, edition: Edition) -> tuple[str, ...]:
        """The markets it covers, to see whether two editions overlap."""
