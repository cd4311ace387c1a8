"""Archiving order lines: what is new, known, revised or rejected, and the facts that follow."""

import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from ledger.intake.orders.refusals import OrderFileUnreadable
from ledger.kernel.errors import ReadOnlyBook
from ledger.kernel.instants import parse_instant
from ledger.store.book import open_book
from ledger.store.order_lines import NoArchive
from ledger.usecases.init import init
from projections.reading import report
from tests.fees import NOW, PROGRAM, RATES, Fees, onboarded, order, parquet_of
from tests.marks import decision
from tests.quarter import on_sqlite


def test_new_orders_are_one_file_and_two_events(fees: Fees) -> None:
    """The batch, and the event that says what the file holds; nothing is derived."""
    fees.tell(onboarded("S-1"))
    before = fees.book.head().position
    answer = fees.archive(order("a"), order("b", refunded="30.00"))
    assert (answer.recorded, answer.known, answer.revised, answer.rejected) == (2, 0, 0, 0)
    (event,) = fees.facts("orders-archived.v2")
    (file,) = event.event.files
    assert fees.names() == [f"{file.digest}.parquet"] == [f"{answer.archived[0]}.parquet"]
    assert (event.position, event.batch, event.event.rows) == (before + 2, before + 1, 2)
    (total,) = file.totals
    assert (total.amount, total.refunded, total.currency) == ("200.00", "30.00", "CNY")
    assert fees.days() == [("S-1", "2020-05-20", "170.00", "CNY", 2)]
    assert [order for _, order, _ in fees.first_orders()] == ["a"]
    assert answer.position == fees.book.head().position == before + 2
    assert answer.receipt == fees.book.head().receipt
    assert answer.outlook.unknown_stores == []


def test_the_same_file_again_is_known_and_writes_nothing(fees: Fees) -> None:
    """No event, no file, the same head."""
    path = fees.file(order("a"), order("b"))
    first = fees.archive_files(path)
    again = fees.archive_files(path)
    assert (again.recorded, again.known, again.archived) == (0, 2, [])
    assert (again.position, again.receipt) == (first.position, first.receipt)
    assert len(fees.names()) == 1


@decision
def test_amounts_written_otherwise_are_the_same_order(fees: Fees) -> None:
    """Content is compared after parsing: decimals, the zone, defaults filled in."""
    fees.archive(order("a"))
    other = {"created_at": "2020-05-20T04:00:00Z", "amount": "100", "refunded": "0"}
    again = fees.archive(order("a", **other, updated_at="2020-05-20T12:00:00.000+08:00"))
    assert (again.recorded, again.known) == (0, 1)


def test_a_revision_counts_from_its_own_instant(fees: Fees) -> None:
    """An earlier as-of sees what counted then, and none before the order was made."""
    fees.archive(order("a"), order("b"))
    answer = fees.archive(order("a", refunded="40.00", updated_at="2020-06-03T09:00:00+08:00"))
    assert (answer.recorded, answer.known, answer.revised) == (1, 0, 1)
    assert fees.days() == [("S-1", "2020-05-20", "160.00", "CNY", 2)]
    revised = parse_instant("2020-06-03T09:00:00+08:00")
    assert fees.days(as_of=revised - 1) == [("S-1", "2020-05-20", "200.00", "CNY", 2)]
    assert fees.days(as_of=parse_instant("2020-05-20T11:59:59+08:00")) == []


@decision
def test_a_revision_to_another_day_takes_from_the_one_and_gives_to_the_other(fees: Fees) -> None:
    """Its creation was corrected."""
    fees.archive(order("a"))
    fees.archive(
        order("a", created_at="2020-05-22T00:00:00+08:00", updated_at="2020-05-23T00:00:00Z")
    )
    assert fees.days() == [("S-1", "2020-05-22", "100.00", "CNY", 1)]
    assert all(ok for ok, _ in fees.checks().values())


@decision
def test_days_are_those_of_the_zone_that_asks_per_store_and_currency(fees: Fees) -> None:
    """16:00 in UTC is midnight in Shanghai; another currency is another sum."""
    fees.archive(
        order("a", created_at="2020-05-19T15:59:59Z"),
        order("b", created_at="2020-05-19T16:00:00Z"),
        order("c", currency="JPY", amount="1200"),
        order("d", store="店-7", refunded="100.00"),
    )
    assert fees.days() == [
        ("S-1", "2020-05-19", "100.00", "CNY", 1),
        ("S-1", "2020-05-20", "100.00", "CNY", 1),
        ("S-1", "2020-05-20", "1200", "JPY", 1),
        ("店-7", "2020-05-20", "0.00", "CNY", 1),
    ]
    assert fees.days("UTC")[0] == ("S-1", "2020-05-19", "200.00", "CNY", 2)


