"""Issued statements with their adjustments and payments, and a running total."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.base import Logged
from ledger.aggregates.settlement import (
    PeriodClosed,
    Sides,
    period_id,
)
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.decision import Step
from ledger.kernel.errors import NoSuchStatement
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.kernel.near import did_you_mean, listed
from ledger.kernel.period import Days
from ledger.programs.contract import Obligation
from ledger.programs.edition import Edition
from ledger.programs.line import UNEXPLAINED, Line
from ledger.programs.moves import stands_on
from ledger.programs.program import Pot
from ledger.programs.registry import program_of
from ledger.store.reader import LogReader
from ledger.usecases.settling.settle import Settlement, settle
from ledger.usecases.statements.balances import moves
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_period, edition_of
from ledger.usecases.statements.movements import payments, running, standings

UNPAID = ("paid", "open", "advance")
"""Fields that a statement of a pot does not have: facts pay what is held, not a statement."""


class Whose(NamedTuple):
    """Whose statements are asked for: everybody's, a party's, or a single one by its sides."""

    party: str | None = None
    sides: Sides | None = None

    @property
    def everybodys(self) -> bool:
        """Whether no party is named, so that each line is listed once, as its payee has it."""
        return self.party is None and self.sides is None

    def among(self, statements: Iterable[Sides]) -> "Whose":
        """With the kind added to a party named without it, where only one party has that name."""
        if self.party is None or ":" in self.party:
            return self
        parties = {side for sides in statements for side in sides if _name_of(side) == self.party}
        return Whose(parties.pop()) if len(parties) == 1 else self

    def are(self, sides: Sides) -> bool:
        """Whether a statement between these sides is asked for."""
        if self.sides is not None:
            return sides == self.sides
        return self.party is None or (self.party != "" and self.party in sides)

    def owe(self, obligation: Obligation) -> bool:
        """Whether an obligation concerns the party, on either side."""
        name = self.sides.payee if self.sides else self.party
        return name in (None, obligation.owed_to, obligation.owed_by)


class Standing(NamedTuple):
    """A line on a statement: its place among the lines of the period, and whose side it shows."""

    number: int
    line: Line
    to_payer: bool


@dataclass(frozen=True)
class StatedPeriod:
    """A closed period at a pair of clocks, with its lines worked out again at the clocks of the
    close, so that they can be explained."""

    connection: Connection
    clocks: Clocks
    known: ClosedPeriod
    edition: Edition
    run: Settlement

    @classmethod
    def at(
        cls, connection: Connection, program: str, period: str | None, clocks: Clocks
    ) -> "StatedPeriod":
        """The period as of the clocks. Raises `NotClosed`."""
        known = closed_period(connection, program, period, clocks.known_at, clocks.as_of)
        edition = edition_of(connection, known.seal)
        run = settle(connection, edition, known.clocks, period=period)
        return cls(connection, clocks, known, edition, run)

    @property
    def statements(self) -> list[str]:
        """The ids of its statements, sorted."""
        every = (*self.known.issued, *self.known.adjusted)
        return sorted({event.event.statement for event in every})

    def answer(self, whose: Whose, *, explained: bool = True) -> dict[str, Any]:
        """The statements in the shape of the public contract; its lines without their explanations
        where they are not to be `explained`. Raises `NoSuchStatement`."""
        known = self.known
        whose = whose.among(event.event.sides for event in (*known.issued, *known.adjusted))
        own = _own_statements(known, whose)
        names = sorted({event.event.statement for event in own})
        of_names = moves(self.connection, names, self.clocks)
        moved = sorted(of_names, key=lambda pair: pair[0].position)
        pot = program_of(self.edition.rules).pot
        answer = self.run.head_json()
        lines = answer["lines"] = self._lines(whose, explained)
        answer["totals"] = _totals(lines)
        answer["decisions"] = dict(
            Counter(line["outcome"] for line in lines if not line["currency"])
        )
        obligations = (obligation for obligation in self.run.obligations if whose.owe(obligation))
        answer["obligations"] = [obligation.as_json() for obligation in obligations]
        answer["issued_at"] = format_instant(known.closed.at)
        # The answer's own clocks are those of the close, at which the lines were worked out.
        decided = self.clocks.as_of >= FOREVER
        answer["asked"] = {
            "as_of": None if decided else format_instant(self.clocks.as_of),
            "known_at": self.clocks.known_at,
        }
        answer["seal"] = _seal(known)
        answer["adjustments"] = _adjustments(known, own)
        answer["payments"] = payments(moved)
        answer["statements"] = standings(own, moved, unpaid=UNPAID if pot else ())
        answer["running"] = [] if pot else running(moved)
        if pot:
            reader = LogReader(self.connection, known.clocks)
            payees = {event.event.payee for event in own}
            parties = sorted(payee for payee in payees if payee.partition(":")[0] == pot.party)
            answer["pots"] = _pots(pot, reader, self.edition, parties, known.seal)
        answer["fingerprint"] = None  # only a statement by itself has one
        return answer

    def _lines(self, whose: Whose, explained: bool) -> list[dict[str, Any]]:
        """Every line of the statements asked for, on the payer's with the sign reversed; of a whole
        period each line once, as its payee has it."""
        standing = [
            row
            for sides, rows in self._standing.items()
            if whose.are(sides)
            for row in rows
            if not (row.to_payer and whose.everybodys)
        ]
        lines = []
        for row in sorted(standing, key=lambda row: (row.number, row.to_payer)):
            tree = self._explained(row.line.line) if explained else UNEXPLAINED
            if not whose.everybodys and tree is not UNEXPLAINED:
                tree = tree.for_payee()
            own = row.line._replace(explained=tree)
            turned = own.turned().as_json() | {"side": "payer"} if row.to_payer else None
            lines.append(turned or own.as_json())
        return lines

    @cached_property
    def _standing(self) -> dict[Sides, list["Standing"]]:
        """The lines of each statement."""
        rows = defaultdict(list)
        for number, line in enumerate(self.known.as_issued):
            for place in stands_on(self.known.seal.rules, line):
                rows[place.sides].append(Standing(number, line, place.to_payer))
        return rows

    def _explained(self, line: str) -> Step:
        own = self._worked_out.get(line)
        return own.explanation if own else UNEXPLAINED

    @cached_property
    def _worked_out(self) -> dict[str, Line]:
        return {line.line: line for line in self.run.lines}


def statement(
    connection: Connection,
    program: str,
    period: str | None,
    payee: str | None,
    clocks: Clocks,
) -> dict[str, Any]:
    """The statements of a closed period, or one payee's, as of a pair of clocks.

    The lines are those that were issued, explained by working them out again at the clocks of
    the close. Raises `NotClosed`, `NoSuchStatement`.
    """
    return StatedPeriod.at(connection, program, period, clocks).answer(Whose(payee))


def _name_of(party: str) -> str:
    return party.partition(":")[2]


def _own_statements(known: ClosedPeriod, whose: Whose) -> list[Logged]:
    """The statements that are asked for, with their adjustments. Raises `NoSuchStatement`."""
    every = [*known.issued, *known.adjusted]
    own = [event for event in every if whose.are(event.event.sides)]
    if not own and not whose.everybodys:
        parties = sorted({side for event in every for side in event.event.sides if side})
        seal = known.seal
        name = whose.sides.text if whose.sides else whose.party
        raise NoSuchStatement(
            f"There is no statement of {name!r} for {period_id(seal.program, seal.period)}.",
            f"{did_you_mean(name or '', parties)}There are statements of {listed(parties)}."
            if parties
            else "There are none.",
        )
    return own


def _pots(
    pot: Pot, reader: LogReader, edition: Edition, parties: list[str], seal: PeriodClosed
) -> list[dict[str, Any]]:
    """The money held at the month's start and at its cut, per party: facts move it, payments of
    statements do not."""
    window = Days(
        date.fromisoformat(seal.first), date.fromisoformat(seal.last), edition.zone
    ).window
    cut = min(window.end - 1, seal.as_of)
    at = {"at_start": window.start - 1, "at_cut": cut}
    held = {name: pot.stands(reader, edition, parties, instant) for name, instant in at.items()}
    return [
        {"payee": party}
        | {
            name: {
                "instant": format_instant(at[name]),
                **{part: money.text for part, money in by_party[party].items()},
            }
            for name, by_party in held.items()
            if party in by_party
        }
        for party in parties
    ]


def _totals(lines: list[dict[str, Any]]) -> dict[str, str]:
    """What was issued, per commodity: for one party as on its statement, for a whole period each
    line once, from the payees' side."""
    amounts = [
        Money.parse(line["amount"], line["currency"])
        for line in lines
        if line["outcome"] == "payable" and line["currency"]
    ]
    return {code: money.text for code, money in sum_by_currency(amounts).items()}


