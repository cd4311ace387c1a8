"""Closing a period: one statement per payee, and a seal over everything they are based on."""

from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from ledger.aggregates.base import OwnEvent
from ledger.aggregates.settlement import (
    PeriodClosed,
    StatementIssued,
    TermsUsed,
    period_id,
)
from ledger.kernel.clocks import Clocks
from ledger.kernel.counted import counted
from ledger.kernel.errors import AlreadyClosed, InFuture, LeftOpen, PeriodOpen
from ledger.kernel.garbage import no_cycles
from ledger.kernel.instants import Instant, day_of, format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.kernel.shown import visible
from ledger.programs.edition import Edition
from ledger.programs.line import Line, digest_of
from ledger.programs.registry import program_of
from ledger.store.book import Book
from ledger.store.head import Head, head_of
from ledger.store.snapshots import take
from ledger.usecases.closing.statements_of_close import statements_of
from ledger.usecases.exceptions.touching_close import exceptions_touching, surprises
from ledger.usecases.record_decisions import (
    Agree,
    at_once,
    built,
    record_decisions,
    refuse_read_only,
)
from ledger.usecases.settling.settle import Settlement, settle
from ledger.usecases.statements.closed_period import find_closed
from ledger.usecases.statements.locked_days import refuse_posting
from ledger.usecases.terms.editions import edition_at

if TYPE_CHECKING:
    from ledger.usecases.settling.processes import Processes

SHOWN_MAX = 5


def close(
    book: Book,
    program: str,
    period: str | None = None,
    *,
    by: str,
    now: Instant,
    as_of: Instant | None = None,
    leave_open: str | None = None,
    posting_date: date | None = None,
    agree: Agree = at_once,
    processes: "Processes | None" = None,
) -> dict[str, Any]:
    """Issues the statements of a period and seals it, in one transaction, if `agree` approves
    the plan.

    Its entries are posted on the period's last day, or on `posting_date`.

    Raises `NoLines`, `AlreadyClosed`, `PeriodOpen` while provisional, `LeftOpen` with held lines
    or exceptions that touch the program unless `leave_open` gives a reason, `ConcurrentWrite`
    after a concurrent write, `InFuture`, `BadPostingDate`, `DayLocked`, `UnknownProgram`,
    `WrongPeriod`, `ReadOnlyBook`, `WorkerLost`.
    """
    refuse_read_only(book, "close")
    clocks_as_of = now if as_of is None else as_of
    refuse_future(clocks_as_of, now)
    with book.reading() as connection, no_cycles():
        head = head_of(connection)
        clocks = Clocks(clocks_as_of, head.position)
        edition, position = edition_at(connection, program, head.position)
        program_of(edition.rules).refuse_without_lines(edition)
        refuse_closed(connection, edition, period, head.position)
        _refuse_provisional(edition, period, clocks.as_of)
        day = _posting_day(connection, edition, period, head, posting_date, now)
        run: dict[str, Any] = {"explained": False, "examine": surprises, "processes": processes}
        settlement = settle(connection, edition, clocks, period=period, **run)
        held = [line for line in settlement.lines if line.outcome == "held"]
        exceptions = exceptions_touching(connection, settlement, settlement.examined)
        if (held or exceptions) and leave_open is None:
            raise _left_open(program, held, exceptions)
        statements = statements_of(connection, settlement, head, day)
        seal = _seal(
            *(settlement, position, head, len(statements)),
            held=len(held),
            exceptions=len(exceptions),
            left_open=leave_open if held or exceptions else None,
        )
        kept = take(connection, settlement.windowed, _last_day(settlement), head.position)
    plan = _answer(settlement, statements, seal, head) | {"posting_date": day.isoformat()}
    if not agree(plan):
        return plan
    events: list[OwnEvent] = [*statements, seal]
    written = record_decisions(book, events, by=by, expected=head, snapshots=kept)
    return plan | {
        "recorded": len(events),
        "position": written.position,
        "receipt": written.receipt,
    }


def _posting_day(
    connection: Connection,
    edition: Edition,
    period: str | None,
    head: Head,
    given: date | None,
    now: Instant,
) -> date:
    """The day on which a close is posted: as given, else the period's last day."""
    days = program_of(edition.rules).days_of(edition, period)
    assert days.last is not None, "only what ends is closed"
    day = given or days.last
    refuse_posting(
        *(connection, head.position, day),
        option="--posting-date",
        first=days.first,
        today=day_of(now, edition.zone),
    )
    return day


