"""Archiving order lines: files to checked lines, one immutable file, and the facts they make.

Reading, checking, comparing and writing the file happen before the write lock is taken; the
event and the facts are written in one transaction, if no other file was archived meanwhile. A
file without its event is nothing; a crash between the two leaves nothing half there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from ledger.aggregates.book import BatchFile, BatchRecorded
from ledger.aggregates.orders import OrdersArchived, OrderTotal
from ledger.intake.orders.profiles import CANONICAL, Profile
from ledger.intake.orders.rejected import RejectedRow
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import ConcurrentWrite
from ledger.kernel.instants import DEFAULT_ZONE, Instant
from ledger.kernel.money import Money
from ledger.store.append import append, versions_of
from ledger.store.archive.write import NewFile, Written, write
from ledger.store.book import Book
from ledger.store.head import Head, head_of
from ledger.store.order_lines import archive_folder, archived, described
from ledger.store.reader import LogReader
from ledger.store.receipts import keep_receipt
from ledger.store.recorder import Row
from ledger.store.schema import insert_refs
from ledger.usecases.archiving.order_facts import DerivedFacts, refuse_too_large
from ledger.usecases.record_decisions import refuse_read_only

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from ledger.intake.orders.reading import CheckedOrders

ATTEMPTS = 5
Progress = Callable[[str, int], None]


@dataclass
class OrdersAnswer:
    """What a call did, or would have done."""

    recorded: int
    known: int
    revised: int
    rejected: int
    position: int
    receipt: str
    rejections: list[RejectedRow] = field(default_factory=list)
    unknown_stores: list[str] = field(default_factory=list)
    archived: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The answer in the shape of the public contract."""
        return {
            "recorded": self.recorded,
            "known": self.known,
            "revised": self.revised,
            "rejected": [one.as_json() for one in self.rejections],
            "rejected_rows": self.rejected,
            "unknown_stores": self.unknown_stores,
            "archived": self.archived,
            "position": self.position,
            "receipt": self.receipt,
        }


def record_orders(
    book: Book,
    files: Sequence[str],
    *,
    now: Instant,
    by: str,
    profile: Profile = CANONICAL,
    fixed: Mapping[str, str] | None = None,
    keep_good: bool = False,
    dry_run: bool = False,
    keep: int = 1000,
    progress: Progress = lambda what, more: None,
) -> OrdersAnswer:
    """Archives the new lines of some files and records what they sum to.

    With `keep_good` bad rows are left out and the others recorded; otherwise one bad row means
    that nothing is. Raises refusals for files of which no row can be trusted, for an archive
    that cannot be written, `NoArchive`, `ReadOnlyBook`, `DayTooLarge`, `ConcurrentWrite`.
    """
    from ledger.intake.orders.reading import read
    from ledger.store.archive.connection import connect

    if not dry_run:
        refuse_read_only(book, "archive orders")
    with TemporaryDirectory(prefix="duebook-orders-") as temporary:
        database = connect(Path(temporary))
        try:
            progress("reading", 0)
            checked = read(database, [Path(name) for name in files], now, profile, fixed, keep)
            return _archive(
                *(book, database, checked, by),
                keep_good=keep_good,
                dry_run=dry_run,
                progress=progress,
            )
        finally:
            database.close()


def _archive(
    book: Book,
    database: "DuckDBPyConnection",
    checked: "CheckedOrders",
    by: str,
    *,
    keep_good: bool,
    dry_run: bool,
    progress: Progress,
) -> OrdersAnswer:
    refused = bool(checked.rejected) and not keep_good
    for _ in range(ATTEMPTS):
        with book.reading() as connection:
            head = head_of(connection)
            if refused:
                return _answer(checked, head, None)
            folder = archive_folder(connection)
            history = [described(one.event) for one in archived(connection, head.position)]
            if dry_run:
                return _looked_at(database, checked, head, folder, history)
            progress("archiving", 0)
            folder.mkdir(parents=True, exist_ok=True)
            written = write(database, folder, checked.relation, history, DEFAULT_ZONE)
            if written.file is None:
                return _answer(checked, head, written)
            facts = _facts(connection, written, head)
        progress("recording", 0)
        found = _record(book, checked, written, written.file, facts, len(history), by)
        if found is not None:
            keep_receipt(book, found)
            answer = _answer(checked, found, written)
            answer.unknown_stores = facts.unknown_stores
            return answer
    raise ConcurrentWrite(f"Somebody else archived orders during each of {ATTEMPTS} attempts.")


