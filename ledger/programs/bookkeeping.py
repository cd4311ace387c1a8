"""Decisions and payments to balanced entries, in the order of the log.

What a line says moves what is due; what is paid moves what was paid; the accounts follow from
the two. The accounts of each program's lines stand in its `postings.py`.
"""

from collections.abc import Callable, Iterator, MutableMapping
from datetime import date
from importlib import import_module
from typing import Any, NamedTuple

from ledger.accounting.chart import Account, Standing, means_of_payment, movement
from ledger.accounting.entry import Entry, Posting
from ledger.accounting.viewpoint import keeps, seen_from
from ledger.aggregates.base import Recorded
from ledger.aggregates.settlement import (
    PaymentMade,
    StatementAdjusted,
    StatementEvent,
    StatementIssued,
)
from ledger.kernel.instants import Instant, day_of
from ledger.kernel.money import Money
from ledger.programs.registry import rule_names

Paying = Callable[[Any], tuple[str, str, Money, str]]


def _own(rules: str) -> Any:
    return import_module(f"ledger.programs.{rules}.postings")


PAYING: dict[type[Any], Paying] = {
    fact: pays for rules in rule_names() for fact, pays in _own(rules).PAYMENTS.items()
}
"""Facts that pay, each with the statement, the payee, the amount, and how that is told."""
BOOKED = (
    *(StatementIssued.TOPIC, StatementAdjusted.TOPIC, PaymentMade.TOPIC),
    *(fact.TOPIC for fact in PAYING),
)
"""Topics of events that have entries."""
Key = tuple[str, str]
"""A statement and a commodity."""


_CHANGES = {"paid": "paid", "carried": "carried"}


class Move(NamedTuple):
    """One movement of a statement: more is due for a line, carried over, or paid."""

    statement: str
    payee: str
    what: str
    line: str
    narration: str
    amount: Money
    against: Account | None
    """The account of a line, or of the means of payment; None for what is carried over."""

    @property
    def change(self) -> dict[str, int]:
        """What it does to the standing of its statement."""
        return {_CHANGES.get(self.what, "due"): self.amount.minor}


def account_of(rules: str, kind: str, program: str) -> Account:
    """The platform's account for lines of a kind."""
    class_, name = _own(rules).ACCOUNTS[kind]
    return Account(class_, name, program)


def moves_of(event: Any) -> Iterator[Move]:
    """What an event moves, statement by statement, line by line."""
    match event:
        case StatementIssued():
            yield from _carried(event)
            for one in event.lines:
                yield from _due(event, "issued", one.line, one.kind, one.amount, one.currency)
        case StatementAdjusted():
            for row in event.lines:
                moved = (row.kind, row.difference, row.currency)
                yield from _due(event, "adjusted", row.line, *moved)
        case PaymentMade():
            paid = Money.parse(event.amount, event.currency)
            yield _payment(event.statement, event.payee, paid, f"payment {event.ref}")
        case _ if type(event) in PAYING:
            statement, payee, paid, told = PAYING[type(event)](event)
            ref = f" {event.ref}" if event.ref else ""
            yield _payment(statement, payee, paid, f"{told}{ref}")


def statements_of(event: Any) -> set[str]:
    """The statements that an event moves."""
    return {one.statement for one in moves_of(event)}


def _carried(event: StatementIssued) -> Iterator[Move]:
    """What was paid beyond what is due counts as paid on the next statement instead."""
    for one in event.brought_forward:
        ahead = Money.parse(one.amount, one.currency).negated()
        said = f"carried from {one.statement} to {event.statement}"
        common = (event.payee, "carried", "", said)
        yield Move(one.statement, *common, ahead.negated(), None)
        yield Move(event.statement, *common, ahead, None)


def _due(
    event: StatementEvent, what: str, line: str, kind: str, amount: str, currency: str
) -> Iterator[Move]:
    money = Money.parse(amount, currency)
    if money.minor:
        account = account_of(event.rules, kind, event.program)
        narration = f"{kind.replace('_', ' ')} {what}"
        yield Move(event.statement, event.payee, what, line, narration, money, account)


def _payment(statement: str, payee: str, paid: Money, narration: str) -> Move:
    account = means_of_payment(paid.currency)
    return Move(statement, payee, "paid", "", narration, paid, account)


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
            one._replace(amount=one.amount.negated(), narration=f"{one.narration}, withdrawn")
            for one in moves_of(recorded.event)
        ]
        zone = self.zone_of(recorded.event.program, position)
        return self._book(position, day_of(at, zone), moves)

    def _book(self, position: int, day: date, moves: list[Move]) -> list[Entry]:
        """One entry per movement; what is carried over is one entry of two movements."""
        entries = []
        pending: list[Posting] = []
        for number, one in enumerate(moves, 1):
            pending += self._postings(one)
            if sum(posting.amount.minor for posting in pending):
                continue  # the other half of what is carried over comes next
            if keeps(self.entity, one.payee) and pending:
                entries.append(
                    Entry(
                        f"{position}.{number}",
                        day,
                        one.what,
                        one.statement,
                        one.line,
                        one.narration,
                        seen_from(self.entity, pending),
                    )
                )
            pending = []
        assert not pending, f"position {position}: {pending} has no other side"
        return entries

    def _postings(self, one: Move) -> list[Posting]:
        key = (one.statement, one.amount.currency)
        before = self.standings.get(key, Standing())
        after = before.moved(**one.change)
        self.standings[key] = after
        found = [
            Posting(account, Money(amount, one.amount.currency))
            for account, amount in movement(one.payee, before, after).items()
        ]
        if one.against is not None:
            own = one.amount.negated() if one.what == "paid" else one.amount
            found.insert(0, Posting(one.against, own))
        return found
