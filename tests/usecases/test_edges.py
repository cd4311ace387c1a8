"""Tests that fail on the code of today, each for one bug that was reported."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import BadInstant, BadTerms, UndecodableEvent
from ledger.kernel.instants import format_instant, parse_instant
from ledger.programs.edition import parse_toml, to_toml
from ledger.programs.registry import program_of
from ledger.store.book import Book
from ledger.store.codec import UPCASTERS, Upcaster, decode_rows
from ledger.usecases.recording.record import RecordAnswer
from ledger.usecases.verifying.verify import verify

ACME = (Path(__file__).parents[2] / "fixtures/demo/terms-governance.toml").read_text("utf-8")
AT = {"at": "2026-01-10T09:00:00+08:00"}


def _failing(book: Book) -> dict[str, str]:
    return {c.name: c.detail for c in verify(book, [], lambda what, more: None) if not c.ok}


@pytest.mark.parametrize(
    "text",
    [
        *("2026-01-10T09:00:00.12+8", "2026-01-10T09:00:00,12+08", "2026-01-10T09:00+08:00:00"),
        *("2026-01-10T0900+0800", "2026-01-10T090000+08", "2026-01-10T090000.12+0800"),
    ],
)
def test_a_lucky_length_does_not_make_another_notation_an_instant(text: str) -> None:
    """Basic notation and short offsets are refused at every length."""
    with pytest.raises(BadInstant):
        parse_instant(text)


def test_every_instant_that_is_read_can_be_written() -> None:
    """9999-12-31T23:00-08:00 is in the year 10000 in UTC."""
    with pytest.raises(BadInstant):
        format_instant(parse_instant("9999-12-31T23:00:00-08:00"))


def test_a_withdrawal_by_position_within_its_own_call_leaves_a_book_that_verifies(
    book: Book, record_facts: Callable[..., RecordAnswer]
) -> None:
    """`record` calls it `unknown_fact` and lifts nothing; `verify` must expect the same."""
    closed = {"type": "StoreClosed", **AT, "store": "S-1", "reason": "other"}
    record_facts(book, [closed, {"type": "FactWithdrawn", **AT, "position": 4, "reason": "x"}])
    assert _failing(book) == {}


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("version = 2", "version = 2\nrules_version = 9", "rules_version"),
        ("version = 2", 'version = 2\nrules_version = "1"', "rules_version"),
        ("to = 2026-03-31", "to = 9999-12-31", "to"),
        ('award = "2000.00"', 'award = "-2000.00"', "award"),
        ('"counterfeit"', '"counterfeet"', "high_risk_reasons"),
        ('"DE", "ES"', '"DE", "DE"', "stock_countries"),
        ("from = 2026-01-01", "first = 2026-01-01", "first"),
        ("from = 2026-01-01", "from = 1767225600", "from"),
        ('award = "news-2026-01-29', 'award = "nowhere', "nowhere"),
        ('zone = "Asia/Shanghai"', 'zone = "localtime"', "zone"),
    ],
)
def test_terms_that_cannot_be_worked_out_are_refused(old: str, new: str, named: str) -> None:
    """Published, each of these breaks every later `settle` or pays silently wrong."""
    text = ACME.replace(old, new, 1)
    assert text != ACME
    with pytest.raises(BadTerms, match=named):
        program_of("recruiting").check(parse_toml(text, "mine.toml"))


def test_a_control_character_survives_being_written_and_read() -> None:
    """TOML refuses a bare DEL, JSON does not escape it."""
    edition = parse_toml(ACME, "a").model_copy(update={"assumed": {"zone": "a\x7fb"}})
    assert edition == parse_toml(to_toml(edition), "again.toml")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        "hash = 'text'",
        "stream = CAST(x'ff' AS TEXT)",
        "topic = CAST(x'ff' AS TEXT)",
        "by = CAST(x'ff' AS TEXT)",
    ],
)
def test_no_stored_bytes_crash_verify(book: Book, change: str) -> None:
    """A flipped bit can make a text that is no UTF-8; a hash can hold a text."""
    _tamper(book, f"UPDATE events SET {change} WHERE position = 2")
    assert _failing(book)["chain"].startswith("position 2: ")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_index_that_is_no_text_does_not_crash_verify(book: Book) -> None:
    """The same for the tables beside the events."""
    _tamper(book, "UPDATE refs SET detail = CAST(x'ff' AS TEXT)")
    assert "refs" in _failing(book)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_trigger_that_was_emptied_is_named(book: Book) -> None:
    """A guard of the right name that refuses nothing guards nothing."""
    connection = sqlite3.connect(str(book.path))
    connection.execute("DROP TRIGGER events_refuse_update")
    connection.execute(
        "CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events WHEN 0 BEGIN SELECT 1; END"
    )
    connection.close()
    assert "events_refuse_update" in _failing(book).get("guards", "in place")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_function_that_was_emptied_is_named(book: Book) -> None:
    """On PostgreSQL the triggers share one function, which anybody may replace."""
    with book.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION duebook_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN NEW; END $$"
        )
    assert "guards" in _failing(book)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_empty_log_does_not_verify(book: Book) -> None:
    """A book has at least the event that opened it."""
    tables = ("events", "refs", "withdrawn")
    _tamper(book, *(f"DELETE FROM {table}" for table in tables))
    Path(f"{book.path}.receipts").unlink()
    assert _failing(book) != {}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("line", [b"garbage\n", b"\xff\n", b"9" * 30 + b":" + b"0" * 64 + b"\n"])
def test_a_receipts_file_that_is_none_is_a_failed_check(book: Book, line: bytes) -> None:
    """The other checks still answer, and the exit code is 5."""
    path = Path(f"{book.path}.receipts")
    path.write_bytes(line + path.read_bytes())
    assert "line 1" in _failing(book)["receipts"]


def test_an_upcaster_that_fails_is_an_undecodable_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are no JSON, or lack what the step asks for, under an old topic."""

    def lift(data: dict[str, Any]) -> dict[str, Any]:
        return {"store": data["shop"]}

    monkeypatch.setitem(UPCASTERS, "old.v0", Upcaster("store-verified.v1", lift))
    for state in (b"{", b"{}", b"[]", b"\xff"):
        row = (9, "store:S-1", 1, "old.v0", state, 1, 1, "", 0, 0, bytes(32))
        with pytest.raises(UndecodableEvent):
            list(decode_rows([row]))


def _tamper(book: Book, *statements: str) -> None:
    connection = sqlite3.connect(str(book.path))
    sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    triggers = connection.execute(sql).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for one in statements:
        connection.execute(one)
    for _, sql in triggers:
        connection.execute(sql)
    connection.commit()
    connection.close()
