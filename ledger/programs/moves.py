"""Turns decisions, payments and facts into movements of statements, line by line, and of pots."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from ledger.accounting.chart import Account, Part, means_of_payment
from ledger.accounting.viewpoint import PLATFORM
from ledger.aggregates import catalogue
from ledger.aggregates.base import Fact, Held
from ledger.aggregates.settlement import (
    AdjustedLine,
    PaymentMade,
    Sides,
    StatedLine,
    StatementAdjusted,
    StatementEvent,
    StatementIssued,
)
from ledger.kernel.money import Money
from ledger.programs.line import Line
from ledger.programs.program import Posts
from ledger.programs.registry import program_of

Key = tuple[str, str]
"""A statement, or a pot and its party, and a commodity."""
Sums = Mapping[str, int]
"""A pot's sums by name, in minor units."""


class Filling(NamedTuple):
    """The pot that a movement belongs to, and the sum that it adds to or (-1) takes from."""

    pot: str
    sum: str
    sign: int = 1


class Move(NamedTuple):
    """One movement of a statement (an amount due for a line, carried over, or paid) or of a pot.

    The amount is seen from the party whose statement or pot it is; a movement of a pot by a fact
    has no statement.
    """

    statement: str
    party: str
    part: Part
    line: str
    narration: str
    amount: Money
    against: Account | None
    """The account of a line, or of the means of payment; None for carry-overs."""
    handed_on: bool = False
    """Whether the platform only passes the amount on: then in its own book the other party's
    movement is the other side, and only the parties' books use the account."""
    payer: str = PLATFORM
    """The other side of the statement."""
    filling: Filling | None = None
    asset: Account | None = None
    """For a movement of neither a statement nor a pot: the program's asset that is moved."""

    @property
    def what(self) -> str:
        """The kind of movement, as entries and statements name it."""
        return "carried" if self.part in ("brought_forward", "carried_forward") else self.part


class Stands(NamedTuple):
    """A statement that a line belongs to, by its sides; `to_payer`: it is the payer's, with the
    sign reversed."""

    sides: Sides
    to_payer: bool = False


def stands_on(rules: str, line: Line) -> tuple[Stands, ...]:
    """The statements that a line belongs to: its payee's; where the platform passes it on, also
    its payer's; where payer and payee settle between themselves, the one between them. A decision
    belongs to its payee's only."""
    role = "own" if line.amount is None else _posting(rules, line.kind).role
    if role == "bookkeeper":
        return (Stands(Sides(line.payee, line.payer)),)
    own = Stands(Sides(line.payee))
    return (own, Stands(Sides(line.payer), to_payer=True)) if role == "agent" else (own,)


@cache
def moving_topics() -> tuple[str, ...]:
    """Topics of events that produce entries."""
    facts = (*catalogue.PAYING, *catalogue.HOLDING)
    own = (StatementIssued.TOPIC, StatementAdjusted.TOPIC, PaymentMade.TOPIC)
    return (*own, *(fact.TOPIC for fact in facts))


def _posting(rules: str, kind: str) -> Posts:
    return program_of(rules).accounts[kind]


def moves_of(event: Any, holder: str = "") -> Iterator[Move]:
    """The movements of an event, statement by statement, line by line.

    `holder` is the program by which a fact moves a pot; callers that do not use the accounts may
    leave it out.
    """
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
            move = _payment(event.statement, event.payee, paid, f"payment {event.ref}")
            yield move._replace(payer=event.payer or PLATFORM)
        case Fact() if (pays := event.pays()) is not None:
            narration = _with_reference(event, pays.narration)
            yield _payment(pays.statement, pays.payee, pays.amount, narration)
        case Fact() if (held := event.holds()) is not None:
            yield _held(held, _with_reference(event, held.narration), holder)


def _with_reference(event: Fact, narration: str) -> str:
    ref = getattr(event, "ref", None)
    return f"{narration} {ref}" if ref else narration


def statements_of(event: Any) -> set[str]:
    """The statements that an event moves."""
    return {move.statement for move in moves_of(event)} - {""}


def pot_of(move: Move) -> str | None:
    """The pot and party of a movement, as `POT/PARTY`; None for movements of no pot."""
    return f"{move.filling.pot}/{move.party}" if move.filling else None


def _carried(event: StatementIssued) -> Iterator[Move]:
    """An overpayment counts as paid on the next statement instead."""
    for carried in event.brought_forward:
        brought = Money.parse(carried.amount, carried.currency)
        narration = f"carried from {carried.statement} to {event.statement}"
        taken, payer = brought.negated(), event.payer or PLATFORM
        sides: tuple[tuple[str, Part, Money], ...] = (
            (carried.statement, "carried_forward", taken),
            (event.statement, "brought_forward", brought),
        )
        for statement, part, amount in sides:
            yield Move(statement, event.payee, part, "", narration, amount, None, payer=payer)


def _due(
    event: StatementEvent, part: Part, line: StatedLine | AdjustedLine, text: str | None
) -> Iterator[Move]:
    """The movements of a line; the payer's side is moved together with the payee's."""
    if text is None or line.currency is None or line.payee is not None:
        return
    amount = Money.parse(text, line.currency)
    if not amount.minor:
        return
    narration = f"{line.kind.replace('_', ' ')} {part}"
    posting = _posting(event.rules, line.kind)
    move = Move(event.statement, event.payee, part, line.line, narration, amount, None)
    if posting.role == "own":
        filling = _filling(event.rules, line.kind)
        yield move._replace(against=posting.account(event.program), filling=filling)
        return
    assert line.payer is not None, f"{line.line}: a line between others has another payer"
    spent = Account("Expenses", posting.name, event.program)  # as the payer's own book has it
    if posting.role == "bookkeeper":
        yield move._replace(against=spent, payer=line.payer)
        return
    yield move._replace(
        statement=event.statement_of(line.payer),
        party=line.payer,
        amount=amount.negated(),
        against=Account("Income", posting.name, event.program),  # the payer's book mirrors it
        handed_on=True,
    )
    yield move._replace(against=spent, handed_on=True)


def _filling(rules: str, kind: str) -> Filling | None:
    pot = program_of(rules).pot
    return Filling(pot.name, *pot.lines[kind]) if pot and kind in pot.lines else None


def _payment(statement: str, party: str, paid: Money, narration: str) -> Move:
    account = means_of_payment(paid.currency)
    return Move(statement, party, "paid", "", narration, paid, account)


def _held(held: Held, narration: str, holder: str) -> Move:
    """The movement of a fact: of a pot or, without a `sum`, of the platform's own asset."""
    asset = Account("Assets", held.against, holder)
    if not held.sum:
        return _payment("", PLATFORM, held.amount, narration)._replace(asset=asset)
    move = _payment("", held.party, held.amount, narration)
    move = move._replace(filling=Filling(held.pot, held.sum))
    return move._replace(against=asset) if held.against else move


def filled(sums: Sums, move: Move) -> Sums:
    """A pot's sums after a movement."""
    assert move.filling is not None
    name, amount = move.filling.sum, move.filling.sign * move.amount.minor
    return {**sums, name: sums.get(name, 0) + amount}