def refuse_future(as_of: Instant, now: Instant) -> None:
    """Raises `InFuture` for a decision as of an instant that is still to come."""
    if as_of > now:
        raise InFuture(
            f"as-of {format_instant(as_of)} is in the future.",
            "A close cannot be dated in the future: leave --as-of out, or give an earlier one.",
        )


def refuse_closed(
    connection: Connection, edition: Edition, period: str | None, known_at: int
) -> None:
    """Raises `AlreadyClosed`, with who closed it and when, or `WrongPeriod`."""
    program_of(edition.rules).days_of(edition, period)
    event = find_closed(connection, edition.program, period, known_at)
    if event is not None:
        name = period_id(edition.program, period)
        raise AlreadyClosed(
            f"{name} was closed by {event.by} at {format_instant(event.at)}, position "
            f"{event.position}.",
            f"Issue what has changed since: duebook adjust {name.replace('/', ' ')} --by NAME",
        )


def _refuse_provisional(edition: Edition, period: str | None, as_of: Instant) -> None:
    rules = program_of(edition.rules)
    if rules.provisional(edition, period, as_of):
        until = rules.settles_until(edition, period)
        name = period_id(edition.program, period)
        raise PeriodOpen(
            f"{name} is provisional until {format_instant(until)}; "
            f"this run is as of {format_instant(as_of)}.",
            f"See the lines so far: duebook settle {name.replace('/', ' ')}. "
            "Close it after that instant.",
        )


def _left_open(program: str, held: list[Line], exceptions: list[dict[str, Any]]) -> LeftOpen:
    named = [f"{line.line} ({', '.join(line.held_for)})" for line in held]
    named += [
        f"{exception['code']} at position {exception['position']}, "
        f"{exception['sentence'].rstrip('.')}"
        for exception in exceptions
    ]
    shown = [f"  {visible(text)}" for text in named[:SHOWN_MAX]]
    if len(named) > SHOWN_MAX:
        shown.append(f"  and {len(named) - SHOWN_MAX} more")
    return LeftOpen(
        f"{program} has {counted(len(held), 'held line')} "
        f"and {counted(len(exceptions), 'exception')}:\n" + "\n".join(shown),
        "Resolve them (duebook report exceptions), or close nevertheless with "
        "--leave-open --reason TEXT; what they bring later is an adjustment.",
        held=[line.line for line in held],
        exceptions=exceptions,
    )


def _seal(
    settlement: Settlement, position: int, head: Head, statements: int, **left: Any
) -> PeriodClosed:
    edition, days = settlement.edition, settlement.days
    assert days is not None
    return built(
        PeriodClosed,
        rules=edition.rules,
        program=edition.program,
        period=settlement.period,
        first=days.first.isoformat(),
        last=_last_day(settlement).isoformat(),
        as_of=settlement.clocks.as_of,
        known_at=settlement.clocks.known_at,
        head=head.hash.hex(),
        terms=terms_used(edition, position),
        rules_version=edition.rules_version or 1,
        lines=len(settlement.lines),
        statements=statements,
        totals={code: money.text for code, money in settlement.totals.items()},
        decisions=settlement.decisions or None,
        digest=digest_of(settlement.lines),
        **left,
    )


def _last_day(settlement: Settlement) -> date:
    days = settlement.days
    assert days is not None
    assert days.last is not None, "only what ends is closed"
    return days.last


def terms_used(edition: Edition, position: int) -> TermsUsed:
    """The reference to its terms that a decision records."""
    return TermsUsed(
        publisher=edition.publisher,
        version=edition.version,
        digest=edition.digest,
        position=position,
    )


def _answer(
    settlement: Settlement, statements: list[StatementIssued], seal: PeriodClosed, head: Head
) -> dict[str, Any]:
    """The answer of a close before it is recorded."""
    return settlement.head_json() | {
        "lines": len(settlement.lines),
        "statements": [_summary(statement) for statement in statements],
        "held": seal.held,
        "exceptions": seal.exceptions,
        "digest": seal.digest,
        "recorded": 0,
        "position": head.position,
        "receipt": head.receipt,
    }


def _summary(issued: StatementIssued) -> dict[str, Any]:
    amounts = [
        Money.parse(line.amount, line.currency)
        for line in issued.lines
        if line.amount is not None and line.currency is not None
    ]
    return {
        "statement": issued.statement,
        "payee": issued.payee,
        "lines": len(issued.lines),
        "totals": {code: money.text for code, money in sum_by_currency(amounts).items()},
        "brought_forward": [carried.model_dump() for carried in issued.brought_forward],
    }
