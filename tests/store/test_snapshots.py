"""Snapshots left by a close: the next term reads less and says exactly the same."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.store.book import Book
from ledger.store.log import read_log, read_positions
from ledger.usecases.settling.settle import Settlement, settle
from ledger.usecases.terms.publish import publish
from ledger.usecases.verifying.snapshots import verify_snapshots
from tests.marks import decision
from tests.quarter import GROWTH, NOW, Facts, Quarter, edition, enrolled, fee_paid

NEXT = "growth-2026-08"
MERCHANTS = ("M-7", "M-8", "M-9")


def following() -> Edition:
    """The growth service from August to October, with days of making up of its own."""
    days = {"first": date(2026, 8, 1), "last": date(2026, 10, 31)}
    named = {"program": NEXT, "publisher": "acme", "version": 1}
    return edition(GROWTH, **named, **days, make_up_due="2026-12-11")


def sale(merchant: str, day: str, amount: str, at: str | None = None, **more: str) -> Any:
    """GMV of a day of a merchant's store, reported the day after unless told otherwise."""
    fact = {"type": "GMVRecorded", "at": at or f"{day}T23:00:00+08:00", "store": f"S-{merchant}"}
    return fact | {"day": day, "amount": amount, "currency": "USD", "basis": "placed"} | more


def old_sales(merchant: str) -> Facts:
    """A long history in the first term."""
    return [sale(merchant, f"2026-06-{day:02}", f"{day}.00") for day in range(1, 31)]


def new_enrolment(merchant: str) -> Facts:
    """Invited and enrolled again, with the same store, and paid."""
    facts = [one for one in enrolled(merchant, NEXT) if one["type"].startswith("MerchantI")]
    at = {"at": "2026-08-01T00:00:00+08:00", "program": NEXT, "merchant": merchant}
    joined = {"type": "MerchantEnrolled", **at, "store": f"S-{merchant}", "promised": {}}
    return [*facts, joined, {**fee_paid("6000.00"), **at}]


def tell_two_terms(book: Any, folder: Path) -> None:
    """Three merchants with a first term, closed, in the middle of which new days were told."""
    made = Quarter(book, folder)
    publish(book, following(), "lin")
    for merchant in MERCHANTS:
        made.tell(
            [*enrolled(merchant), *old_sales(merchant), fee_paid("6000.00", merchant=merchant)]
        )
        made.tell(new_enrolment(merchant))
    made.tell([sale("M-9", "2026-07-31", "40.00"), sale("M-8", "2026-11-03", "20.00")])
    made.tell([sale("M-7", "2026-08-01", "1000.00"), sale("M-8", "2026-08-02", "500.00")])
    made.close(GROWTH, leave_open="content comes later")


@pytest.fixture
def two_terms(book_with: Callable[[Any], Any], tmp_path: Path) -> Quarter:
    """A book in which the second term follows a closed one."""
    made = Quarter(book_with(tell_two_terms), tmp_path)
    with made.book.reading() as connection:
        made.told = [one.position for one in read_log(connection) if one.row][:5]
    return made


def run(
    book: Book, program: str = NEXT, *, as_of: int = NOW, known_at: int | None = None, **how: Any
) -> Settlement:
    """The term's run at some clocks."""
    with book.reading() as connection:
        own = following() if program == NEXT else edition(program)
        return settle(connection, own, Clocks(as_of, known_at or book.head().position), **how)


def kept(book: Book) -> list[tuple[Any, ...]]:
    """The rows of the snapshots."""
    with book.reading() as connection:
        sql = "SELECT stream, position, version, day, later FROM snapshots ORDER BY stream"
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def write(book: Book, sql: str) -> None:
    """Changes rows past the log, as one who has the database would."""
    with (
        book.engine.connect().execution_options(duebook_write=True) as connection,
        connection.begin(),
    ):
        assert connection.exec_driver_sql(sql).rowcount


def same_without(quarter: Quarter, **clocks: int) -> Settlement:
    """The next term's run, after asserting that it is that of a book without snapshots."""
    book = quarter.book
    found = run(book, **clocks)
    untrusting = run(book, trusting=False, **clocks)
    assert quarter.failing() == {}
    write(book, "DELETE FROM snapshots")
    bare = run(book, **clocks)
    assert list(found.lines) == list(bare.lines) == list(untrusting.lines)
    assert found.obligations == bare.obligations
    assert found.events_read <= bare.events_read == untrusting.events_read
    return found


def charged(found: Settlement) -> dict[str, str]:
    """The commissions by merchant."""
    return {
        one.payee.partition(":")[2]: one.amount.text
        for one in found.lines
        if one.kind == "commission"
    }


