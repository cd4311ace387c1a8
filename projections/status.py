"""The status of a book: what is to close, held, overdue or unpaid; exceptions; what has changed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import DEFAULT_ZONE, Instant, day_of, format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.programs.edition import Edition
from ledger.programs.registry import program_names
from ledger.store.book import Book, shown
from ledger.store.log import entity_of
from ledger.store.receipts import kept_receipts
from ledger.store.schema import events
from ledger.store.verified import last_verified, still_stands
from ledger.usecases.closing.what_moves import moved, open_periods, settled
from ledger.usecases.looking.what_was_learned import recorded_between
from ledger.usecases.settling.settle import Settlement
from ledger.usecases.terms.editions import last_editions
from projections.reading import report
from projections.reports import obligations, reconciliation
from projections.temporary import Progress, silent

Open = dict[str, dict[str | None, Settlement]]
"""Per program and open period, its lines as they are worked out now."""
Row = dict[str, Any]


def status(
    book: Book,
    clocks: Clocks,
    *,
    chosen: Clocks | None = None,
    since: int | None = None,
    now: Instant,
    progress: Progress = silent,
) -> Row:
    """The status of the book at a pair of clocks.

    `chosen`: the clocks if the user chose them; otherwise the live read models answer. `since`: a
    position after which changes are reported.
    """
    with book.reading() as connection:
        editions = list(last_editions(connection, clocks.known_at, program_names()))
        by_program = {
            edition.program: _open(connection, edition, clocks, progress) for edition in editions
        }
        answer = {
            "book": shown(book.location),
            "entity": entity_of(connection),
            "as_of": format_instant(clocks.as_of),
            "known_at": clocks.known_at,
            "head": _head(connection),
            "to_close": [
                row for edition in editions for row in _to_close(by_program[edition.program])
            ],
            "held": _held(by_program),
            "overdue": _overdue(connection, clocks),
            "breaks": _breaks(connection, clocks),
        }
    known = report(book, "exceptions", clocks=chosen, now=now, progress=progress)
    answer["exceptions"] = _exceptions(known.rows)
    statements = report(book, "statements", clocks=chosen, now=now, progress=progress)
    answer["payments_due"] = _payments_due(statements.rows)
    answer["parked"] = [parked.view for parked in (*known.parked, *statements.parked)]
    with book.reading() as connection:
        answer["verified"] = _verified(book, connection)
        answer["receipts"] = _receipts(book)
        if since is not None:
            answer["since"] = _changed(connection, editions, by_program, clocks, since)
    return answer


def _open(
    connection: Connection, edition: Edition, clocks: Clocks, progress: Progress
) -> dict[str | None, Settlement]:
    """The open periods that have lines."""
    periods = open_periods(connection, edition, clocks, None).periods
    settlements: dict[str | None, Settlement] = {}
    for period in periods:
        settlements |= settled(connection, edition, clocks, [period])
        progress("settling periods", 1)
    return {period: settlement for period, settlement in settlements.items() if settlement.lines}


def _head(connection: Connection) -> Row:
    c = events.c
    query = select(c.position, c.recorded_at).order_by(c.position.desc()).limit(1)
    position, recorded_at = connection.execute(query).one()
    return {"position": position, "recorded_at": format_instant(recorded_at)}


def _to_close(settlements: dict[str | None, Settlement]) -> Iterator[Row]:
    for period, settlement in settlements.items():
        outcomes = Counter(line.outcome for line in settlement.lines)
        assert settlement.days is not None
        yield {
            "program": settlement.edition.program,
            "period": period,
            "from": str(settlement.days.first),
            "to": str(settlement.days.last) if settlement.days.last else None,
            "provisional": settlement.provisional,
            "totals": {code: money.text for code, money in settlement.totals.items()},
            "lines": len(settlement.lines),
            "outcomes": dict(sorted(outcomes.items())),
        }


def _held(by_program: Open) -> list[Row]:
    """Held lines by program and reason; a line that waits for two things counts for both."""
    counts: Counter[tuple[str, str]] = Counter()
    for program, periods in by_program.items():
        for period in periods.values():
            for line in period.lines:
                if line.outcome == "held":
                    counts.update((program, code) for code in line.held_for)
    return [
        {"program": program, "code": code, "lines": count}
        for (program, code), count in sorted(counts.items())
    ]


def _overdue(connection: Connection, clocks: Clocks) -> list[Row]:
    """Obligations that are past their due day and not met."""
    today = day_of(clocks.as_of, DEFAULT_ZONE).isoformat()
    return [
        row
        for row in obligations.rows(connection, clocks)
        if row["state"] == "overdue" or (row["state"] == "open" and (row["due"] or today) < today)
    ]


def _breaks(connection: Connection, clocks: Clocks) -> list[Row]:
    """Open breaks of the comparisons that were kept, by program and currency."""
    grouped: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in reconciliation.rows(connection, clocks):
        if row["state"] == "open":
            grouped[row["break"].partition("/")[0], row["currency"] or ""].append(row)
    return [
        {
            "program": program,
            "breaks": len(rows),
            "difference": _sum(rows, "difference", currency),
            "currency": currency,
            "since": min(row["since"] for row in rows),
        }
        for (program, currency), rows in sorted(grouped.items())
    ]


def _exceptions(rows: Iterable[Row]) -> list[Row]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["code"]].append(row)
    return [
        {"code": code, "count": len(group), "since": min(row["since"] for row in group)}
        for code, group in sorted(grouped.items())
    ]


def _payments_due(rows: Iterable[Row]) -> list[Row]:
    """What is open on statements, by period and currency: to pay, and (negative) to be paid."""
    grouped: dict[tuple[str, str, bool], list[Row]] = defaultdict(list)
    for row in rows:
        if row["open"] and row["open"].strip("-0."):
            period = _period_of(row["statement"])
            grouped[period, row["currency"], row["open"].startswith("-")].append(row)
    return [
        {
            "period": period,
            "statements": len(group),
            "open": _sum(group, "open", currency),
            "currency": currency,
            "since": min(row["issued_at"] for row in group if row["issued_at"]),
        }
        for (period, currency, _), group in sorted(grouped.items())
    ]


def _period_of(statement: str) -> str:
    """`PROGRAM[/PERIOD]` of a statement: only parties are written with a colon."""
    return "/".join(part for part in statement.split("/") if ":" not in part)


def _sum(rows: Sequence[Row], name: str, currency: str) -> str | None:
    amounts = [Money.parse(row[name], currency) for row in rows if row[name]]
    return sum_by_currency(amounts)[currency].text if currency and amounts else None


def _verified(book: Book, connection: Connection) -> Row | None:
    verified = last_verified(book)
    if verified is None:
        return None
    return {
        "at": format_instant(verified.at),
        "position": verified.position,
        "head": verified.head,
        "ok": verified.ok,
        "unchanged": still_stands(connection, verified),
    }


def _receipts(book: Book) -> Row | None:
    """How many receipts lie next to a SQLite book, and the position of the last."""
    kept = kept_receipts(book)
    if not kept:
        return None
    return {"kept": len(kept), "last": max(receipt.position for receipt in kept)}


def _changed(
    connection: Connection,
    editions: Sequence[Edition],
    by_program: Open,
    clocks: Clocks,
    since: int,
) -> Row:
    """What was recorded after a position, and which lines of open periods it moved."""
    earlier = Clocks(clocks.as_of, since)
    before = {
        edition.program: edition for edition in last_editions(connection, since, program_names())
    }
    moves = []
    for edition in editions:
        now = by_program[edition.program]
        own = before.get(edition.program)
        was = settled(connection, own, earlier, list(now)) if own else {}
        moves += [move.as_json() for move in moved(edition.program, was, now)]
    return {
        "position": since,
        "recorded": recorded_between(connection, since, clocks.known_at),
        "moves": moves,
    }