def _facts(connection: Connection, written: Written, head: Head) -> DerivedFacts:
    """The daily GMV of the file, and first sales earlier than those that are known."""
    refuse_too_large(written.days)
    stores = sorted({one.store for one in written.days} | {o.store for o in written.first_orders})
    reader = LogReader(connection, Clocks(FOREVER, head.position))
    sales: dict[str, Instant] = {}
    for store, at, _ in reader.located("sale", stores):
        sales[store] = min(sales.get(store, at), at)
    onboarded = {name for name, _, _ in reader.located("store", stores)}
    feeds = {f"{store}/placed": store for store in stores}
    fed = {feeds[name] for name, source in reader.details("feed", feeds) if source == "orders"}
    return DerivedFacts(
        days=written.days,
        first_orders=[
            one
            for one in written.first_orders
            if one.store not in sales or one.created_at < sales[one.store]
        ],
        fed=fed,
        unknown_stores=sorted(set(stores) - onboarded),
    )


def _record(
    book: Book,
    checked: "CheckedOrders",
    written: Written,
    file: NewFile,
    facts: DerivedFacts,
    files_before: int,
    by: str,
) -> Head | None:
    """Writes event and facts; None, and nothing written, where another file came between."""
    with book.log.writing() as writer:
        if len(archived(writer.connection, writer.head.position)) != files_before:
            return None
        start = writer.head.position + 1
        batch = BatchRecorded(
            files=tuple(
                BatchFile(name=Path(one.file).name, sha256=one.sha256, rows=one.rows, lines=0)
                for one in checked.files
            ),
            by=by,
            recorded=1 + facts.count,
            known=written.known,
        )
        event = OrdersArchived(
            digest=file.digest,
            rows=file.rows,
            bytes=file.bytes,
            first=file.first,
            last=file.last,
            updated=file.updated,
            totals=tuple(
                OrderTotal(
                    currency=one.currency,
                    amount=Money(one.amount_minor, one.currency).text,
                    refunded=Money(one.refunded_minor, one.currency).text,
                )
                for one in file.totals
            ),
            revises=file.revises,
            known=written.known,
            revised=written.revised,
        )
        append(writer, [batch, event], by=by, batch=start)
        versions = versions_of(writer, facts.streams)
        head = writer.append(_rows(facts, versions, by, start))
        insert_refs(writer.connection, facts.refs(start + 2))
        return head


def _rows(facts: DerivedFacts, versions: dict[str, int], by: str, batch: int) -> Iterator[Row]:
    """The facts that the file makes, by store."""
    for stream, topic, state, at in facts.rows():
        version = versions[stream] = versions.get(stream, 0) + 1
        yield stream, version, topic, state, at, by, batch, 0, None


def _looked_at(
    database: "DuckDBPyConnection",
    checked: "CheckedOrders",
    head: Head,
    folder: Path,
    history: list[Any],
) -> OrdersAnswer:
    """What would happen: nothing is written."""
    from ledger.store.archive.folder import present
    from ledger.store.archive.known import sort_out

    found = sort_out(database, checked.relation, present(folder, history))
    answer = _answer(checked, head, None)
    answer.known, answer.revised = found.known, found.revised
    answer.recorded = checked.rows - found.known
    return answer


def _answer(checked: "CheckedOrders", head: Head, written: Written | None) -> OrdersAnswer:
    file = written.file if written else None
    return OrdersAnswer(
        recorded=file.rows if file else 0,
        known=written.known if written else 0,
        revised=written.revised if written else 0,
        rejected=checked.rejected,
        position=head.position,
        receipt=head.receipt,
        rejections=checked.rejections,
        archived=file.digest if file else None,
    )
