"""Tampering with a book as somebody who has the file would: `verify` names the place every time."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.kernel.counted import counted
from ledger.kernel.instants import parse_instant
from ledger.programs.registry import shipped
from ledger.store import chain
from ledger.store.book import open_book
from ledger.store.receipts import parse_receipt
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.verifying.verify import Check, verify

NOW = parse_instant("2026-11-21T12:00:00Z")
AT = {"at": "2026-01-10T09:00:00+08:00"}
GMV = {"type": "GMVRecorded", **AT, "day": "2026-01-09", "currency": "CNY", "basis": "settled"}
ONBOARDED = {"type": "MerchantOnboarded", **AT, "merchant": "M-1", "market": "EU", "brand": "B-1"}
EMPTY = 1 + len(shipped())
"""A book as `init` leaves it: opened, and each shipped edition published."""
FIRST = [
    {"type": "PartnerCertified", **AT, "partner": "P-1"},
    {**ONBOARDED, "store": "S-1", "partner": "P-1"},
    {"type": "StoreVerified", **AT, "store": "S-1"},
    {**GMV, "store": "S-1", "amount": "5.00", "source": "erp", "id": "7"},
    {"type": "StoreClosed", **AT, "store": "S-1", "reason": "other"},
    {"type": "FirstSale", **AT, "store": "S-1"},
]
SECOND = [
    {"type": "FactWithdrawn", **AT, "position": EMPTY + 6, "reason": "another store"},
    {"type": "FactWithdrawn", **AT, "source": "erp", "id": "9", "reason": "not sent yet"},
    {"type": "StockListed", **AT, "store": "S-1", "country": "DE"},
]
STORE, MIDDLE, CLOSED, WITHDRAWAL, LAST = (EMPTY + n for n in (3, 5, 6, 9, 11))
"""The positions of the onboarding, the GMV, the closing, its withdrawal and the end.

