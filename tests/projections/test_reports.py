"""Reports: at other clocks, filtered, of a book that may only be read, and of the wrong name."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadQuery, NoSuchReport
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book, open_book
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.terms.publish import publish
from projections.catalogue import VIEWS, reports
from projections.reading import report
from tests.quarter import GROWTH, NOW, Quarter, edition, enrolled, fee_paid

Record = Callable[..., Any]
ONBOARDED = {
    "type": "MerchantOnboarded",
    "at": "2026-01-10T01:00:00Z",
    "merchant": "M-1",
    "store": "S-1",
    "market": "EU",
    "brand": "Köpfchen",
}
CLOSED = {"type": "StoreClosed", "at": "2026-03-01T00:00:00Z", "store": "S-1", "reason": "other"}
GMV = {
    "type": "GMVRecorded",
    "at": "2026-02-01T08:00:00Z",
    "store": "S-1",
    "day": "2026-01-31",
    "amount": "-1234.50",
    "currency": "EUR",
    "basis": "settled",
}


def test_a_report_at_an_earlier_known_at_knows_less(
    book: Book, record_facts: Record, now: int
) -> None:
    """What is recorded or withdrawn afterwards does not exist for it."""
    first = record_facts(book, [ONBOARDED]).position
    then = report(book, "stores").rows
    closed = record_facts(book, [CLOSED, GMV]).position
    withdraw(book, closed, reason="wrong", by="test", now=now)
    assert report(book, "stores").rows[0]["state"] == "closed"
    assert report(book, "gmv").rows == []
    earlier = report(book, "stores", clocks=Clocks(FOREVER, first))
    assert earlier.rows == then
    assert earlier.clocks.known_at == first
    (row,) = report(book, "gmv", clocks=Clocks(FOREVER, closed)).rows
    assert row["amount"] == "-1234.50"


def test_a_report_at_an_earlier_as_of_counts_what_had_happened(
    book: Book, record_facts: Record
) -> None:
    """A fact whose instant is after the as-of does not count yet; at it, it does."""
    head = record_facts(book, [ONBOARDED, CLOSED, GMV]).position

    def state(as_of: str) -> list[tuple[str, int]]:
        clocks = Clocks(parse_instant(as_of), head)
        stores = report(book, "stores", clocks=clocks).rows
        gmv = report(book, "gmv", clocks=clocks).rows
        activity = report(book, "activity", clocks=clocks, where=[("stream", "store:S-1")]).rows
        assert len(activity) == sum(row["facts"] for row in stores)
        return [(row["state"], len(gmv)) for row in stores]

    assert state("2026-01-10T00:59:59Z") == []
    assert state("2026-01-10T01:00:00Z") == [("open", 0)]
    assert state("2026-02-28T23:59:59Z") == [("open", 1)]
    assert state("2026-03-01T00:00:00Z") == [("closed", 1)]


def test_rows_are_chosen_by_the_text_of_a_column(book: Book, record_facts: Record) -> None:
    """Several conditions all hold; numbers are compared as written; nothing is a pattern."""
    record_facts(book, [ONBOARDED, {**ONBOARDED, "store": "S-2"}, GMV])
    assert [row["store"] for row in report(book, "stores").rows] == ["S-1", "S-2"]
    found = report(book, "stores", where=[("brand", "Köpfchen"), ("store", "S-2")]).rows
    assert [row["store"] for row in found] == ["S-2"]
    assert report(book, "stores", where=[("store", "S-%")]).rows == []
    assert report(book, "stores", where=[("store", "' OR '1'='1")]).rows == []
    assert len(report(book, "gmv", where=[("amount_minor", "-123450")]).rows) == 1


def test_every_column_that_a_report_shows_can_be_asked_for(closed_demo: Book) -> None:
    """What a person sees in a row they may put behind --where."""
    for name in VIEWS:
        row = report(closed_demo, name).rows[0]
        for column, value in row.items():
            if value is not None:
                found = report(closed_demo, name, where=[(column, str(value))]).rows
                assert row in found, f"{name}.{column}"


def test_an_unknown_column_and_an_unknown_report_are_refused_with_what_there_is(
    book: Book,
) -> None:
    """The columns are listed; of a mistyped report the nearest name is given."""
    with pytest.raises(BadQuery, match="no column 'partners'") as refused:
        report(book, "stores", where=[("partners", "P-1")])
    assert "partner, via" in refused.value.hint
    with pytest.raises(NoSuchReport, match="no report 'stroes'") as unknown:
        report(book, "stroes")
    assert unknown.value.hint == "Did you mean stores?"
    with pytest.raises(NoSuchReport) as lost:
        report(book, "zzz")
    assert lost.value.hint == f"Reports: {', '.join(reports())}."


def test_a_book_that_may_only_be_read_answers_every_report(
    tmp_path: Path, demo_files: list[Path], now: int
) -> None:
    """From a temporary database: the same rows, and not a byte of the folder changes."""
    folder = tmp_path / "kept"
    folder.mkdir()
    path = folder / "book.db"
    book, _ = init(str(path), "platform")
    record(book, [str(one) for one in demo_files], now=now, by="demo")
    live = {name: report(book, name).rows for name in VIEWS}
    book.close()

    def digests() -> dict[str, str]:
        return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in folder.iterdir()}

    before = digests()
    path.chmod(0o444)
    for readonly in (False, True):
        reader = open_book(str(path), readonly=readonly)
        assert not reader.writable
        for name in VIEWS:
            assert report(reader, name).rows == live[name]
        reader.close()
        assert digests() == before
    path.chmod(0o644)
    reader = open_book(str(path), readonly=True)
    assert report(reader, "gmv").rows == live["gmv"]
    reader.close()
    assert digests()["book.db"] == before["book.db"]


def test_a_read_only_book_without_views_builds_none(book: Book, record_facts: Record) -> None:
    """On both databases a reader that may not write still sees every fact."""
    record_facts(book, [ONBOARDED])
    reader = open_book(book.location, readonly=True)
    assert [row["store"] for row in report(reader, "stores").rows] == ["S-1"]
    with reader.reading() as connection:
        sql = "SELECT tablename FROM pg_tables WHERE tablename LIKE 'duebook_v%%'"
        if connection.dialect.name == "sqlite":
            sql = "SELECT name FROM sqlite_master WHERE name LIKE 'duebook_v%'"
        assert connection.exec_driver_sql(sql).all() == []
    reader.close()


@pytest.mark.parametrize("name", VIEWS)
def test_texts_of_a_view_compare_byte_by_byte_on_both_databases(name: str) -> None:
    """A server of another language would sort and compare them otherwise."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    texts = [one for one in VIEWS[name].columns() if isinstance(one.type, Text)]
    assert texts
    for one in texts:
        assert one.type.dialect_impl(dialect).collation == "C", one.name


def test_obligations_of_a_closed_period_keep_its_terms(book: Book, tmp_path: Path) -> None:
    """A version published later moves no day by which something is due."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*enrolled(aigc=10, creator_video=0), fee_paid("6000.00")])
    quarter.close(GROWTH, as_of=parse_instant("2026-08-02T00:00:00Z"))

    def due() -> list[str]:
        clocks = Clocks(NOW, book.head().position)
        return [str(row["due"]) for row in quarter.rows("obligations", clocks)]

    assert due() == ["2026-09-11"]
    publish(book, edition(GROWTH, publisher="acme", make_up_due="2026-12-31"), "lin")
    assert due() == ["2026-09-11"]