def test_a_close_leaves_a_snapshot_of_every_store_it_read(two_terms: Quarter) -> None:
    """Where the sales of days after the term stand, at the position of the close's facts."""
    rows = kept(two_terms.book)
    assert [row[0] for row in rows] == [f"store:S-{merchant}" for merchant in MERCHANTS]
    assert {row[3] for row in rows} == {"2026-07-31"}
    later = {row[0]: row[4].strip("[]").split(", ") for row in rows}
    assert [len([one for one in found if one]) for found in later.values()] == [1, 2, 0]
    (check,) = verify_snapshots(two_terms.book)
    assert (check.ok, check.detail) == (True, "3 are what the log gives")


def test_the_next_term_says_the_same_and_reads_less(two_terms: Quarter) -> None:
    """The old days, thirty-one of each store and one more, are not read again."""
    with_them = run(two_terms.book).events_read
    found = same_without(two_terms)
    assert charged(found) == {"M-7": "-200.00", "M-8": "-100.00", "M-9": "0.00"}
    without = run(two_terms.book).events_read
    assert (with_them, without - with_them) == (found.events_read, 31 * len(MERCHANTS) + 1)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], "-200.00"),
        ([sale("M-7", "2026-07-31", "999.00", "2026-11-01T09:00:00+08:00")], "-200.00"),
        ([sale("M-7", "2026-08-01", "1.00", "2026-11-01T09:00:00+08:00")], "-200.20"),
        ([sale("M-7", "2026-10-31", "5.00")], "-201.00"),
        ([sale("M-7", "2026-11-01", "5.00")], "-200.00"),
        ([sale("M-7", "2026-08-01", "-1000.00", "2026-11-01T09:00:00+08:00")], "0.00"),
        ([sale("M-7", "2026-08-09", "7.00", basis="settled")], "-200.00"),
    ],
    ids=["none", "old day late", "first day late", "last day", "day after", "refund", "settled"],
)
@decision
def test_what_comes_after_the_close_is_found(
    two_terms: Quarter, more: Facts, expected: str
) -> None:
    """Late GMV of old days changes nothing; that of new days counts, whenever it comes."""
    if more:
        two_terms.tell(more)
    assert charged(same_without(two_terms))["M-7"] == expected


def test_a_withdrawn_fact_of_a_snapshot_counts_no_more(two_terms: Quarter) -> None:
    """Of a new day told before the close, of one told after it, and of an old day."""
    book = two_terms.book
    (later,) = (row[4] for row in kept(book) if row[0] == "store:S-M-7")
    two_terms.withdraw(int(later.strip("[]")))
    (told,) = two_terms.tell([sale("M-7", "2026-08-03", "30.00")])
    assert charged(run(book))["M-7"] == "-6.00"
    before = book.head().position
    two_terms.withdraw(told)
    two_terms.withdraw(two_terms.told[4])
    assert charged(run(book, known_at=before))["M-7"] == "-6.00"
    assert charged(same_without(two_terms))["M-7"] == "0.00"


def test_a_fact_withdrawn_before_the_close_stays_out(book: Any, tmp_path: Path) -> None:
    """The snapshot may hold it: what counts is asked when it is used."""
    quarter = Quarter(book, tmp_path)
    publish(book, following(), "lin")
    quarter.tell([*enrolled(), *new_enrolment("M-7")])
    wrong, _ = quarter.tell([sale("M-7", "2026-08-01", d) for d in ("9.00", "5.00")])
    quarter.withdraw(wrong)
    quarter.close(GROWTH, leave_open="no fee")
    assert charged(same_without(quarter)) == {"M-7": "-1.00"}


def test_at_a_known_at_before_the_close_there_is_no_snapshot(two_terms: Quarter) -> None:
    """The run reads everything, and says what was known then."""
    (position,) = {row[1] for row in kept(two_terms.book)}
    two_terms.tell([sale("M-7", "2026-08-03", "100.00")])
    before, at = (run(two_terms.book, known_at=one) for one in (position - 1, position))
    assert (charged(before)["M-8"], charged(at)["M-8"]) == ("0.00", "-100.00")
    assert before.events_read > at.events_read
    assert charged(same_without(two_terms, known_at=position))["M-7"] == "-200.00"


def test_at_an_earlier_as_of_later_facts_do_not_count(two_terms: Quarter) -> None:
    """Facts that the snapshot names happened later: business time asks its own question."""
    early = parse_instant("2026-08-02T00:00:00+08:00")
    found = same_without(two_terms, as_of=early)
    assert charged(found) == {"M-7": "-200.00", "M-8": "0.00", "M-9": "0.00"}