After an empty book: a batch and its six facts, a batch and its three facts.
"""

Tamper = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small book with its receipts, made once and copied for every test."""
    folder = tmp_path_factory.mktemp("whole")
    book, _ = init(str(folder / "book.db"), "platform")
    for name, facts in (("first", FIRST), ("second", SECOND)):
        path = folder / f"{name}.ndjson"
        path.write_text("".join(json.dumps(one) + "\n" for one in facts), encoding="utf-8")
        answer = record(book, [str(path)], now=NOW, by="test")
    assert answer.position == LAST
    book.close()
    return folder / "book.db"


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A copy of the book and of its receipts."""
    for suffix in ("", ".receipts"):
        shutil.copy(f"{whole}{suffix}", tmp_path / f"book.db{suffix}")
    return tmp_path / "book.db"


def _checks(path: Path, *receipts: str) -> dict[str, Check]:
    given = [parse_receipt(one, "--receipt") for one in receipts]
    book = open_book(str(path))
    try:
        return {one.name: one for one in verify(book, given, lambda what, more: None)}
    finally:
        book.close()


def _failing(path: Path, *receipts: str) -> dict[str, str]:
    return {n: one.detail for n, one in _checks(path, *receipts).items() if not one.ok}


@pytest.fixture
def tamper(copy: Path) -> Iterator[Tamper]:
    """Runs SQL past the triggers, puts them back as they were, and answers what verify finds."""

    def run(*statements: str) -> dict[str, str]:
        connection = sqlite3.connect(copy)
        sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.execute(sql).fetchall()
        assert len(triggers) == 3
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        changed = sum(connection.execute(one).rowcount for one in statements)
        assert changed, "the tampering changed nothing"
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()
        connection.close()
        return _failing(copy)

    return run


def test_a_whole_book_verifies(copy: Path) -> None:
    """Every check holds and says how much it looked at."""
    checks = _checks(copy)
    assert list(checks) == ["chain", "events", "receipts", "refs", "withdrawn", "guards"]
    assert all(one.ok for one in checks.values()), checks
    assert f"{LAST} events" in checks["chain"].detail
    assert checks["receipts"].detail == "3 hold"
    assert checks["guards"].as_json() == {"name": "guards", "ok": True, "detail": "in place"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("stream", "'store:S-2'"),
        ("version", "version + 1000"),
        ("topic", "'first-sale.v1'"),
        ("state", "CAST(replace(state, '5.00', '6.00') AS BLOB)"),
        ("state", "CAST(state || ' ' AS BLOB)"),
        ("at", "at + 1"),
        ("recorded_at", "recorded_at + 1"),
        ("recorded_at", "recorded_at - 1"),
        ("by", "'X'"),
        ("batch", "batch + 1"),
        ("row", "row + 1"),
        ("key", "CAST(substr(key, 1, 31) || x'00' AS BLOB)"),
        ("key", "NULL"),
        ("hash", "CAST(x'00' || substr(hash, 2) AS BLOB)"),
    ],
)
def test_one_changed_value_is_found_at_its_position(
    tamper: Tamper, column: str, value: str
) -> None:
    """Every column of an event is covered by its hash."""
    found = tamper(f'UPDATE events SET "{column}" = {value} WHERE position = {MIDDLE}')
    assert found["chain"].startswith(f"position {MIDDLE}: ")


@pytest.mark.parametrize("value", [0, -1, 700, 2**63 - 1])
def test_a_changed_position_is_found_where_one_is_missing(tamper: Tamper, value: int) -> None:
    """Positions have no gaps; the first one that does not follow is named."""
    found = tamper(f"UPDATE events SET position = {value} WHERE position = {MIDDLE}")
    place = MIDDLE if value > 0 else 1
    assert found["chain"].startswith(f"position {place} is missing")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("stream", "x'ff'"),
        *(("version", "'abc'"), ("version", "version + 0.5")),
        *(("topic", "'nobody-knows.v1'"), ("topic", "x'00'")),
        *(("state", "'text'"), ("state", "x'ff00'"), ("state", "x''"), ("state", "7")),
        *(("state", "x'7b'"), ("state", "x'7b7d'"), ("state", "x'5b5d'"), ("state", "x'6e756c6c'")),
        *(("state", "9000000000000000000"), ("state", "zeroblob(100000)")),
        *(("at", "'abc'"), ("at", "at + 0.5"), ("recorded_at", "'abc'"), ("recorded_at", "x'00'")),
        *(("by", "x'ff'"), ("by", "5"), ("batch", "'abc'"), ("row", "'abc'")),
        *(("key", "'text'"), ("key", "5"), ("hash", "x''"), ("hash", "5")),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_named_and_stops_nothing(
    tamper: Tamper, column: str, value: str
) -> None:
    """SQLite stores anything anywhere; the other checks still answer."""
    found = tamper(f'UPDATE events SET "{column}" = {value} WHERE position = {MIDDLE}')
    assert found["chain"].startswith(f"position {MIDDLE}: ")
    assert "receipts" not in found
    assert "Error" not in " ".join(found.values())
    if column == "state":
        assert found["events"].startswith(f"Event {MIDDLE} (gmv-recorded.v1) does not read back")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("version", "'abc'", "the column version holds the text 'abc', expected a whole number"),
        ("at", "1.5", "the column at holds the number 1.5, expected a whole number"),
        ("state", "'text'", "the column state holds the text 'text', expected bytes"),
        ("by", "x'ff'", "the column by holds bytes, expected a text"),
    ],
)
def test_a_column_that_holds_something_else_is_named_with_what_it_holds(
    tamper: Tamper, column: str, value: str, said: str
) -> None:
    """An auditor reads it, who does not know what the book is written in."""
    found = tamper(f'UPDATE events SET "{column}" = {value} WHERE position = {MIDDLE}')
    assert found["chain"] == f"position {MIDDLE}: {said}"


def test_two_swapped_events_are_found(tamper: Tamper) -> None:
    """Each would be sound by itself in the other's place."""
    found = tamper(
        f"UPDATE events SET position = -1 WHERE position = {MIDDLE - 1}",
        f"UPDATE events SET position = {MIDDLE - 1} WHERE position = {MIDDLE}",
        f"UPDATE events SET position = {MIDDLE} WHERE position = -1",
    )
    assert found["chain"].startswith(f"position {MIDDLE - 1}: ")


@pytest.mark.parametrize("position", [1, 2, MIDDLE, LAST - 1])
def test_a_deleted_event_is_found(tamper: Tamper, position: int) -> None:
    """The first, one in the middle, the one before the last."""
    found = tamper(f"DELETE FROM events WHERE position = {position}")
    assert found["chain"] == f"position {position} is missing; {position + 1} follows"


def test_a_deleted_event_is_found_although_the_others_moved_up(tamper: Tamper) -> None:
    """Without a gap it is the hash of the next one that does not follow."""
    after = range(MIDDLE + 1, LAST + 1)
    moved = [f"UPDATE events SET position = {n - 1} WHERE position = {n}" for n in after]
    found = tamper(f"DELETE FROM events WHERE position = {MIDDLE}", *moved)
    assert found["chain"].startswith(f"position {MIDDLE}: ")


def test_an_event_in_another_things_stream_is_found(tamper: Tamper) -> None:
    """Also the check that reads events back names the place by itself."""
    found = tamper(f"UPDATE events SET stream = 'store:S-2' WHERE position = {MIDDLE}")
    assert found["events"] == f"position {MIDDLE} stands in store:S-2, not store:S-1"


