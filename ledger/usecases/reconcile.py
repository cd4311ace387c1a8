"""Reconciling: the platform's lines beside ours, every difference with what it may come from."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.reconciliation import (
    Break,
    BreakResolved,
    ReconciliationRun,
)
from ledger.aggregates.settlement import period_id
from ledger.intake.platform.rows import PlatformFile, refuse
from ledger.kernel.clocks import Clocks
from ledger.kernel.collecting import no_cycles
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.programs.contract import Line
from ledger.programs.edition import Edition
from ledger.programs.registry import rules_of
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.reader import LogReader, read_log
from ledger.usecases.closed import ClosedPeriod, closed_period, find_closed
from ledger.usecases.decisions import record_decisions
from ledger.usecases.editions import edition_at
from ledger.usecases.filling import filled_terms
from ledger.usecases.likely import Likely
from ledger.usecases.matching import Matched, Matcher, Ours
from ledger.usecases.settle import settle

ASKED = ("amount_differs", "missing_theirs", "missing_ours")
"""Kinds of breaks that another reading of the rule may explain."""


class Side(NamedTuple):
    """Our side: the lines as they stand, where they come from, and how to ask again."""

    ours_is: str
    lines: list[Ours]
    trees: dict[str, Line]
    edition: Edition
    clocks: Clocks


@dataclass(frozen=True)
class Reconciliation:
    """What was compared and what came of it."""

    program: str
    period: str | None
    side: Side
    file: PlatformFile
    matched: int
    breaks: list[Break]
    resolved: dict[str, BreakResolved]

    @property
    def open(self) -> list[Break]:
        """Breaks that nobody has resolved."""
        return [one for one in self.breaks if one.id not in self.resolved]

    def as_json(self) -> dict[str, Any]:
        """The answer in the shape of the public contract."""
        ours = sum_by_currency([one.amount for one in self.side.lines if one.amount.minor])
        theirs = sum_by_currency([row.amount for row in self.file.rows])
        return {
            "program": self.program,
            "period": self.period,
            "ours_is": self.side.ours_is,
            "as_of": format_instant(self.side.clocks.as_of),
            "known_at": self.side.clocks.known_at,
            "file": self.file.name,
            "sha256": self.file.sha256,
            "rows": len(self.file.rows),
            "matched": self.matched,
            "ours": {code: money.text for code, money in ours.items()},
            "theirs": {code: money.text for code, money in theirs.items()},
            "difference": _difference(ours, theirs),
            "open": len(self.open),
            "breaks": [self._break(one) for one in self.breaks],
        }

    def _break(self, one: Break) -> dict[str, Any]:
        data = one.model_dump(exclude={"id"}, exclude_none=True)
        found = self.resolved.get(one.id)
        rows = {row.place: row.other for row in self.file.rows}
        other = rows.get(one.place or 0)
        return {
            "break": one.id,
            **{name: data.get(name) for name in ("line", "kind", "ours", "theirs", "difference")},
            "currency": one.currency,
            "payee": one.payee,
            "place": one.place,
            "likely": [cause.model_dump() for cause in one.likely],
            "resolution": found.resolution if found else None,
            **({"other": other} if other else {}),
        }


def _difference(ours: dict[str, Money], theirs: dict[str, Money]) -> dict[str, str]:
    found = {}
    for code in sorted({*ours, *theirs}):
        zero = Money.zero(code)
        found[code] = ours.get(code, zero).plus(theirs.get(code, zero).negated()).text
    return found


def reconcile(
    connection: Connection,
    program: str,
    period: str | None,
    file: PlatformFile,
    clocks: Clocks,
    *,
    flip_sign: bool = False,
) -> Reconciliation:
    """Compares a file of the platform with what was issued and adjusted, or with a fresh run.

    Every line is claimed once. Raises `BadPlatformFile` for rows that name several lines,
    `UnknownProgram`, `WrongPeriod`.
    """
    if flip_sign:
        rows = [row._replace(amount=row.amount.negated()) for row in file.rows]
        file = file._replace(rows=rows)
    with no_cycles():
        side = our_side(connection, program, period, clocks)
        found = _match(connection, side, file)
        refuse(file.name, found.problems)
        breaks = _explained(connection, side, period, found.breaks)
    resolved = _still_resolved(connection, program, period, clocks.known_at, breaks)
    return Reconciliation(program, period, side, file, found.matched, breaks, resolved)


def record_run(book: Book, found: Reconciliation, *, by: str, profile: str, flipped: bool) -> int:
    """Records that the comparison was made, with what it found; answers its position."""
    run = ReconciliationRun(
        program=found.program,
        period=found.period,
        file=found.file.name,
        sha256=found.file.sha256,
        rows=len(found.file.rows),
        profile=profile,
        flipped=flipped,
        ours_is="issued" if found.side.ours_is == "issued" else "settled",
        as_of=found.side.clocks.as_of,
        known_at=found.side.clocks.known_at,
        matched=found.matched,
        breaks=tuple(found.breaks),
    )
    with book.reading() as connection:
        head = head_of(connection)
    return record_decisions(book, [run], by=by, expected=head).position


def our_side(connection: Connection, program: str, period: str | None, clocks: Clocks) -> Side:
    """What we say: issued and adjusted lines where the period is closed, else a fresh settle."""
    if find_closed(connection, program, period, clocks.known_at):
        known = closed_period(connection, program, period, clocks.known_at)
        return _issued(connection, known, clocks)
    edition = edition_at(connection, program, clocks.known_at)[0]
    run = settle(connection, edition, clocks, period=period)
    lines = [_ours(one) for one in run.lines]
    return Side("settled", lines, {one.line: one for one in run.lines}, edition, clocks)


def _issued(connection: Connection, known: ClosedPeriod, clocks: Clocks) -> Side:
    """The current lines, explained where they were last worked out for all of them."""
    adjusted = [one.clocks for one in known.current.values() if one.adopted is None]
    stands = max((*adjusted, known.clocks), key=lambda one: one.known_at)
    edition = filled_terms(connection, known, clocks.known_at).edition
    run = settle(connection, edition, stands, period=known.seal.period)
    lines = [
        Ours(one.line, one.kind, one.payee, one.subject, one.amount)
        for one in known.current.values()
    ]
    return Side("issued", lines, {one.line: one for one in run.lines}, edition, stands)


def _ours(line: Line) -> Ours:
    return Ours(line.line, line.kind, line.payee, line.subject, line.amount)


def _match(connection: Connection, side: Side, file: PlatformFile) -> Matched:
    edition = side.edition
    rules = rules_of(edition.rules)
    reader = LogReader(connection, side.clocks)
    stores = {row.store for row in file.rows if row.store}
    subjects = {store: rules.subjects_of_store(reader, edition, store) for store in sorted(stores)}
    covered = frozenset(edition.terms.get("covered") or ())
    matcher = Matcher(edition.program, side.lines, subjects, covered)
    for row in file.rows:
        matcher.take(row)
    return matcher.finish()


def _explained(
    connection: Connection, side: Side, period: str | None, breaks: list[Break]
) -> list[Break]:
    """The breaks with what each may come from."""
    asked = [one for one in breaks if one.kind in ASKED]
    if not asked:
        return breaks
    likely = Likely(connection, side.edition, period, side.clocks)
    likely.load(one.line for one in asked)
    found = []
    for one in breaks:
        if one in asked:
            theirs = Money.parse(one.theirs or _zero(one.currency), one.currency)
            causes = likely.causes(one.line, side.trees.get(one.line), theirs)
            one = one.model_copy(update={"likely": causes})
        found.append(one)
    return found


def _zero(currency: str) -> str:
    return Money.zero(currency).text


def _still_resolved(
    connection: Connection, program: str, period: str | None, known_at: int, breaks: list[Break]
) -> dict[str, BreakResolved]:
    """Resolutions that still stand: the platform's figure is the one that was resolved."""
    stream = f"reconciliation:{period_id(program, period)}"
    last: dict[str, BreakResolved] = {}
    for recorded in read_log(connection, until=known_at, stream=stream):
        if isinstance(recorded.event, BreakResolved):
            last[recorded.event.id] = recorded.event
    theirs = {one.id: (one.theirs, one.currency) for one in breaks}
    return {
        name: event
        for name, event in last.items()
        if theirs.get(name) == (event.theirs, event.currency)
    }
