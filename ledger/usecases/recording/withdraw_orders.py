"""Taking back a call of order lines as a whole: it counts for nothing from now on."""

from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.base import Logged
from ledger.aggregates.orders import OrdersWithdrawn
from ledger.kernel.duck import PLAIN, literal
from ledger.kernel.errors import AlreadyWithdrawn, ConcurrentWrite, NoSuchEvent
from ledger.kernel.instants import day_of
from ledger.kernel.money import Money
from ledger.programs.periods import month_of
from ledger.programs.registry import program_names, program_of
from ledger.store.append import append
from ledger.store.archive.folder import present
from ledger.store.book import Book
from ledger.store.head import Head, head_of
from ledger.store.order_lines import Archived, Calls, archive_of, files_of
from ledger.store.receipts import keep_receipt
from ledger.store.schema import insert_lifts
from ledger.store.scratch import Scratch
from ledger.usecases.record_decisions import Agree, at_once, built, refuse_read_only
from ledger.usecases.statements.closed_period import closed_periods
from ledger.usecases.terms.editions import last_editions


def withdraw_orders(
    book: Book,
    position: int,
    *,
    reason: str,
    by: str,
    dry_run: bool = False,
    agree: Agree = at_once,
) -> dict[str, Any]:
    """Records that a call of order lines counts for nothing from now on, if `agree` accepts the
    plan of it; what its lines replaced counts again. `position` is that of any event of the call.

    Returns rows and money of the call, the calls whose rows were known from it and go with it,
    and per program and month how many stores have lines of it. With `dry_run` nothing is recorded.
    Raises `NoSuchEvent`, `AlreadyWithdrawn`, `ConcurrentWrite`, `ReadOnlyBook`, `OlderBook`.
    """
    if not dry_run:
        refuse_read_only(book, "take orders back")
    with book.reading() as connection:
        head = head_of(connection)
        calls = Calls.by(connection, head.position)
        call = _call(calls, position)
        event = built(OrdersWithdrawn, archived=call.position, reason=reason)
        plan = _looked_at(connection, calls, call, head)
        plan |= {"recorded": 0, "position": head.position, "receipt": head.receipt}
    if dry_run or not agree(plan):
        return plan
    with book.log.writing() as writer:
        if Calls.by(writer.connection, writer.head.position) != calls:
            raise ConcurrentWrite("Somebody archived orders or took some back meanwhile.")
        written = append(writer, [event], by=by)
        insert_lifts(writer.connection, [(call.position, written.position)])
    keep_receipt(book, written)
    return plan | {"recorded": 1, "position": written.position, "receipt": written.receipt}


def _call(calls: Calls, position: int) -> Logged:
    event = next((call for call in calls.archived if position in (call.position, call.batch)), None)
    if event is None:
        raise NoSuchEvent(
            f"Position {position} is not a load of order lines.",
            "Find it with: duebook log orders:main",
        )
    if event.position in calls.withdrawn:
        raise AlreadyWithdrawn(
            f"The orders of position {event.position} were withdrawn at position "
            f"{calls.withdrawn[event.position].position}.",
            "Nothing was recorded.",
        )
    return event


def _looked_at(connection: Connection, calls: Calls, call: Logged, head: Head) -> dict[str, Any]:
    """What is taken back with the call."""
    sums: dict[str, Money] = {}
    for file in call.event.files:
        for total in file.totals:
            amount = Money.parse(total.amount, total.currency)
            held = sums.get(total.currency)
            sums[total.currency] = held.plus(amount) if held else amount
    return {
        "withdrawn": call.position,
        "rows": call.event.rows,
        "amounts": {code: money.text for code, money in sorted(sums.items())},
        "known_from_it": [
            event.position for event in calls.counting if call.position in event.event.known_from
        ],
        "touches": _touched(connection, files_of([call]), head),
    }


def _touched(connection: Connection, files: list[Archived], head: Head) -> list[dict[str, Any]]:
    """Per edition that is based on orders, and month: how many stores have lines, and whether the
    month is closed. Editions that settle their whole term at once are named once.
    """
    rules = program_names()
    closed = {
        (closed_period.event.program, closed_period.event.period)
        for closed_period in closed_periods(connection, head.position)
    }
    archive, described = archive_of(connection), [file.described() for file in files]
    archive.fetch(described)
    paths = present(archive.folder, described)
    listed = ", ".join(literal(str(path)) for path in paths)
    touched: list[dict[str, Any]] = []
    from ledger.store.archive.connection import connect

    with Scratch() as spill, connect(spill) as database:
        for edition in last_editions(connection, head.position, rules):
            if not program_of(edition.rules).asks_of_orders(edition):
                continue
            by_month = program_of(edition.rules).periods.by_month
            stores: dict[str | None, set[str]] = {}
            rows = database.execute(
                "SELECT store, min(created_at), max(created_at) FROM"
                f" read_parquet([{listed}], {PLAIN}) WHERE created_at >= {edition.window.start}"
                f" AND created_at < {edition.window.end} GROUP BY store, created_at // 86400000000"
            ).fetchall()
            for store, first, last in rows:
                for instant in (first, last):
                    name = month_of(day_of(instant, edition.zone)) if by_month else None
                    stores.setdefault(name, set()).add(store)
            touched += [
                {
                    "program": edition.program,
                    "period": name,
                    "stores": len(own),
                    "closed": (edition.program, name) in closed,
                }
                for name, own in sorted(stores.items(), key=lambda pair: pair[0] or "")
            ]
    return touched
