"""Verifying the archive of order lines: every file whole, and its facts what its lines sum to."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from sqlalchemy import Connection

from ledger.aggregates.base import Logged
from ledger.aggregates.orders import SOURCE
from ledger.aggregates.store import GMVRecorded
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import Refusal
from ledger.kernel.instants import DEFAULT_ZONE, EARLIEST
from ledger.kernel.money import Money
from ledger.kernel.period import Window
from ledger.store.archive.folder import check
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import read_log
from ledger.store.order_lines import OrderLines
from ledger.usecases.verifying.verify import Check

Progress = Callable[[str, int], None]
SHOWN_MAX = 5


def verify_orders(book: Book, progress: Progress) -> list[Check]:
    """The files against their digests; their lines against the daily GMV that was recorded.

    Nothing for a book without order lines.
    """
    with book.reading() as connection:
        head = head_of(connection).position
        lines = OrderLines.at(connection, Clocks(FOREVER, head))
        if not lines.files:
            return []
        files = _files(connection, lines, progress)
        if not files.ok:
            return [files]
        return [files, _sums(connection, lines, head)]


def _files(connection: Connection, lines: OrderLines, progress: Progress) -> Check:
    """Every archived file is there and has the bytes that its event names."""
    faults = []
    for one in lines.files:
        try:
            check(lines.folder, one.event.digest)
        except Refusal as refusal:
            faults.append(
                f"position {one.position}: {refusal.sentence} {_resting(connection, one)}"
            )
        progress("order files", 1)
    detail = "; ".join(faults[:SHOWN_MAX]) or f"{len(lines.files):,} files have their digests"
    return Check("order files", not faults, detail)


def _resting(connection: Connection, one: Logged) -> str:
    """The facts that were recorded with a file."""
    rest = [
        found.position
        for found in read_log(connection, after=one.position)
        if found.batch == one.batch
    ]
    return f"Events {min(rest)} to {max(rest)} rest on it." if rest else ""


def _sums(connection: Connection, lines: OrderLines, head: int) -> Check:
    """Net sales per store, day and currency, from the lines and from the log."""
    recorded: dict[tuple[str, str, str], int] = defaultdict(int)
    topics = [GMVRecorded.TOPIC]
    batches = {one.batch for one in lines.files}
    for one in read_log(connection, until=head, topics=topics):
        event = one.event
        if event.source == SOURCE and one.batch in batches:
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
    """What the lines that count sum to."""
    from ledger.store.archive.days import day_number

    first = min(one.event.first for one in lines.files)
    last = max(one.event.last for one in lines.files)
    day = day_number("created_at", first, last, DEFAULT_ZONE)
    sql = (
        f"SELECT store, (DATE '1970-01-01' + ({day})::INTEGER)::VARCHAR, currency::VARCHAR,"
        " sum(amount_minor - refunded_minor)::HUGEINT FROM orders GROUP BY 1, 2, 3"
    )
    with lines.opened(Window(EARLIEST, last + 1), None) as database:
        for store, text, currency, net in database.execute(sql).fetchall():
            if net:
                yield (store, text, currency), int(net)
