"""Verifying the archive of order lines: every file is whole and matches the sums in the log."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from ledger.aggregates.orders import SOURCE
from ledger.aggregates.store import GMVRecorded
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.counted import counted
from ledger.kernel.duck import PLAIN, literal
from ledger.kernel.errors import Refusal
from ledger.kernel.instants import DEFAULT_ZONE, EARLIEST
from ledger.kernel.money import Money
from ledger.kernel.period import Window
from ledger.store.archive.folder import path_of
from ledger.store.archive.known import FIRST
from ledger.store.archive.refusals import ArchiveMissing
from ledger.store.archive.sql import one_row
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import read_log
from ledger.store.order_lines import Archived, Calls, OrderLines, archive_of, files_of
from ledger.store.scratch import Scratch
from ledger.usecases.verifying.verify import Check

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Progress = Callable[[str, int], None]
SHOWN_MAX = 5


def verify_orders(book: Book, progress: Progress) -> list[Check]:
    """Checks the files against their digests, and their lines against the control sums of the
    log or, in a book whose orders derived facts, against the recorded daily GMV.

    Includes the files of withdrawn calls. No checks for a book without order lines.
    """
    with book.reading() as connection:
        head = head_of(connection).position
        calls = Calls.by(connection, head)
        if not calls.archived:
            return []
        lines = OrderLines(archive_of(connection), files_of(calls.archived), Clocks(FOREVER, head))
        files = _files(connection, lines, progress)
        if not files.ok:
            return [files]
        if calls.derived:
            return [files, _sums(connection, lines, head)]
        return [files, _controls(lines), _summaries(lines)]


def _files(connection: Connection, lines: OrderLines, progress: Progress) -> Check:
    """Every archived file exists where the archive is, and has the digest that its event names."""
    faults = []
    for file in lines.files:
        try:
            lines.archive.check(file.file.digest)
        except ArchiveMissing as missing:
            return Check("order files", False, f"not checked: {missing.sentence}")
        except Refusal as refusal:
            faults.append(
                f"position {file.position}: {refusal.sentence} {_dependent(connection, file)}"
            )
        progress("order files", 1)
    detail = (
        "; ".join(faults[:SHOWN_MAX])
        or f"{counted(len(lines.files), 'file')} with the recorded digest"
    )
    return Check("order files", not faults, detail)


def _controls(lines: OrderLines) -> Check:
    """Every file has the rows, sums, and first and last creation that its event names, and what
    the event says of its lines besides."""
    from ledger.store.archive.connection import connect

    faults = []
    with Scratch() as spill, connect(spill) as database:
        for file in lines.files:
            extent = extent_of(database, path_of(lines.folder, file.file.digest))
            totals = tuple(
                (total.currency, total.amount, total.refunded) for total in file.file.totals
            )
            expected = (file.file.rows, file.file.first, file.file.last, totals)
            if extent != expected:
                faults.append(
                    f"position {file.position}: the file holds {extent}, expected {expected}"
                )
        faults += _call_faults(database, lines)
    detail = (
        "; ".join(faults[:SHOWN_MAX])
        or f"{counted(len(lines.files), 'file')} with the recorded sums"
    )
    return Check("order sums", not faults, detail)


def _call_faults(database: "DuckDBPyConnection", lines: OrderLines) -> Iterator[str]:
    """Faults unless each call says of its lines what its files do: whether some replace others, and
    when the latest was changed. Readers rest on both."""
    by_call: dict[int, list[Archived]] = defaultdict(list)
    for file in lines.files:
        by_call[file.position].append(file)
    for position, files in by_call.items():
        paths = ", ".join(literal(str(path_of(lines.folder, f.file.digest))) for f in files)
        revises, updated = one_row(
            database,
            f"SELECT bool_or(version::VARCHAR <> '{FIRST}'), max(updated_at)"
            f" FROM read_parquet([{paths}], {PLAIN}, union_by_name = true)",
        )
        event = files[0].call.event
        if event.revises != revises:
            holds = "holds" if revises else "holds no"
            yield f"position {position}: the call {holds} lines that replace or repeat others"
        if event.updated != updated:
            yield (
                f"position {position}: the latest change of a line is {updated}, expected "
                f"{event.updated}"
            )


def _summaries(lines: OrderLines) -> Check:
    """Every summary that exists matches its file."""
    from ledger.store.archive.connection import connect
    from ledger.store.archive.summary import differs, summary_of

    kept = [file for file in lines.files if summary_of(lines.folder, file.file.digest).exists()]
    with Scratch() as spill, connect(spill) as database:
        wrong = [
            str(summary_of(lines.folder, file.file.digest))
            for file in kept
            if differs(database, lines.folder, file.described())
        ]
    detail = f"{len(kept):,} of {len(lines.files):,} files have one that agrees with them"
    if wrong:
        detail = f"{wrong[0]} does not say what its file says. Remove it: it can be done without."
    return Check("order summaries", not wrong, detail)


def extent_of(database: "DuckDBPyConnection", path: Path) -> tuple[Any, ...]:
    """Rows, first and last creation, and amount and refunds per currency of a file."""
    rows = database.execute(
        "SELECT currency::VARCHAR, count(*), min(created_at), max(created_at), sum(amount_minor),"
        f" sum(refunded_minor) FROM read_parquet({literal(str(path))}, {PLAIN})"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()
    totals = tuple(
        (code, Money(int(amount), code).text, Money(int(refunded), code).text)
        for code, _, _, _, amount, refunded in rows
    )
    first, last = min(row[2] for row in rows), max(row[3] for row in rows)
    return sum(row[1] for row in rows), first, last, totals


def _dependent(connection: Connection, file: Archived) -> str:
    """A sentence on what depends on a file: the events derived from it, or what is due."""
    if not file.call.event.derived:
        return "What is due for its orders cannot be worked out without it."
    derived = [
        event.position
        for event in read_log(connection, after=file.position)
        if event.batch == file.call.batch
    ]
    return f"Events {min(derived)} to {max(derived)} are based on it." if derived else ""


def _sums(connection: Connection, lines: OrderLines, head: int) -> Check:
    """Net sales per store, day and currency are the same in the lines and in the log."""
    recorded: dict[tuple[str, str, str], int] = defaultdict(int)
    topics = [GMVRecorded.TOPIC]
    batches = {file.call.batch for file in lines.files}
    for fact in read_log(connection, until=head, topics=topics):
        event = fact.event
        if event.source == SOURCE and fact.batch in batches:
            key = (event.store, event.day.isoformat(), event.currency)
            recorded[key] += Money.parse(event.amount, event.currency).minor
    counted = dict(_counted(lines))
    wrong = sorted(
        key for key in {*recorded, *counted} if recorded.get(key, 0) != counted.get(key, 0)
    )
    if not wrong:
        return Check("order sums", True, f"{len(counted):,} days of stores as recorded")
    store, day, currency = wrong[0]
    detail = f"store {store}, {day}: the lines sum to {counted.get(wrong[0], 0)}, the facts to "
    detail += f"{recorded.get(wrong[0], 0)} minor units of {currency}; {len(wrong)} days differ"
    return Check("order sums", False, detail)


def _counted(lines: OrderLines) -> Iterator[tuple[tuple[str, str, str], int]]:
    """Net sales in minor units of the lines that count, by store, day and currency."""
    from ledger.store.archive.days import day_number

    first = min(file.file.first for file in lines.files)
    last = max(file.file.last for file in lines.files)
    day = day_number("created_at", first, last, DEFAULT_ZONE)
    sql = (
        f"SELECT store, (DATE '1970-01-01' + ({day})::INTEGER)::VARCHAR, currency::VARCHAR,"
        " sum(amount_minor - refunded_minor)::HUGEINT FROM orders GROUP BY 1, 2, 3"
    )
    with lines.opened(Window(EARLIEST, last + 1), None) as database:
        for store, text, currency, net in database.execute(sql).fetchall():
            if net:
                yield (store, text, currency), int(net)
