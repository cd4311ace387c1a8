"""Adjusting a closed period: the difference between what was stated and what is known now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from ledger.aggregates.settlement import (
    AdjustedLine,
    Sides,
    StatementAdjusted,
    TermsUsed,
    period_id,
)
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import PeriodOpen
from ledger.kernel.garbage import no_cycles
from ledger.kernel.instants import Instant, day_of, format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.programs.edition import Edition
from ledger.programs.line import Change, changes
from ledger.programs.moves import stands_on
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.usecases.closing.causes_of_change import Causes
from ledger.usecases.closing.changed_orders import changed_orders
from ledger.usecases.closing.close import refuse_future
from ledger.usecases.closing.correction import Correction
from ledger.usecases.closing.terms_of_close import Filled, filled_terms
from ledger.usecases.record_decisions import (
    Agree,
    at_once,
    record_decisions,
    refuse_read_only,
)
from ledger.usecases.settling.settle import Settlement, settle, subjects_of
from ledger.usecases.statements.closed_period import ClosedPeriod, Stated, closed_period, told_as
from ledger.usecases.statements.locked_days import refuse_posting

if TYPE_CHECKING:
    from ledger.usecases.settling.processes import Processes


@dataclass(frozen=True)
class Adjustment:
    """What an adjustment of a period would state, and what it is based on."""

    period: ClosedPeriod
    terms: Filled
    clocks: Clocks
    corrections: list[Correction]
    left_alone: list[Stated]
    """Lines that keep a platform figure, because it was accepted."""

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
                name: terms_used.model_dump(exclude={"position"})
                for name, terms_used in self.terms.filled.items()
            },
            "totals": {code: money.text for code, money in self.totals.items()},
            "adjustments": [
                correction.as_json(to_payer=place.to_payer)
                for correction in self.corrections
                for place in stands_on(self.terms.edition.rules, correction.change.line)
            ],
            "left_alone": [
                {"line": stated.line.line, "payee": stated.line.payee, "break": stated.adopted}
                for stated in self.left_alone
            ],
        }

    @property
    def totals(self) -> dict[str, Money]:
        """How much more is due to the payees, per commodity."""
        differences = [correction.change.difference for correction in self.corrections]
        return sum_by_currency([difference for difference in differences if difference is not None])

    def events(self, posting_date: date | None = None) -> list[StatementAdjusted]:
        """One event per statement."""
        return adjusted(
            *(self.period, self.terms.edition, self.corrections, self.clocks),
            filled=self.terms.filled,
            posting_date=posting_date,
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
    posting_date: date | None = None,
) -> list[StatementAdjusted]:
    """The adjustment events of a closed period, one per statement; they are made only here."""
    seal = period.seal
    rows: dict[Sides, list[AdjustedLine]] = defaultdict(list)
    for correction in corrections:
        for place in stands_on(edition.rules, correction.change.line):
            rows[place.sides].append(correction.row(to_payer=place.to_payer))
    return [
        StatementAdjusted(
            rules=seal.rules,
            program=seal.program,
            period=seal.period,
            zone=edition.zone,
            payee=sides.payee,
            payer=sides.payer or None,
            posting_date=posting_date and posting_date.isoformat(),
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
    """The filled parameters that any of some rows names."""
    names = {name for row in rows for name in row.filled}
    return {name: used for name, used in filled.items() if name in names}


def adjustment(
    connection: Connection,
    program: str,
    period: str | None,
    clocks: Clocks,
    processes: "Processes | None" = None,
) -> Adjustment:
    """What has changed since a period was stated, under its own terms. Records nothing.

    Raises `NotClosed`, or `PeriodOpen` at an as-of at which the period is not over.
    """
    with no_cycles():
        known = closed_period(connection, program, period, clocks.known_at)
        terms = filled_terms(connection, known, clocks.known_at)
        settlement = settle(
            *(connection, terms.edition, clocks),
            period=period,
            explained=False,
            processes=processes,
        )
        if settlement.provisional:
            raise PeriodOpen(
                f"{period_id(program, period)} is not over as of {format_instant(clocks.as_of)}.",
                "Adjust at a later as-of; the default is now.",
            )
        changed = _explained(connection, settlement, _changed(known, settlement))
        names = {change.line.line for change in changed}
        by_fill = _moved_by_filling(connection, terms, settlement, names) if terms.filled else set()
        causes = Causes(connection, terms.edition, period, clocks)
        because = causes.of([(change, _since(change, known)) for change in changed])
        stated = [(change.line.line, _since(change, known)) for change in changed]
        orders = changed_orders(connection, terms.edition, period, stated, clocks)
        filled = tuple(sorted(terms.filled))
        corrections = [
            Correction(
                *(change, positions, filled if change.line.line in by_fill else ()),
                orders.get(change.line.line),
            )
            for change, positions in zip(changed, because, strict=True)
        ]
    alone = [stated for stated in known.current.values() if stated.adopted]
    return Adjustment(known, terms, clocks, corrections, alone)


def adjust(
    book: Book,
    program: str,
    period: str | None = None,
    *,
    by: str,
    now: Instant,
    as_of: Instant | None = None,
    posting_date: date | None = None,
    agree: Agree = at_once,
    processes: "Processes | None" = None,
) -> tuple[Adjustment, dict[str, Any]]:
    """Issues what has changed, one adjustment per statement, if `agree` approves the plan;
    nothing where nothing has changed.

    Its entries are posted today, or on `posting_date`. Raises `NotClosed`, `PeriodOpen`,
    `InFuture`, `BadPostingDate`, `DayLocked`, `ConcurrentWrite` after a concurrent write,
    `ReadOnlyBook`, `WorkerLost`.
    """
    refuse_read_only(book, "adjust")
    clocks_as_of = now if as_of is None else as_of
    refuse_future(clocks_as_of, now)
    with book.reading() as connection:
        head = head_of(connection)
        clocks = Clocks(clocks_as_of, head.position)
        proposed = adjustment(connection, program, period, clocks, processes)
        zone = proposed.terms.edition.zone
        today = day_of(now, zone)
        first = date.fromisoformat(proposed.period.seal.first)
        refuse_posting(
            *(connection, head.position, posting_date or today),
            option="--posting-date",
            first=first,
            today=today,
        )
    events = proposed.events(posting_date)
    plan = proposed.as_json() | {
        "posting_date": (posting_date or today).isoformat() if events else None,
        "recorded": 0,
        "position": head.position,
        "receipt": head.receipt,
    }
    if not events or not agree(plan):
        return proposed, plan
    written = record_decisions(book, events, by=by, expected=head)
    return proposed, plan | {
        "recorded": len(events),
        "position": written.position,
        "receipt": written.receipt,
    }


def _since(change: Change, period: ClosedPeriod) -> Clocks:
    """The clocks at which a line was last stated or voided, or else those of the close."""
    if change.was is not None:
        return period.current[change.was.line].clocks
    return period.voided.get(told_as(change.line), period.clocks)


def _changed(period: ClosedPeriod, settlement: Settlement) -> list[Change]:
    """Lines that differ from what was stated, without those that keep a platform figure."""
    accepted = {name for name, stated in period.current.items() if stated.adopted}
    stated = [stated.line for stated in period.current.values()]
    changed = changes(stated, settlement.lines)
    return [change for change in changed if change.line.line not in accepted]


def _explained(
    connection: Connection, settlement: Settlement, changed: list[Change]
) -> list[Change]:
    """Changes with the explanations of the lines as they are now."""
    names = {change.now.line for change in changed if change.now}
    if not names:
        return changed
    again = settle(
        *(connection, settlement.edition, settlement.clocks),
        period=settlement.period,
        subjects=subjects_of(settlement.edition, names),
    )
    trees = {line.line: line.explained for line in again.lines}
    return [
        change._replace(now=change.now and change.now._replace(explained=trees[change.now.line]))
        for change in changed
    ]


def _moved_by_filling(
    connection: Connection, terms: Filled, settlement: Settlement, names: set[str]
) -> set[str]:
    """Which of some lines would differ without the parameters that were filled."""
    subjects = subjects_of(terms.base, names)
    without = settle(
        *(connection, terms.base, settlement.clocks),
        period=settlement.period,
        subjects=subjects,
    )
    own = [line for line in settlement.lines if line.line in names]
    return {change.line.line for change in changes(without.lines, own)} & names