def _seal(known: ClosedPeriod) -> dict[str, Any]:
    seal = known.seal
    return {
        "position": known.closed.position,
        "hash": known.closed.hash.hex(),
        "by": known.closed.by,
        "system_user": seal.actor.account if seal.actor else seal.system_user,
        "actor": seal.actor and seal.actor.model_dump(exclude_none=True),
        "digest": seal.digest,
        "as_of": format_instant(seal.as_of),
        "known_at": seal.known_at,
        "head": seal.head,
        "held": seal.held,
        "exceptions": seal.exceptions,
        "left_open": seal.left_open,
        "clock_is_right": seal.clock_is_right and seal.clock_is_right.model_dump(),
    }


def _adjustments(known: ClosedPeriod, own: list[Logged]) -> list[dict[str, Any]]:
    statements = {event.event.statement for event in own}
    return [
        {
            "statement": recorded.event.statement,
            "position": recorded.position,
            "issued_at": format_instant(recorded.at),
            "by": recorded.by,
            "payee": row.payee or recorded.event.payee,
            "line": row.line,
            "was": row.was,
            "now": row.now,
            "difference": row.difference,
            "currency": row.currency,
            "outcome": row.outcome,
            "outcome_was": row.outcome_was,
            "because": list(row.because),
            "filled": list(row.filled),
            "reason": recorded.event.reason,
            **({"side": "payer"} if row.payee else {}),
        }
        for recorded in known.adjusted
        if recorded.event.statement in statements
        for row in recorded.event.lines
    ]
