"""Adjusting a closed period: the difference between what was said and what is known now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.settlement import (
    VOID,
    AdjustedLine,
    Sides,
    StatementAdjusted,
    TermsUsed,
    period_id,
)
from ledger.kernel.clocks import Clocks
from ledger.kernel.decision import Step
from ledger.kernel.errors import PeriodOpen
from ledger.kernel.garbage import no_cycles
from ledger.kernel.instants import Instant, format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.programs.edition import Edition
from ledger.programs.line import PLATFORM, Change, Line, changes
from ledger.programs.moves import stands_on
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.usecases.closing.causes_of_change import Causes
from ledger.usecases.closing.changed_orders import Orders, changed_orders, told
from ledger.usecases.closing.close import refuse_future
from ledger.usecases.closing.reasons import in_words
from ledger.usecases.closing.terms_of_close import Filled, filled_terms
from ledger.usecases.record_decisions import record_decisions, refuse_read_only
from ledger.usecases.settling.settle import Settlement, settle, subjects_of
from ledger.usecases.statements.closed_period import ClosedPeriod, Stated, closed_period, told_as


class Correction(NamedTuple):
    """A line that says something else to its payee than it was told, and because of what."""

    change: Change
    because: tuple[int, ...]
    filled: tuple[str, ...]
    orders: Orders | None = None
    """Those that made the difference, of lines that rest on orders."""

    def row(self, *, to_payer: bool = False) -> AdjustedLine:
        """The row as it is recorded; on the payer's statement with the signs turned."""
        was, now = self.change.was, self.change.now
        line, difference = self.change.line, self.change.difference
        zero = None if difference is None else Money.zero(difference.currency)
        amounts = {
            "was": was.amount if was else None,
            "now": (now.amount if now else None) or zero,
            "difference": difference,
        }
        sides = {
            name: (amount.negated() if to_payer else amount).text if amount else None
            for name, amount in amounts.items()
        }
        return AdjustedLine(
            line=line.line,
            kind=line.kind,
            subject=line.subject,
            **sides,
            currency=difference.currency if difference else None,
            outcome=now.outcome if now else VOID,
            outcome_was=self.change.outcome_was(),
            payer=None if to_payer or line.payer == PLATFORM else line.payer,
            payee=line.payee if to_payer else None,
            unmet=now.unmet if now else (),
            held_for=now.held_for if now else (),
            because=self.because,
            filled=self.filled,
        )

    def as_json(self, *, to_payer: bool = False) -> dict[str, Any]:
        """The change in the shape of the public contract."""
        row = self.row(to_payer=to_payer)
        return {
            "line": row.line,
            "payer": self.change.line.payer,
            "payee": self.change.line.payee,
            "was": row.was,
            "now": row.now,
            "difference": row.difference,
            "currency": row.currency,
            "outcome": row.outcome,
            "outcome_was": row.outcome_was,
            "unmet": list(row.unmet),
            "held_for": list(row.held_for),
            "why": in_words(row.outcome, (*row.unmet, *row.held_for), _tree(self.change.now)),
            "because": list(row.because),
            "filled": list(row.filled),
            **({} if self.orders is None else told(self.orders)),
            **({"side": "payer"} if to_payer else {}),
        }


def _tree(line: Line | None) -> Step | None:
    return line.explanation if line else None


@dataclass(frozen=True)
class Adjustment:
    """What an adjustment of a period would say, and what it stands on."""

    period: ClosedPeriod
    terms: Filled
    clocks: Clocks
    corrections: list[Correction]
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
            "totals": {code: money.text for code, money in self.totals.items()},
            "adjustments": [
                one.as_json(to_payer=place.to_payer)
                for one in self.corrections
                for place in stands_on(self.terms.edition.rules, one.change.line)
            ],
            "left_alone": [
                {"line": one.line.line, "payee": one.line.payee, "break": one.adopted}
                for one in self.left_alone
            ],
        }

    @property
    def totals(self) -> dict[str, Money]:
        """By how much is due more, per commodity, seen from the payees."""
        differences = [one.change.difference for one in self.corrections]
        return sum_by_currency([one for one in differences if one is not None])

    def events(self) -> list[StatementAdjusted]:
        """One event per statement."""
        return adjusted(
            *(self.period, self.terms.edition, self.corrections, self.clocks),
            filled=self.terms.filled,
        )


def adjusted(
    period: ClosedPeriod,
    edition: Edition,
    corrections: Sequence[Correction],
    clocks: Clocks,
    *,
    filled: Mapping[str, TermsUsed] | None = None,
    adopted: str | None = None,
    reason: str | None = None,
) -> list[StatementAdjusted]:
    """The adjustments of a closed period's statements, one each: the one maker of such events."""
    seal = period.seal
    rows: dict[Sides, list[AdjustedLine]] = defaultdict(list)
    for one in corrections:
        for place in stands_on(edition.rules, one.change.line):
            rows[place.sides].append(one.row(to_payer=place.to_payer))
    return [
        StatementAdjusted(
            rules=seal.rules,
            program=seal.program,
            period=seal.period,
            zone=edition.zone,
            payee=sides.payee,
            payer=sides.payer or None,
            lines=tuple(rows[sides]),
            as_of=clocks.as_of,
            known_at=clocks.known_at,
            closed=period.closed.position,
            digest=edition.digest,
            filled=_used(filled or {}, rows[sides]),
            adopted=adopted,
            reason=reason,
        )
        for sides in sorted(rows)
    ]


def _used(filled: Mapping[str, TermsUsed], rows: Sequence[AdjustedLine]) -> dict[str, TermsUsed]:
    """The filled parameters that some rows name."""
    names = {name for row in rows for name in row.filled}
    return {name: used for name, used in filled.items() if name in names}


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
        names = {change.line.line for change in changed}
        by_fill = _moved_by_filling(connection, terms, settlement, names) if terms.filled else set()
        causes = Causes(connection, terms.edition, period, clocks)
        because = causes.of([(change, _since(change, known)) for change in changed])
        stated = [(change.line.line, _since(change, known)) for change in changed]
        orders = changed_orders(connection, terms.edition, period, stated, clocks)
        filled = tuple(sorted(terms.filled))
        corrections = [
            Correction(
                *(change, found, filled if change.line.line in by_fill else ()),
                orders.get(change.line.line),
            )
            for change, found in zip(changed, because, strict=True)
        ]
    alone = [one for one in known.current.values() if one.adopted]
    return Adjustment(known, terms, clocks, corrections, alone)


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


def _since(change: Change, period: ClosedPeriod) -> Clocks:
    """Where a line was last stated to its payee, or taken away, or else where all were."""
    if change.was is not None:
        return period.current[change.was.line].clocks
    return period.voided.get(told_as(change.line), period.clocks)


def _changed(period: ClosedPeriod, settlement: Settlement) -> list[Change]:
    """What lines say otherwise now, by id.

    Lines for which the platform's figure was accepted are left alone.
    """
    accepted = {name for name, one in period.current.items() if one.adopted}
    stated = [one.line for one in period.current.values()]
    found = changes(stated, settlement.lines)
    return [change for change in found if change.line.line not in accepted]


def _moved_by_filling(
    connection: Connection, terms: Filled, settlement: Settlement, names: set[str]
) -> set[str]:
    """Which of some lines would say something else without the parameters that were filled."""
    subjects = subjects_of(terms.base, names)
    without = settle(
        *(connection, terms.base, settlement.clocks),
        period=settlement.period,
        subjects=subjects,
    )
    own = [line for line in settlement.lines if line.line in names]
    return {change.line.line for change in changes(without.lines, own)} & names
