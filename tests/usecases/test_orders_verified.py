"""What became of the archive later: missing and altered files, sums that do not follow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.store.archive.refusals import ArchivedFileAltered, ArchivedFileMissing
from ledger.store.reader import LogReader
from tests.fees import NOW, Fees, onboarded, order
from tests.marks import decision
from tests.quarter import forge


def archive(book: Any, folder: Path) -> None:
    """Two files: one of May, one of June."""
    fees = Fees(book, folder)
    fees.rates()
    fees.tell(onboarded("S-1"))
    fees.archive(order("a"), order("b"))
    fees.archive(order("c", created_at="2020-06-20T12:00:00+08:00"))


@pytest.fixture
def archived(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """A book that was told so."""
    return Fees(book_with(archive), tmp_path, calls=100)


def path_of(fees: Fees, number: int) -> Path:
    """A file of the archive, in the order of the log."""
    event = fees.facts("orders-archived.v2")[number].event.files[0]
    return fees.archive_folder / f"{event.digest}.parquet"


def alter(path: Path, at: int) -> None:
    """Changes one byte."""
    path.chmod(0o644)
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def test_a_whole_archive_verifies(archived: Fees) -> None:
    """The files, and what their lines sum to."""
    assert archived.checks() == {
        "order files": (True, "2 files with the recorded digest"),
        "order sums": (True, "2 files with the recorded sums"),
        "order summaries": (True, "2 of 2 files have one that agrees with them"),
    }


def test_a_book_without_orders_has_nothing_to_verify(fees: Fees) -> None:
    """On either database, with or without a folder."""
    assert fees.checks() == {}


@pytest.mark.parametrize("at", [0, 100, -1])
@decision
def test_an_altered_file_is_named_with_what_rests_on_it(archived: Fees, at: int) -> None:
    """Whichever byte it is; the sums are not asked of it."""
    path = path_of(archived, 0)
    alter(path, at)
    ((ok, detail),) = archived.checks().values()
    event = archived.facts("orders-archived.v2")[0]
    assert not ok
    assert f"position {event.position}: " in detail
    assert str(path) in detail
    assert "cannot be worked out without it" in detail


@decision
def test_a_missing_file_is_named(archived: Fees) -> None:
    """As an altered one is."""
    path = path_of(archived, 1)
    path.unlink()
    ((ok, detail),) = archived.checks().values()
    assert (ok, str(path) in detail, "cannot be read" in detail) == (False, True, True)


@decision
def test_another_files_bytes_under_its_name_are_noticed(archived: Fees) -> None:
    """A sound Parquet file, only not this one."""
    one, other = path_of(archived, 0), path_of(archived, 1)
    one.chmod(0o644)
    one.write_bytes(other.read_bytes())
    assert not archived.checks()["order files"][0]


@decision
def test_settle_refuses_an_altered_file_and_leaves_other_months_alone(archived: Fees) -> None:
    """Every byte that a run reads is compared with its digest before."""
    alter(path_of(archived, 0), 100)
    with pytest.raises(ArchivedFileAltered) as refused:
        archived.settle()
    assert refused.value.hint
    june = archived.amounts("2020-06", parse_instant("2020-08-01T00:00:00+08:00"))
    assert june == {"S-1": "-5.00"}


def test_settle_and_orders_refuse_an_archive_with_a_file_missing(archived: Fees) -> None:
    """Nothing can be compared with lines that are not there."""
    path_of(archived, 0).unlink()
    with pytest.raises(ArchivedFileMissing):
        archived.settle()
    head = archived.book.head()
    with pytest.raises(ArchivedFileMissing):
        archived.archive(order("d"))
    assert archived.book.head() == head


def test_an_event_that_says_another_sum_than_its_file_is_named(archived: Fees) -> None:
    """Forged with a sound chain, as one could who has the database."""
    forge(
        archived.book,
        "orders-archived.v2",
        lambda state: state.replace(b'"amount":"200.00"', b'"amount":"100.00"'),
    )
    (files, _), (sums, detail), _ = archived.checks().values()
    assert (files, sums) == (True, False)
    assert "'200.00'" in detail


@decision
def test_a_file_without_an_event_is_nothing(archived: Fees) -> None:
    """Neither for verify nor for the fees."""
    extra = archived.archive_folder / f"{'0' * 64}.parquet"
    extra.write_bytes(b"PAR1")
    assert all(ok for ok, _ in archived.checks().values())
    assert archived.amounts() == {"S-1": "-2.00"}


def test_summaries_are_disposable_and_checked(archived: Fees) -> None:
    """First orders are the same without them; one that lies is named."""
    summaries = sorted((archived.archive_folder / "summaries").iterdir())
    files = sorted(one.partition(".")[0] for one in archived.names())
    assert [one.stem for one in summaries] == files
    told = archived.first_orders()
    assert archived.checks()["order summaries"][0]
    summaries[0].write_bytes(summaries[1].read_bytes())
    ok, detail = archived.checks()["order summaries"]
    assert (ok, summaries[0].name in detail, "Remove it" in detail) == (False, True, True)
    summaries[0].unlink()
    assert archived.first_orders() == told
    assert archived.checks()["order summaries"][0]
    archived.archive(order("another"))
    assert summaries[0].exists(), "what is missing is made with the next call"


def test_first_orders_are_read_from_summaries_alone(archived: Fees) -> None:
    """The files need not be hashed for them, but they have to be there."""
    clocks = Clocks(NOW, archived.book.head().position)
    for number in (0, 1):
        alter(path_of(archived, number), 100)
    with archived.book.reading() as connection:
        (first,) = LogReader(connection, clocks).first_orders(["S-1"])
        assert (first.event.order, first.at) == ("a", parse_instant("2020-05-20T04:00:00Z"))
        path_of(archived, 0).unlink()
        with pytest.raises(ArchivedFileMissing):
            list(LogReader(connection, clocks).first_orders(["S-1"]))


def test_a_later_version_outside_of_the_window_is_looked_at_before_it_is_read(
    archived: Fees,
) -> None:
    """A run of May asks June's file which orders it replaces: it may be none that was altered."""
    later = {"created_at": "2020-06-20T12:00:00+08:00"}
    archived.archive(order("c", refunded="1.00", updated_at="2020-06-21T12:00:00+08:00", **later))
    assert archived.facts("orders-archived.v2")[2].event.revises
    assert archived.amounts()
    alter(path_of(archived, 2), 40)
    with pytest.raises(ArchivedFileAltered):
        archived.amounts()


def test_a_run_does_without_a_file_that_it_does_not_read(archived: Fees) -> None:
    """One of other months, whose orders replace none; `verify` misses it all the same."""
    before = archived.amounts()
    path_of(archived, 1).unlink()
    assert archived.amounts() == before
    with pytest.raises(ArchivedFileMissing):
        archived.settle("2020-06", as_of=NOW)
    assert not archived.checks()["order files"][0]