@decision
def test_one_bad_row_means_that_nothing_is_recorded(fees: Fees) -> None:
    """Of two files as of one; the answer names file and row, what was found and what expected."""
    head = fees.book.head()
    good = fees.file(order("a"))
    bad = fees.file(order("b"), order("c", amount="10.00", refunded="10.01"))
    answer = fees.archive_files(good, bad)
    assert (answer.recorded, answer.rejected) == (0, 1)
    (one,) = answer.rejections
    found = one.as_json()
    assert (Path(found["file"]).name, found["row"]) == (Path(bad).name, 3)
    assert found["code"]
    assert found["error"]
    assert found["hint"]
    assert (fees.book.head(), fees.names()) == (head, [])


@decision
def test_good_rows_are_kept_when_bad_ones_are_to_be_left_out(fees: Fees) -> None:
    """The rest can be mended and archived again, and is then all that is new."""
    bad = order("b", traffic="organic")
    answer = fees.archive(order("a"), bad, order("c"), keep_good=True)
    assert (answer.recorded, answer.rejected, len(answer.rejections)) == (2, 1, 1)
    mended = fees.archive(order("a"), order("b"), order("c"))
    assert (mended.recorded, mended.known, mended.rejected) == (1, 2, 0)


@decision
def test_two_files_of_one_call_are_one_batch(fees: Fees) -> None:
    """Both named with their digests."""
    one, two = fees.file(order("a"), order("b")), fees.file(order("d"), order("c", store="S-2"))
    answer = fees.archive_files(one, two)
    assert (answer.recorded, answer.known) == (4, 0)
    batch = fees.facts("batch-recorded.v1")[-1].event
    assert [file.name for file in batch.files] == [Path(one).name, Path(two).name]
    assert [file.rows for file in batch.files] == [2, 2]
    assert len(fees.facts("orders-archived.v2")) == 1


@on_sqlite
def test_parquet_and_csv_of_the_same_rows_are_the_same_orders(fees: Fees) -> None:
    """Known rows, one by one."""
    path = fees.file(order("a"), order("b", store="店-7", refunded="0.01"))
    assert fees.archive_files(path).recorded == 2
    answer = fees.archive_files(parquet_of(fees.folder / "same.parquet", path))
    assert (answer.recorded, answer.known) == (0, 2)


@on_sqlite
def test_a_truncated_parquet_file_is_refused_whole(fees: Fees) -> None:
    """Nothing of it can be trusted; book and archive stay."""
    head = fees.book.head()
    whole = Path(parquet_of(fees.folder / "whole.parquet", fees.file(order("a"))))
    cut = fees.folder / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[:-9])
    with pytest.raises(OrderFileUnreadable) as refused:
        fees.archive_files(str(cut))
    assert "cut.parquet" in refused.value.sentence
    assert (fees.book.head(), fees.names()) == (head, [])


@decision
def test_the_first_order_is_the_earliest_whatever_came_first(fees: Fees) -> None:
    """Of equal instants the smaller id; refunded in full it was a sale all the same."""
    fees.archive(order("later"), order("s2", store="S-2"))
    early = {"created_at": "2020-05-15T09:59:59+08:00", "refunded": "100.00"}
    fees.archive(order("same", **early), order("earlier", **early))
    at = parse_instant("2020-05-15T09:59:59+08:00")
    assert fees.first_orders()[0] == ("S-1", "earlier", at)
    assert [store for store, _, _ in fees.first_orders()] == ["S-1", "S-2"]


def test_orders_of_unknown_stores_are_kept_named_and_wait(fees: Fees) -> None:
    """They count from the moment that somebody onboards the store."""
    fees.rates()
    fees.tell(onboarded("S-2"))
    answer = fees.archive(order("a"), order("b", store="S-2"), order("c", store="S-0"))
    assert (answer.recorded, answer.outlook.unknown_stores) == (3, ["S-0", "S-1"])
    assert fees.amounts() == {"S-2": "-1.00"}
    fees.tell(onboarded("S-1", "2020-03-01T10:00:00+08:00"))
    assert fees.amounts() == {"S-1": "-5.00", "S-2": "-1.00"}


