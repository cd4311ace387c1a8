"""Tampering with a book on PostgreSQL as its owner could: `verify` names the place."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.programs.registry import shipped
from ledger.store.book import Book
from ledger.store.receipts import parse_receipt
from ledger.usecases.recording.record import RecordAnswer
from ledger.usecases.verifying.verify import verify

AT = {"at": "2026-01-10T09:00:00+08:00"}
EMPTY = 1 + len(shipped())
"""A book as `init` leaves it: opened, and each shipped edition published."""
FACTS: list[dict[str, Any]] = [
    {"type": "PartnerCertified", **AT, "partner": "P-1"},
    {"type": "StoreVerified", **AT, "store": "S-1"},
    {"type": "StoreClosed", **AT, "store": "S-1", "reason": "other"},
    {"type": "FirstSale", **AT, "store": "S-1"},
]
WITHDRAWN: list[dict[str, Any]] = [
    {"type": "FactWithdrawn", **AT, "position": EMPTY + 4, "reason": "another store"},
]
CERTIFIED, MIDDLE, CLOSED, LAST = (EMPTY + n for n in (2, 3, 4, 7))
"""After an empty book: a batch and its four facts, a batch and the withdrawal."""

Tamper = Callable[..., dict[str, str]]
pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def filled(book: Book, record_facts: Callable[..., RecordAnswer]) -> Book:
    """A small book on PostgreSQL."""
    record_facts(book, FACTS)
    assert record_facts(book, WITHDRAWN).position == LAST
    return book


def _failing(book: Book, *receipts: str) -> dict[str, str]:
    given = [parse_receipt(one, "--receipt") for one in receipts]
    checks = verify(book, given, lambda what, more: None)
    return {one.name: one.detail for one in checks if not one.ok}


@pytest.fixture
def tamper(filled: Book) -> Tamper:
    """Runs SQL while the triggers sleep, wakes them, and answers what verify finds."""

    def run(*statements: str) -> dict[str, str]:
        receipt = filled.head().receipt
        with filled.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE events DISABLE TRIGGER ALL")
            changed = sum(connection.exec_driver_sql(one).rowcount for one in statements)
            assert changed, "the tampering changed nothing"
            connection.exec_driver_sql("ALTER TABLE events ENABLE TRIGGER ALL")
        return _failing(filled, receipt)

    return run


def test_a_whole_book_verifies(filled: Book) -> None:
    """Every check holds, also with the receipt that was given."""
    assert _failing(filled, filled.head().receipt) == {}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("stream", "'store:S-2'"),
        ("version", "version + 1000"),
        ("state", "convert_to(replace(convert_from(state, 'utf8'), 'S-1', 'S-2'), 'utf8')"),
        ("state", "'\\xff00'::bytea"),
        ("at", "at + 1"),
        ("recorded_at", "recorded_at + 1"),
        ("by", "'X'"),
        ("row", "row + 1"),
        ("key", "NULL"),
        ("key", "set_byte(key, 0, get_byte(key, 0) # 1)"),
        ("hash", "set_byte(hash, 0, get_byte(hash, 0) # 1)"),
    ],
)
def test_one_changed_value_is_found_at_its_position(
    tamper: Tamper, column: str, value: str
) -> None:
    """Every column of an event is covered by its hash, on this database too."""
    found = tamper(f'UPDATE events SET "{column}" = {value} WHERE position = {MIDDLE}')
    assert found["chain"].startswith(f"position {MIDDLE}: ")


def test_a_deleted_event_is_found(tamper: Tamper) -> None:
    """Positions have no gaps."""
    found = tamper(f"DELETE FROM events WHERE position = {MIDDLE}")
    assert found["chain"] == f"position {MIDDLE} is missing; {MIDDLE + 1} follows"


def test_two_swapped_events_are_found(tamper: Tamper) -> None:
    """Each would be sound by itself in the other's place."""
    found = tamper(
        f"UPDATE events SET position = -1 WHERE position = {MIDDLE - 1}",
        f"UPDATE events SET position = {MIDDLE - 1} WHERE position = {MIDDLE}",
        f"UPDATE events SET position = {MIDDLE} WHERE position = -1",
    )
    assert found["chain"].startswith(f"position {MIDDLE - 1}: ")


def test_a_cut_tail_is_found_by_the_receipt_that_was_given(tamper: Tamper) -> None:
    """What is left is a sound log, only shorter than somebody was told."""
    tables = ("events", "refs", "withdrawn")
    found = tamper(*(f"DELETE FROM {table} WHERE position > {MIDDLE}" for table in tables))
    assert list(found) == ["receipts"]
    assert f"the log ends at {MIDDLE}, 4 events below its last receipt" in found["receipts"]


@pytest.mark.parametrize(
    ("statement", "table", "named"),
    [
        (
            "UPDATE refs SET at = at + 1 WHERE kind = 'closed'",
            "refs",
            f"('closed', 'S-1', {CLOSED}",
        ),
        (
            "DELETE FROM refs WHERE kind = 'certified'",
            "refs",
            f"missing: ('certified', 'P-1', {CERTIFIED}",
        ),
        ("DELETE FROM withdrawn", "withdrawn", f"missing: ({CLOSED}, {LAST})"),
        (
            f"INSERT INTO withdrawn VALUES ({MIDDLE}, {LAST})",
            "withdrawn",
            f"not in the log: ({MIDDLE}, {LAST})",
        ),
    ],
)
def test_an_index_that_says_something_else_than_the_log_is_found(
    tamper: Tamper, statement: str, table: str, named: str
) -> None:
    """An edited, deleted or added entry of either index, named with its positions."""
    found = tamper(statement)
    assert [table] == list(found)
    assert named in found[table]


@pytest.mark.parametrize("name", ["events_refuse_change", "events_refuse_truncate"])
@pytest.mark.parametrize(
    "how", ["ALTER TABLE events DISABLE TRIGGER {}", "DROP TRIGGER {} ON events"]
)
def test_a_trigger_that_is_missing_or_left_disabled_is_named(
    filled: Book, name: str, how: str
) -> None:
    """Without it the database would take a change that it is there to refuse."""
    with filled.engine.begin() as connection:
        connection.exec_driver_sql(how.format(name))
    assert {"guards": f"missing, disabled or changed: {name}"} == _failing(filled)


def test_a_trigger_that_calls_a_function_of_another_schema_is_named(filled: Book) -> None:
    """Under the name of ours, but it refuses nothing."""
    with filled.engine.begin() as connection:
        for sql in (
            "CREATE SCHEMA elsewhere",
            "CREATE FUNCTION elsewhere.duebook_refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NEW; END'",
            "DROP TRIGGER events_refuse_change ON events",
            "CREATE TRIGGER events_refuse_change BEFORE UPDATE OR DELETE ON events FOR EACH ROW"
            " EXECUTE FUNCTION elsewhere.duebook_refuse()",
        ):
            connection.exec_driver_sql(sql)
    found = _failing(filled)
    with filled.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA elsewhere CASCADE")
    assert found == {"guards": "missing, disabled or changed: events_refuse_change"}
