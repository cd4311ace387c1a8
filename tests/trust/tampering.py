"""Ways to tamper with a book: who does it has its file and the source code, and makes all fit that
he thinks of. Each is a function of the book and of a folder of his own."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from ledger.programs.edition import Edition
from ledger.programs.line import digest_of
from ledger.store.archive.folder import digest_of as digest_of_file
from ledger.store.archive.folder import path_of
from ledger.store.archive.summary import summary_of
from ledger.store.book import Book
from ledger.store.order_lines import archive_of
from ledger.store.receipts import receipts_path
from ledger.usecases.statements.closed_period import closed_period
from ledger.usecases.verifying.order_archive import extent_of
from tests.forging import (
    Change,
    Row,
    cut,
    forge_log,
    position_of,
    rebuild_read_models,
    replaced,
    run_sql,
    without,
)
from tests.quarter import PROGRAM, Quarter, amount_of
from tests.trust.conftest import decide

GMV, TERMS, ARCHIVED = "gmv-recorded.v1", "terms-published.v1", "orders-archived.v2"
ISSUED, CLOSED = "statement-issued.v1", "period-closed.v1"
Tamper = Callable[[Book, Path], object]


def anew(*changes: Change) -> Tamper:
    """The log is changed, and all that follows from it is made anew: the chain, the indexes, the
    tree, the receipts next to it, the read models."""

    def tamper(book: Book, folder: Path) -> None:
        for change in changes:
            forge_log(book, change)
        rebuild_read_models(book)

    return tamper


def decided_anew(change: Change) -> Tamper:
    """The log is cut off before everything that was decided, changed, and decided again at the same
    clock, by the program itself."""

    def tamper(book: Book, folder: Path) -> None:
        first = first_of(book, ISSUED)
        forge_log(book, lambda rows: change(rows[: first - 1]))
        decide(book, folder)
        rebuild_read_models(book)

    return tamper


def first_of(book: Book, topic: str) -> int:
    with book.reading() as connection:
        rows = connection.exec_driver_sql(
            f"SELECT min(position) FROM events WHERE topic = '{topic}'"
        )
        return int(rows.scalar_one())


def said(row: Row) -> Any:
    return json.loads(row["state"])


def written(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def terms(program: str, *, digest: bool = True) -> Change:
    """The last terms of a program have another note, and with it another digest or not."""

    def change(rows: list[Row]) -> list[Row]:
        row = [row for row in rows if row["topic"] == TERMS and said(row)["program"] == program][-1]
        content = said(row)
        content["edition"]["assumed"] = {"everything": "amended"}
        if digest:
            content["digest"] = Edition.from_data(content["edition"], "forged").digest
        row["state"] = written(content).encode()
        return rows

    return change


def lines_and_seal(book: Book, folder: Path) -> None:
    """A line that was issued says more, and the seal has the digest of the lines as they are."""
    forge_log(book, replaced(ISSUED, "2000.00", "2900.00"))
    with book.reading() as connection:
        period = closed_period(connection, PROGRAM, None, book.head().position)
        seal, digest = period.seal.digest, digest_of(period.as_issued)
    anew(replaced(CLOSED, seal, digest))(book, folder)


def archive(number: int, *, named: bool, sums: bool) -> Tamper:
    """A line of an archived file has another amount; the event names the file that came of it, with
    its sums or not."""
    from ledger.store.archive.connection import connect

    def tamper(book: Book, folder: Path) -> None:
        with book.reading() as connection:
            place = archive_of(connection).folder
        rows_of: list[Row] = []
        forge_log(book, lambda rows: rows_of.extend(map(dict, rows)) or rows)
        event = [said(row) for row in rows_of if row["topic"] == ARCHIVED][number]
        old = event["files"][0]
        path, part = path_of(place, old["digest"]), folder / "forged.parquet"
        with connect(folder / "spill") as database:
            database.execute(
                "COPY (SELECT * REPLACE (amount_minor + 500 AS amount_minor) FROM"
                f" read_parquet('{path}')) TO '{part}' (FORMAT parquet)"
            )
            totals = extent_of(database, part)[3]
        summary_of(place, old["digest"]).unlink()
        path.chmod(0o644)
        if not named:
            path.write_bytes(part.read_bytes())
            return
        digest = digest_of_file(part)
        path.unlink()
        part.rename(path_of(place, digest))
        new = old | {"digest": digest}
        if sums:
            new["totals"] = [old["totals"][0] | {"amount": totals[0][1]}]
        anew(replaced(ARCHIVED, written(old), written(new)))(book, folder)

    return tamper


def unrevised(rows: list[Row]) -> list[Row]:
    """The last call of orders no longer says that its lines replace others."""
    return replaced(ARCHIVED, '"revises":true', '"revises":false')(rows)


def statements(*sql: str) -> Tamper:
    return lambda book, folder: run_sql(book, *sql)


def bare(sql: str) -> Tamper:
    """What the database takes without further ado."""

    def tamper(book: Book, folder: Path) -> None:
        with book.engine.begin() as connection:
            connection.exec_driver_sql(sql)

    return tamper


def receipts(change: Callable[[str], str]) -> Tamper:
    """The file of receipts next to a book."""

    def tamper(book: Book, folder: Path) -> None:
        path = Path(f"{book.path}.receipts")
        path.write_text(change(path.read_text()))

    return tamper


def cut_and_grown(book: Book, folder: Path) -> None:
    """The last facts are replaced by more of others."""
    anew(cut(3))(book, folder)
    Quarter(book, folder).tell([amount_of("S-1", f"-{number}.00") for number in range(1, 9)])


def after_what_was_kept(book: Book, folder: Path) -> None:
    """A fact that came later than all evidence."""
    Quarter(book, folder).tell([amount_of("S-1", "-7.00")])
    anew(replaced(GMV, "-7.00", "-9.00"))(book, folder)


def out_of_the_middle(topic: str, text: str) -> Tamper:
    return lambda book, folder: anew(without(position_of(book, topic, text)))(book, folder)


def receipts_left(tamper: Tamper) -> Tamper:
    def run(book: Book, folder: Path) -> None:
        path = receipts_path(book)
        before = path.read_text() if path else ""
        tamper(book, folder)
        if path:
            path.write_text(before)

    return run


def subtree(root: bytes) -> Tamper:
    return lambda book, folder: run_sql(book, f"UPDATE merkle SET hash = {literal(book, root)}")


def hidden_row(book: Book, folder: Path) -> None:
    """SQLite's own index of streams is exchanged for one of a table that lacks a row."""
    run_sql(
        book,
        "CREATE TABLE twin AS SELECT * FROM events WHERE position <> 300",
        "CREATE UNIQUE INDEX twin_stream ON twin (stream, version)",
    )
    book.engine.dispose()
    with closing(sqlite3.connect(book.path or "")) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))
        swapped = ("twin_stream", "sqlite_autoindex_events_1")
        for name, other in (swapped, swapped[::-1]):
            sql = "UPDATE sqlite_master SET rootpage = ? WHERE name = ?"
            connection.execute(sql, (roots[other], name))


def other_tree(book: Book, folder: Path) -> None:
    """An early event is changed, and the chain; the kept subtree is that of the true log."""

    def change(rows: list[Row]) -> list[Row]:
        rows[1]["by"] = "eve"
        return rows

    with book.reading() as connection:
        root = bytes(connection.exec_driver_sql("SELECT hash FROM merkle").scalar_one())
    anew(change)(book, folder)
    subtree(root)(book, folder)


def literal(book: Book, raw: bytes) -> str:
    return f"x'{raw.hex()}'" if book.path else f"'\\x{raw.hex()}'"
