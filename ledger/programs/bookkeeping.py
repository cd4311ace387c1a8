"""Turns events into balanced entries, in the order of the log.

Lines change what is due, payments change what was paid; a party's accounts follow from the two,
and those of a pot from its sums. A program declares the accounts of its lines.
"""

from collections.abc import MutableMapping
from datetime import date
from typing import Protocol

from ledger.accounting.chart import Account, Standing, difference, movement
from ledger.accounting.entry import Entry, Posting
from ledger.accounting.locks import Locks
from ledger.accounting.viewpoint import PLATFORM, keeps, seen_from
from ledger.aggregates.base import Fact, Recorded
from ledger.aggregates.settlement import StatementEvent
from ledger.kernel.clocks import FOREVER
from ledger.kernel.instants import Instant, day_of
from ledger.kernel.money import Money
from ledger.programs.moves import Key, Move, Sums, filled, moves_of, pot_of
from ledger.programs.registry import pots


class KnownTerms(Protocol):
    """What entries need of the terms published up to a position."""

    def zone_of(self, program: str, position: int) -> str:
        """The zone of a program's terms: days are the program's."""

    def holder(self, pot: str, at: Instant, position: int) -> str | None:
        """The program by which a fact of that instant moves a pot: the edition whose days contain
        it; None before the first edition's first day, as such facts do not count."""


class Bookkeeper:
    """Takes events in the order of the log and returns their entries, seen from one entity.

    `standings` holds the position of each statement and `sums` those of each pot; both are
    updated. `locks` are the days on which nothing is posted any more. Balances that a decision
    carries over count only if it was decided by `as_of`.
    """

    def __init__(
        self,
        entity: str,
        terms: KnownTerms,
        standings: MutableMapping[Key, Standing],
        sums: MutableMapping[Key, Sums],
        locks: Locks,
        as_of: Instant = FOREVER,
    ) -> None:
        self.entity = entity
        self.terms = terms
        self.standings = standings
        self.sums = sums
        self.locks = locks
        self.as_of = as_of
        self._last = (0, 0)
        """The position of the last movement, and its number there."""

    def take(self, recorded: Recorded) -> list[Entry]:
        """The entries of an event."""
        program = self._program(recorded, recorded.position)
        if program is None:
            return []
        event, moves = recorded.event, list(moves_of(recorded.event, program))
        if not isinstance(event, StatementEvent):
            day = day_of(recorded.at, self.terms.zone_of(program, recorded.position))
            return self._book(recorded.position, day, moves)
        if recorded.at > self.as_of:
            moves = [move for move in moves if move.what != "carried"]
        decided = day_of(recorded.at, event.zone)
        given = event.posting_date
        day = decided if given is None else date.fromisoformat(given)
        return self._book(recorded.position, day, moves, carried_on=decided)

    def take_later(self, fact: Recorded, position: int, at: Instant, back: bool) -> list[Entry]:
        """The entries of a fact that counts from a later position on, by terms published there;
        with `back`, the reversing entries of a fact that is withdrawn there."""
        program = self._program(fact, position - 1 if back else position)
        if program is None:
            return []
        moves = list(moves_of(fact.event, program))
        if back:
            moves = [
                move._replace(
                    amount=move.amount.negated(), narration=f"{move.narration}, withdrawn"
                )
                for move in moves
            ]
        return self._book(position, day_of(at, self.terms.zone_of(program, position)), moves)

    def _program(self, recorded: Recorded, position: int) -> str | None:
        """The program that books an event."""
        held = recorded.event.holds() if isinstance(recorded.event, Fact) else None
        if held is None:
            program: str = recorded.event.program
            return program
        return self.terms.holder(held.pot, recorded.at, position)

    def _book(
        self, position: int, day: date, moves: list[Move], *, carried_on: date | None = None
    ) -> list[Entry]:
        """One entry per movement; the two movements of a carry-over or a passed-on amount share
        one.

        Movements at one position are numbered consecutively. A movement on a locked day is posted
        on the first day after the lock, and its narration names its own day. A carry-over is
        posted on the day it is decided: before, an advance may not have been paid yet.
        """
        entries = []
        pending: list[Posting] = []
        before = self._last[1] if self._last[0] == position else 0
        self._last = (position, before + len(moves))
        for number, move in enumerate(moves, before + 1):
            pending += self._postings(move)
            if sum(posting.amount.minor for posting in pending):
                continue  # the other half of a carry-over or a passed-on amount comes next
            own = carried_on if carried_on and move.what == "carried" else day
            posted = self.locks.posted_on(own, position)
            of_day = "" if posted == own else f", of {own}"
            if keeps(self.entity, move.payer, move.party) and pending:
                entries.append(
                    Entry(
                        f"{position}.{number}",
                        posted,
                        move.what,
                        move.statement,
                        move.line,
                        move.narration + of_day,
                        seen_from(self.entity, move.payer, pending),
                    )
                )
            pending = []
        assert not pending, f"position {position}: {pending} has no other side"
        return entries

    def _postings(self, move: Move) -> list[Posting]:
        moved = self._moved(move)
        postings = [
            Posting(account, Money(amount, move.amount.currency))
            for account, amount in moved.items()
        ]
        if move.against is not None and not (move.handed_on and self.entity == PLATFORM):
            other = -sum(moved.values())
            if other:
                postings.insert(0, Posting(move.against, Money(other, move.amount.currency)))
        return postings

    def _moved(self, move: Move) -> dict[Account, int]:
        """The debits and credits of a movement on its own accounts."""
        if move.asset is not None:
            return {move.asset: move.amount.minor}
        return self._of_pot(move) if move.filling else self._of_statement(move)

    def _of_statement(self, move: Move) -> dict[Account, int]:
        """The debits and credits of a statement's movement on its party's accounts."""
        key = (move.statement, move.amount.currency)
        before = self.standings.get(key, Standing())
        self.standings[key] = after = before.moved(move.part, move.amount.minor)
        return movement(move.party, before, after)

    def _of_pot(self, move: Move) -> dict[Account, int]:
        """As `_of_statement`, for a pot."""
        name = pot_of(move)
        assert move.filling is not None
        assert name is not None
        key = (name, move.amount.currency)
        before = self.sums.get(key, {})
        self.sums[key] = after = filled(before, move)
        accounts = pots()[move.filling.pot].accounts
        return difference(accounts(move.party, before), accounts(move.party, after))