def test_a_store_that_no_close_has_read_is_read_whole(two_terms: Quarter) -> None:
    """It came with the second term; the others are folded from their snapshots."""
    shop = [one for one in enrolled("M-0") if one["type"] == "MerchantOnboarded"]
    two_terms.tell([*shop, *new_enrolment("M-0"), sale("M-0", "2026-09-01", "50.00")])
    found = charged(same_without(two_terms))
    assert (found["M-0"], found["M-7"]) == ("-10.00", "-200.00")


def test_the_closed_term_itself_never_folds_from_its_own_snapshot(two_terms: Quarter) -> None:
    """Its days lie before: late GMV of them is found by an adjustment."""
    late = sale("M-9", "2026-07-31", "100.00", "2026-11-01T09:00:00+08:00")
    (position,) = two_terms.tell([late])
    rows = two_terms.adjust(GROWTH)["adjustments"]
    assert [(one["line"], one["because"]) for one in rows] == [
        (f"{GROWTH}/M-9/commission", [position])
    ]
    two_terms.unchanged(GROWTH)


def test_a_term_that_begins_on_a_closed_terms_last_day_reads_that_day(
    two_terms: Quarter,
) -> None:
    """A snapshot holds what comes after its day, so only later terms may fold from it."""
    named = {"program": "growth-2026-07", "publisher": "acme", "version": 1}
    days = {"first": date(2026, 7, 31), "last": date(2026, 8, 31)}
    own = edition(GROWTH, **named, **days, make_up_due="2026-12-11")
    publish(two_terms.book, own, "lin")
    facts = json.loads(json.dumps(new_enrolment("M-9")).replace(NEXT, own.program))
    joined = facts[1] | {"at": "2026-07-31T00:00:00+08:00"}
    two_terms.tell([facts[0], joined])
    clocks = Clocks(NOW, two_terms.book.head().position)
    with two_terms.book.reading() as connection:
        assert charged(settle(connection, own, clocks)) == {"M-9": "-8.00"}


def test_a_second_close_snapshots_from_the_first(two_terms: Quarter) -> None:
    """The term after next folds from the later one; both verify."""
    two_terms.tell([sale("M-7", "2026-11-02", "70.00"), sale("M-7", "2026-10-31", "5.00")])
    two_terms.close(NEXT, leave_open="content comes later")
    rows = kept(two_terms.book)
    assert len(rows) == 2 * len(MERCHANTS)
    later = {row[0][-3:]: row[4] for row in rows if row[3] == "2026-10-31"}
    days = {"M-7": ["2026-11-02"], "M-8": ["2026-11-03"], "M-9": []}
    with two_terms.book.reading() as connection:
        for merchant, wanted in days.items():
            found = read_positions(connection, json.loads(later[merchant]))
            assert [str(one.event.day) for one in found] == wanted
    (check,) = verify_snapshots(two_terms.book)
    assert (check.ok, check.detail) == (True, "6 are what the log gives")


def test_replaying_and_verifying_do_not_trust_snapshots(two_terms: Quarter) -> None:
    """With a snapshot that hides every sale the close of the next term still replays."""
    two_terms.close(NEXT, leave_open="content comes later")
    told = charged(run(two_terms.book))
    write(two_terms.book, "UPDATE snapshots SET later = '[]' WHERE day = '2026-07-31'")
    assert charged(run(two_terms.book)) != told, "settling trusts it"
    assert charged(run(two_terms.book, trusting=False)) == told
    assert two_terms.replay(NEXT)["identical"] is True
    assert set(two_terms.failing()) == {"snapshots"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE snapshots SET later = '[]' WHERE stream = 'store:S-M-7'",
        "UPDATE snapshots SET later = '[3]' WHERE stream = 'store:S-M-9'",
        "UPDATE snapshots SET version = version + 1 WHERE stream = 'store:S-M-8'",
        "UPDATE snapshots SET version = version - 1 WHERE stream = 'store:S-M-8'",
        "UPDATE snapshots SET day = '2026-08-01' WHERE stream = 'store:S-M-7'",
        "UPDATE snapshots SET position = 3 WHERE stream = 'store:S-M-7'",
        "UPDATE snapshots SET stream = 'store:S-X' WHERE stream = 'store:S-M-7'",
    ],
)
@decision
def test_a_tampered_snapshot_is_found(two_terms: Quarter, change: str) -> None:
    """Whatever column of it: the stream and position are named."""
    write(two_terms.book, change)
    (check,) = verify_snapshots(two_terms.book)
    assert not check.ok
    assert "is not what the log gives" in check.detail
    assert check.detail.startswith("store:S-")


def test_a_book_without_snapshots_has_nothing_to_verify(
    book: Book, record_facts: Callable[..., Any]
) -> None:
    """They are disposable: their absence is no fault."""
    record_facts(book, enrolled())
    assert verify_snapshots(book) == []