@pytest.mark.parametrize("below", [1, 4, LAST - EMPTY - 1])
def test_a_cut_tail_is_found_by_the_receipts(tamper: Tamper, below: int) -> None:
    """What is left is a sound log, only shorter than somebody was told."""
    keep = LAST - below
    found = tamper(
        *(f"DELETE FROM {table} WHERE position > {keep}" for table in ("events", "refs")),
        f"DELETE FROM withdrawn WHERE position > {keep}",
    )
    assert list(found) == ["receipts"]
    assert (
        f"the log ends at {keep}, {counted(below, 'event')} below its last receipt"
        in found["receipts"]
    )


def test_a_log_rewritten_from_a_place_on_is_found_by_the_receipts(
    tamper: Tamper, copy: Path
) -> None:
    """Whoever computes every hash anew makes a sound chain that nobody was given a receipt of."""
    columns = "position, stream, version, topic, state, at, recorded_at, by, batch, row, key, hash"
    connection = sqlite3.connect(copy)
    rows = connection.execute(f"SELECT {columns} FROM events ORDER BY position").fetchall()
    connection.close()
    previous, statements = chain.GENESIS, []
    for *fields, _ in rows:
        if fields[0] == MIDDLE:
            fields[4] = fields[4].replace(b"5.00", b"9.00")
        previous = chain.link(previous, *fields)
        sql = f"UPDATE events SET state = x'{fields[4].hex()}', hash = x'{previous.hex()}'"
        statements.append(f"{sql} WHERE position = {fields[0]}")
    found = tamper(*statements)
    assert list(found) == ["receipts"]
    assert found["receipts"].startswith(
        f"receipt for position {EMPTY + 1 + len(FIRST)} (book.db.receipts line 2)"
    )


def test_an_event_appended_with_a_wrong_hash_is_found(tamper: Tamper) -> None:
    """Inserting is what the triggers allow; making the hash is what they cannot check."""
    found = tamper(
        f"INSERT INTO events SELECT {LAST + 1}, stream, 1000, topic, state, at, recorded_at, by,"
        f" batch, row, NULL, hash FROM events WHERE position = {LAST}"
    )
    assert found["chain"].startswith(f"position {LAST + 1}: ")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE refs SET stream = 'store:S-2' WHERE kind = 'brand'", f"('brand', 'B-1', {STORE}"),
        ("UPDATE refs SET at = at + 1 WHERE kind = 'partner'", f"('partner', 'P-1', {STORE}"),
        ("UPDATE refs SET detail = 'crm' WHERE kind = 'feed'", f"('feed', 'S-1/settled', {MIDDLE}"),
        ("UPDATE refs SET detail = x'ff' WHERE kind = 'feed'", f"('feed', 'S-1/settled', {MIDDLE}"),
        ("UPDATE refs SET at = 'abc' WHERE kind = 'store'", f"('store', 'S-1', {STORE}"),
        ("DELETE FROM refs WHERE kind = 'closed'", f"missing: ('closed', 'S-1', {CLOSED}"),
        ("DELETE FROM refs WHERE kind = 'pending'", "missing: ('pending', "),
        (
            "INSERT INTO refs SELECT kind, 'P-2', position, at, stream, detail FROM refs"
            " WHERE kind = 'partner'",
            f"not in the log: ('partner', 'P-2', {STORE}",
        ),
        (f"UPDATE withdrawn SET target = {MIDDLE}", f"missing: ({CLOSED}, {WITHDRAWAL})"),
        (f"UPDATE withdrawn SET position = {LAST - 1}", f"not in the log: ({CLOSED}, {LAST - 1})"),
        ("UPDATE withdrawn SET position = 'abc'", f"not in the log: ({CLOSED}, 'abc')"),
        ("DELETE FROM withdrawn", f"missing: ({CLOSED}, {WITHDRAWAL})"),
        (
            f"INSERT INTO withdrawn VALUES ({MIDDLE}, {WITHDRAWAL})",
            f"not in the log: ({MIDDLE}, {WITHDRAWAL})",
        ),
    ],
)
def test_an_index_that_says_something_else_than_the_log_is_found(
    tamper: Tamper, statement: str, named: str
) -> None:
    """An edited, deleted or added entry of either index, named with its positions."""
    found = tamper(statement)
    table = "withdrawn" if " withdrawn" in statement else "refs"
    assert [table] == list(found)
    assert named in found[table]


@pytest.mark.parametrize("name", ["refuse_update", "refuse_delete", "refuse_replace"])
def test_a_missing_trigger_is_named(copy: Path, name: str) -> None:
    """Without it the database would take a change that it is there to refuse."""
    connection = sqlite3.connect(copy)
    connection.execute(f"DROP TRIGGER events_{name}")
    connection.commit()
    connection.close()
    assert {"guards": f"missing, disabled or changed: events_{name}"} == _failing(copy)
