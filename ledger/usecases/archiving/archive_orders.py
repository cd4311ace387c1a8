"""Archiving order lines: files to checked lines, and immutable files that the log knows.

Reading, checking, comparing and writing the files happen before the write lock is taken; the
event is written in one transaction, if nothing else was archived or taken back meanwhile. A file
without its event counts for nothing, so a crash between the two leaves nothing half done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from ledger.aggregates.book import BatchFile, BatchRecorded
from ledger.aggregates.orders import OrderFile, OrdersArchived, OrderTotal
from ledger.intake.orders.rejected import RejectedRow
from ledger.intake.tables.mapping import Mapping as Mapped
from ledger.kernel.errors import ConcurrentWrite
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.store.append import append
from ledger.store.archive.folder import ArchivedFile
from ledger.store.archive.write import NewFile, Written, write
from ledger.store.book import Book
from ledger.store.head import Head, head_of
from ledger.store.order_lines import Archived, Calls, archive_of, files_of
from ledger.store.receipts import keep_receipt
from ledger.store.scratch import Scratch
from ledger.usecases.archiving.grain import refuse_other_grain
from ledger.usecases.archiving.outlook import Outlook, outlook_of
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
    outlook: Outlook = field(default_factory=Outlook)
    archived: list[str] = field(default_factory=list)
    nameless: dict[str, int] = field(default_factory=dict)
    """Per file how many columns without a name were skipped."""

    def as_json(self) -> dict[str, Any]:
        """The answer in the shape of the public contract."""
        return {
            "recorded": self.recorded,
            "known": self.known,
            "revised": self.revised,
            "rejected": [rejection.as_json() for rejection in self.rejections],
            "rejected_rows": self.rejected,
            **self.outlook.as_json(),
            "archived": self.archived,
            "nameless_columns": self.nameless,
            "position": self.position,
            "receipt": self.receipt,
        }


def record_orders(
    book: Book,
    files: Sequence[str],
    *,
    now: Instant,
    by: str,
    mapping: Mapped | None = None,
    zone: str | None = None,
    fixed: Mapping[str, str] | None = None,
    keep_good: bool = False,
    dry_run: bool = False,
    add_up_items: bool = False,
    keep: int = 1000,
    progress: Progress = lambda what, more: None,
) -> OrdersAnswer:
    """Archives the new lines of some files.

    With `keep_good` bad rows are left out and the others recorded; otherwise one bad row means
    that nothing is. With `add_up_items` the rows of an order are summed. Raises refusals for files
    of which no row can be trusted and for an archive that cannot be written; also `NoArchive`,
    `ReadOnlyBook`, `OlderBook`, `ConcurrentWrite`.
    """
    from ledger.intake.orders.reading import read
    from ledger.store.archive.connection import connect

    if not dry_run:
        refuse_read_only(book, "archive orders")
    with Scratch() as temporary:
        database = connect(temporary)
        try:
            progress("reading", 0)
            paths = [Path(name) for name in files]
            checked = read(
                *(database, paths, now, fixed, keep),
                mapping=mapping,
                zone=zone,
                progress=progress,
                add_up_items=add_up_items,
                within=temporary,
            )
            return _archive(
                *(book, database, checked, by, mapping.named if mapping else None),
                keep=keep,
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
    profile: str | None,
    *,
    keep: int,
    keep_good: bool,
    dry_run: bool,
    progress: Progress,
) -> OrdersAnswer:
    for _ in range(ATTEMPTS):
        with book.reading() as connection:
            head = head_of(connection)
            before = Calls.by(connection, head.position)
            files = files_of(before.counting)
            if checked.rejected and not keep_good and not dry_run:
                return _answer(checked, head, None)
            archive = archive_of(connection)
            folder, history = archive.folder, [file.described() for file in files]
            archive.fetch(history)
            refuse_other_grain(database, checked, folder, files, keep)
            if dry_run:
                return _looked_at(connection, database, checked, head, folder, history)
            if checked.rejected and not keep_good:
                return _answer(checked, head, None)
            progress("archiving", 0)
            folder.mkdir(parents=True, exist_ok=True)
            written = write(database, folder, checked.relation, history, checked.repeats)
            if written.file is None:
                return _answer(checked, head, written)
            archive.keep(written.file.digest)
            outlook = outlook_of(connection, database, head)
        progress("recording", 0)
        new_head = _record(book, checked, written, written.file, files, before, by, profile)
        if new_head is not None:
            keep_receipt(book, new_head)
            answer = _answer(checked, new_head, written)
            answer.outlook = outlook
            return answer
    raise ConcurrentWrite(f"Somebody else archived orders during each of {ATTEMPTS} attempts.")


def _record(
    book: Book,
    checked: "CheckedOrders",
    written: Written,
    file: NewFile,
    files: list[Archived],
    before: Calls,
    by: str,
    profile: str | None,
) -> Head | None:
    """Writes the event; None, and nothing written, where another call came in between."""
    with book.log.writing() as writer:
        if Calls.by(writer.connection, writer.head.position) != before:
            return None
        batch = BatchRecorded(
            files=tuple(
                BatchFile(name=Path(file.file).name, sha256=file.sha256, rows=file.rows, lines=0)
                for file in checked.files
            ),
            by=by,
            recorded=1,
            known=written.known,
            profile=profile,
        )
        event = OrdersArchived(
            files=(_described(file),),
            updated=file.updated,
            revises=file.revises,
            known=written.known,
            revised=written.revised,
            known_from=tuple(sorted({files[number - 1].position for number in written.known_in})),
        )
        return append(writer, [batch, event], by=by, batch=writer.head.position + 1)


def _described(file: NewFile) -> OrderFile:
    """A file as the log describes it."""
    return OrderFile(
        digest=file.digest,
        rows=file.rows,
        bytes=file.bytes,
        first=file.first,
        last=file.last,
        totals=tuple(
            OrderTotal(
                currency=total.currency,
                amount=Money(total.amount_minor, total.currency).text,
                refunded=Money(total.refunded_minor, total.currency).text,
            )
            for total in file.totals
        ),
        columns=file.columns,
    )


def _looked_at(
    connection: Connection,
    database: "DuckDBPyConnection",
    checked: "CheckedOrders",
    head: Head,
    folder: Path,
    history: list[ArchivedFile],
) -> OrdersAnswer:
    """What would happen; nothing is written."""
    from ledger.store.archive.known import sort_out

    known = sort_out(database, checked.relation, folder, history, checked.repeats)
    answer = _answer(checked, head, None)
    answer.known, answer.revised = known.known, known.revised
    answer.recorded = checked.rows - known.known
    answer.outlook = outlook_of(connection, database, head)
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
        archived=[file.digest] if file else [],
        nameless={file.file: file.nameless for file in checked.files if file.nameless},
    )
