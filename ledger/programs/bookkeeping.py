"""Decisions and payments to balanced entries, in the order of the log.

What a line says moves what is due; what is paid moves what was paid; the accounts follow from
the two. A program declares the accounts of its lines.
"""

from collections.abc import Callable, Iterator, MutableMapping
from datetime import date
from typing import Any, NamedTuple

from ledger.accounting.chart import Account, Part, Standing, means_of_payment, movement
from ledger.accounting.entry import Entry, Posting
from ledger.accounting.viewpoint import PLATFORM, keeps, seen_from
from ledger.aggregates.base import Fact, Recorded
from ledger.aggregates.catalogue import PAYING
from ledger.aggregates.settlement import (
    AdjustedLine,
    PaymentMade,
    StatedLine,
    StatementAdjusted,
    StatementEvent,
    StatementIssued,
)
from ledger.kernel.instants import Instant, day_of
from ledger.kernel.money import Money
from ledger.programs.line import Line
from ledger.programs.program import Posts
from ledger.programs.registry import program_of

BOOKED = (
    *(StatementIssued.TOPIC, StatementAdjusted.TOPIC, PaymentMade.TOPIC),
    *(fact.TOPIC for fact in PAYING),
)
"""Topics of events that have entries."""
Key = tuple[str, str]
"""A statement and a commodity."""


class Move(NamedTuple):
    """One movement of a statement: more is due for a line, carried over, or paid.

    The amount is seen from the party whose statement it is.
    """

    statement: str
    party: str
    part: Part
    line: str
    narration: str
    amount: Money
    against: Account | None
    """The account of a line, or of the means of payment; None for what is carried over."""
    handed_on: bool = False
    """Whether the platform only passes the amount on: then its own book has the other party's
    movement on the other side, and only the parties' books have the account."""

    @property
    def what(self) -> str:
        """The kind of movement, as entries and statements name it."""
        return "carried" if self.part in ("brought_forward", "carried_forward") else self.part


def has_payers_statement(rules: str, line: Line) -> bool:
    """Whether a line stands on its payer's statement too: the platform hands it on."""
    return line.amount is not None and _posting(rules, line.kind).role == "agent"


def _posting(rules: str, kind: str) -> Posts:
    return program_of(rules).accounts[kind]


def moves_of(event: Any) -> Iterator[Move]:
    """What an event moves, statement by statement, line by line."""
    match event:
        case StatementIssued():
            yield from _carried(event)
            for line in event.lines:
                yield from _due(event, "issued", line, line.amount)
        case StatementAdjusted():
            for row in event.lines:
                yield from _due(event, "adjusted", row, row.difference)
        case PaymentMade():
            paid = Money.parse(event.amount, event.currency)
            yield _payment(event.statement, event.payee, paid, f"payment {event.ref}")
        case Fact() if (pays := event.pays()) is not None:
            ref = getattr(event, "ref", None)
            narration = f"{pays.narration} {ref}" if ref else pays.narration
            yield _payment(pays.statement, pays.payee, pays.amount, narration)


def statements_of(event: Any) -> set[str]:
    """The statements that an event moves."""
    return {move.statement for move in moves_of(event)}


def _carried(event: StatementIssued) -> Iterator[Move]:
    """What was paid beyond what is due counts as paid on the next statement instead."""
    for one in event.brought_forward:
        brought = Money.parse(one.amount, one.currency)
        narration = f"carried from {one.statement} to {event.statement}"
        taken = brought.negated()
        yield Move(one.statement, event.payee, "carried_forward", "", narration, taken, None)
        yield Move(event.statement, event.payee, "brought_forward", "", narration, brought, None)


def _due(
    event: StatementEvent, part: Part, line: StatedLine | AdjustedLine, text: str | None
) -> Iterator[Move]:
    """What a line moves; the payer's side of one is moved together with the payee's."""
    if text is None or line.currency is None or line.payee is not None:
        return
    amount = Money.parse(text, line.currency)
    if not amount.minor:
        return
    narration = f"{line.kind.replace('_', ' ')} {part}"
    posting = _posting(event.rules, line.kind)
    if posting.role == "own":
        account = posting.account(event.program)
        yield Move(event.statement, event.payee, part, line.line, narration, amount, account)
        return
    assert line.payer is not None, f"{line.line}: a line that is handed on has another payer"
    payer, payers = line.payer, event.statement_of(line.payer)
    spent = Account("Income", posting.name, event.program)  # the payer's book mirrors it
    earned = Account("Expenses", posting.name, event.program)
    taken = amount.negated()
    yield Move(payers, payer, part, line.line, narration, taken, spent, handed_on=True)
    yield Move(
        event.statement, event.payee, part, line.line, narration, amount, earned, handed_on=True
    )


def _payment(statement: str, party: str, paid: Money, narration: str) -> Move:
    account = means_of_payment(paid.currency)
    return Move(statement, party, "paid", "", narration, paid, account)


class Bookkeeper:
    """Takes events in the order of the log and answers their entries, seen from one entity.

    `standings` holds how each statement stood before; it is moved along. `zone_of` tells the
    zone of a program's terms at a position, for facts that pay: their days are the program's.
    """

    def __init__(
        self,
        entity: str,
        standings: MutableMapping[Key, Standing],
        zone_of: Callable[[str, int], str],
    ) -> None:
        self.entity = entity
        self.standings = standings
        self.zone_of = zone_of

    def take(self, recorded: Recorded) -> list[Entry]:
        """The entries of an event."""
        event = recorded.event
        zone = getattr(event, "zone", None) or self.zone_of(event.program, recorded.position)
        moves = list(moves_of(event))
        return self._book(recorded.position, day_of(recorded.at, zone), moves)

    def lift(self, recorded: Recorded, position: int, at: Instant) -> list[Entry]:
        """The entries that take back those of a fact which a withdrawal at a position lifts."""
        moves = [
            move._replace(amount=move.amount.negated(), narration=f"{move.narration}, withdrawn")
            for move in moves_of(recorded.event)
        ]
        zone = self.zone_of(recorded.event.program, position)
        return self._book(position, day_of(at, zone), moves)

    def _book(self, position: int, day: date, moves: list[Move]) -> list[Entry]:
        """One entry per movement; what is carried over or handed on is one entry of two."""
        entries = []
        pending: list[Posting] = []
        for number, move in enumerate(moves, 1):
            pending += self._postings(move)
            if sum(posting.amount.minor for posting in pending):
                continue  # the other half of what is carried over or handed on comes next
            if keeps(self.entity, move.party) and pending:
                entries.append(
                    Entry(
                        f"{position}.{number}",
                        day,
                        move.what,
                        move.statement,
                        move.line,
                        move.narration,
                        seen_from(self.entity, pending),
                    )
                )
            pending = []
        assert not pending, f"position {position}: {pending} has no other side"
        return entries

    def _postings(self, move: Move) -> list[Posting]:
        key = (move.statement, move.amount.currency)
        before = self.standings.get(key, Standing())
        after = before.moved(move.part, move.amount.minor)
        self.standings[key] = after
        found = [
            Posting(account, Money(amount, move.amount.currency))
            for account, amount in movement(move.party, before, after).items()
        ]
        if move.against is not None and not (move.handed_on and self.entity == PLATFORM):
            own = move.amount.negated() if move.part == "paid" else move.amount
            found.insert(0, Posting(move.against, own))
        return found