def test_a_dry_run_says_what_would_happen_and_writes_nothing(fees: Fees) -> None:
    """Neither an event nor a file, nor the folder itself."""
    head = fees.book.head()
    answer = fees.archive(order("a"), order("b"), dry_run=True)
    assert (answer.recorded, answer.known, answer.archived) == (2, 0, [])
    assert (fees.book.head(), answer.position) == (head, head.position)
    assert not fees.archive_folder.exists()
    fees.archive(order("a"))
    names, head = fees.names(), fees.book.head()
    late = order("b", refunded="1.00", updated_at="2020-06-01T00:00:00Z")
    answer = fees.archive(order("a"), order("c"), order("b", store="S-2"), late, dry_run=True)
    assert (answer.recorded, answer.known, answer.revised) == (3, 1, 0)
    assert answer.outlook.currencies == {"CNY": {"orders": 3, "amount": "300.00"}}
    assert (fees.names(), fees.book.head()) == (names, head)


def test_two_feeds_of_one_day_are_an_exception(fees: Fees) -> None:
    """What somebody told of the same day and basis stands against what the orders sum to, in the
    zone of each edition that reads placed GMV."""
    gmv = {"type": "GMVRecorded", "at": "2026-05-21T10:00:00+08:00", "store": "S-1"}
    gmv |= {"day": "2026-05-20", "amount": "1.00", "currency": "CNY", "basis": "placed"}
    fees.archive(order("a", created_at="2026-05-20T23:59:59+08:00"))
    fees.tell(onboarded("S-1"))
    path = fees.folder / "gmv.ndjson"
    path.write_text(json.dumps(gmv) + "\n")
    from ledger.usecases.recording.record import record

    warnings = record(fees.book, [str(path)], now=NOW, by="test").warnings
    assert {one.code for one in warnings} == {"two_feeds"}
    told = [row for row in report(fees.book, "exceptions").rows if row["code"] == "two_feeds"]
    assert {row["program"] for row in told} == {"growth-2026-05", "service-agreements-2022"}
    assert {row["position"] for row in told} == {fees.book.head().position}


def test_the_log_is_whole_with_every_index_entry(fees: Fees, assert_whole: Any) -> None:
    """After files, revisions and stores of any script."""
    fees.archive(order("a"), order("b", store="店-7"))
    fees.archive(order("a", refunded="5.00"), order("c", created_at="2020-05-01T00:00:00+08:00"))
    assert_whole(fees.book)


def test_a_book_that_may_only_be_read_takes_no_orders_but_answers(tmp_path: Path) -> None:
    """A dry run says what would be new, and fees are worked out."""
    with TemporaryDirectory(prefix="duebook-ro-") as name:
        Path(name).chmod(0o755)
        fees = Fees(init(f"{name}/book.db", "platform")[0], tmp_path)
        fees.rates()
        fees.tell(onboarded("S-1"))
        fees.archive(order("a"))
        shutil.copy(fees.file(order("b")), f"{name}/b.csv")
        assert fees.amounts() == {"S-1": "-1.00"}
        fees.book.close()
        for path in Path(name).rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        Path(name).chmod(0o555)
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 0)
        try:
            fees.book = open_book(f"{name}/book.db")
            with pytest.raises(ReadOnlyBook) as refused:
                fees.archive_files(f"{name}/b.csv")
            assert refused.value.hint
            assert fees.archive_files(f"{name}/b.csv", dry_run=True).recorded == 1
            assert fees.amounts() == {"S-1": "-1.00"}
            fees.book.close()
        finally:
            os.setresuid(os.getresuid()[2], os.getresuid()[2], os.getresuid()[2])
        Path(name).chmod(0o755)
        (Path(name) / "book.db.orders").chmod(0o755)


@pytest.mark.parametrize("database", ["postgresql"])
def test_a_book_on_a_server_without_a_folder_says_how_to_name_one(
    location: str, tmp_path: Path
) -> None:
    """There is no place beside it."""
    book, _ = init(location, "platform")
    found = Fees(book, tmp_path)
    with pytest.raises(NoArchive) as refused:
        found.archive(order("a"))
    assert "duebook init --archive FOLDER" in refused.value.hint
    book.close()


@decision
def test_a_dry_run_tells_all_that_the_orders_will_meet(fees: Fees) -> None:
    """Stores that nobody has onboarded, categories without a rate, days of no edition."""
    fees.rates(rates=RATES)
    fees.tell(onboarded("S-1"))
    rows = [
        order("a"),
        order("b", category="gadgets"),
        order("c", store="S-9", currency="USD"),
        order("d", category="toys", created_at="2019-05-20T12:00:00+08:00"),
    ]
    looked = fees.archive(*rows, dry_run=True).outlook
    assert looked.unknown_stores == ["S-9"]
    assert looked.without_rate == {PROGRAM: ["gadgets"]}
    assert looked.outside is not None
    assert (looked.outside.orders, looked.outside.first) == (1, "2019-05-20T04:00:00Z")
    assert set(looked.currencies) == {"CNY", "USD"}
    assert fees.archive(*rows).outlook == looked
