"""Adjusting a closed period: the difference between what was said and what is known now."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.settlement import (
    VOID,
    AdjustedLine,
    StatementAdjusted,
    period_id,
)
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import PeriodOpen
from ledger.kernel.garbage import no_cycles
from ledger.kernel.instants import Instant, format_instant
from ledger.kernel.money import Money
from ledger.programs.contract import Line
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.usecases.closing.causes_of_change import Causes
from ledger.usecases.closing.close import refuse_future
from ledger.usecases.closing.terms_of_close import Filled, filled_terms
from ledger.usecases.record_decisions import record_decisions, refuse_read_only
from ledger.usecases.settling.settle import Settlement, settle
from ledger.usecases.statements.closed_period import ClosedPeriod, Stated, closed_period


class Change(NamedTuple):
    """A line that says something else to a payee than it was told."""

    line: str
    payee: str
    was: Stated | None
    now: Line | None
    because: tuple[int, ...]
    filled: tuple[str, ...]

    @property
    def currency(self) -> str:
        either = self.now or self.was
        assert either is not None
        return either.amount.currency

    def row(self) -> AdjustedLine:
        """The row as it is recorded."""
        either = self.now or self.was
        assert either is not None
        zero = Money.zero(self.currency)
        now = self.now.amount if self.now else zero
        was = self.was.amount if self.was else zero
        return AdjustedLine(
            line=self.line,
            kind=either.kind,
            subject=either.subject,
            was=self.was.amount.text if self.was else None,
            now=now.text,
            difference=now.plus(was.negated()).text,
            currency=self.currency,
            outcome=self.now.outcome if self.now else VOID,
            unmet=self.now.unmet if self.now else (),
            held_for=self.now.held_for if self.now else (),
            because=self.because,
            filled=self.filled,
        )

    def as_json(self) -> dict[str, Any]:
        """The change in the shape of the public contract."""
        row = self.row()
        return {
            "line": self.line,
            "payee": self.payee,
            "was": row.was,
            "now": row.now,
            "difference": row.difference,
            "currency": row.currency,
            "outcome": row.outcome,
            "was_outcome": self.was.outcome if self.was else None,
            "unmet": list(row.unmet),
            "held_for": list(row.held_for),
            "because": list(row.because),
            "filled": list(row.filled),
        }


@dataclass(frozen=True)
class Adjustment:
    """What an adjustment of a period would say, and what it stands on."""

    period: ClosedPeriod
    terms: Filled
    clocks: Clocks
    changes: list[Change]
    left_alone: list[Stated]
    """Lines that say what the platform's file said, because somebody accepted it."""

    def as_json(self) -> dict[str, Any]:
        """The answer in the shape of the public contract."""
        seal = self.period.seal
        return {
            "program": seal.program,
            "period": seal.period,
            "as_of": format_instant(self.clocks.as_of),
            "known_at": self.clocks.known_at,
            "closed_at": self.period.closed.position,
            "terms": seal.terms.model_dump(exclude={"position"}),
            "rules_version": seal.rules_version,
            "filled": {
                name: one.model_dump(exclude={"position"})
                for name, one in self.terms.filled.items()
            },
            "adjustments": [one.as_json() for one in self.changes],
            "left_alone": [
                {"line": one.line, "payee": one.payee, "break": one.adopted}
                for one in self.left_alone
            ],
        }

    def events(self) -> list[StatementAdjusted]:
        """One event per payee."""
        by_payee: dict[str, list[Change]] = defaultdict(list)
        for one in self.changes:
            by_payee[one.payee].append(one)
        seal, edition = self.period.seal, self.terms.edition
        return [
            StatementAdjusted(
                rules=seal.rules,
                program=seal.program,
                period=seal.period,
                zone=edition.zone,
                payee=payee,
                lines=tuple(one.row() for one in by_payee[payee]),
                as_of=self.clocks.as_of,
                known_at=self.clocks.known_at,
                closed=self.period.closed.position,
                digest=edition.digest,
                filled={
                    name: used
                    for name, used in self.terms.filled.items()
                    if any(name in one.filled for one in by_payee[payee])
                },
            )
            for payee in sorted(by_payee)
        ]


def adjustment(
    connection: Connection, program: str, period: str | None, clocks: Clocks
) -> Adjustment:
    """What has changed since a period was stated, under its own terms. Records nothing.

    Raises `NotClosed`, or `PeriodOpen` at an as-of at which the period is not over.
    """
    with no_cycles():
        known = closed_period(connection, program, period, clocks.known_at)
        terms = filled_terms(connection, known, clocks.known_at)
        settlement = settle(connection, terms.edition, clocks, period=period)
        if settlement.provisional:
            raise PeriodOpen(
                f"{period_id(program, period)} is not over as of {format_instant(clocks.as_of)}.",
                "Adjust at a later as-of; the default is now.",
            )
        changed = _changed(known, settlement)
        by_fill = _changed_by_fill(connection, terms, settlement) if terms.filled else set()
        causes = Causes(connection, terms.edition, period, clocks)
        causes.load((one[0], _since(one, known)) for one in changed)
        changes = [
            Change(
                *(line, payee, was, now),
                causes.of(line, was, now, _since((line, payee, was, now), known)),
                tuple(sorted(terms.filled)) if line in by_fill else (),
            )
            for line, payee, was, now in changed
        ]
    alone = [one for one in known.current.values() if one.adopted]
    return Adjustment(known, terms, clocks, changes, alone)


def adjust(
    book: Book,
    program: str,
    period: str | None = None,
    *,
    by: str,
    now: Instant,
    as_of: Instant | None = None,
) -> tuple[Adjustment, dict[str, Any]]:
    """Issues what has changed, one adjustment per payee; nothing where nothing has.

    Raises `NotClosed`, `ConcurrentWrite` where somebody wrote meanwhile, `ReadOnlyBook`.
    """
    refuse_read_only(book, "adjust")
    clocks_as_of = now if as_of is None else as_of
    refuse_future(clocks_as_of, now)
    with book.reading() as connection:
        head = head_of(connection)
        found = adjustment(connection, program, period, Clocks(clocks_as_of, head.position))
    events = found.events()
    written = record_decisions(book, events, by=by, expected=head) if events else head
    answer = found.as_json() | {
        "recorded": len(events),
        "position": written.position,
        "receipt": written.receipt,
    }
    return found, answer


Changed = tuple[str, str, Stated | None, Line | None]


def _since(one: Changed, period: ClosedPeriod) -> Clocks:
    """Where a line was last stated to its payee, or taken away, or else where all were."""
    line, payee, was, _ = one
    return was.clocks if was else period.voided.get((line, payee), period.clocks)


def _changed(period: ClosedPeriod, settlement: Settlement) -> list[Changed]:
    """Lines and payees that are told something else now, in order.

    Lines for which the platform's figure was accepted are left alone.
    """
    new = {(one.line, one.payee): one for one in settlement.lines}
    accepted = {one.line for one in period.current.values() if one.adopted}
    found = []
    for key in sorted({*period.current, *new}):
        if key[0] in accepted:
            continue
        was, now = period.current.get(key), new.get(key)
        if (was.said if was else None) != (now.said if now else None):
            found.append((*key, was, now))
    return found


def _changed_by_fill(connection: Connection, terms: Filled, settlement: Settlement) -> set[str]:
    """Lines that would say something else without the parameters that were filled."""
    without = settle(connection, terms.base, settlement.clocks, period=settlement.period)
    said = {one.line: one.said for one in without.lines}
    return {one.line for one in settlement.lines if said.get(one.line) != one.said}
