"""Verifying the read models: an edited row, a missing row, a missing table are found."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.store.book import Book
from ledger.usecases.recording.withdraw import withdraw
from projections import verify as verifying
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import catch_up, rebuild
from projections.verify import verify_views
from tests.marks import decision

Record = Callable[..., Any]
OTHER_EDIT = "state = 'X'"
EDITS = {
    "gmv": "basis = 'placed'",
    "activity": "\"by\" = 'X'",
    "exceptions": "sentence = 'X'",
    "statements": "payee = 'X'",
    "lines": "amount_minor = 1",
    "adjustments": "reason = 'X'",
    "payments": "ref = 'X'",
    "entries": "narration = 'X'",
    "balances": "postings = -1",
}
"""What somebody might write into a view past the log."""


def silent(what: str, more: int) -> None:
    return None


def change(book: Book, sql: str) -> None:
    with (
        book.engine.connect().execution_options(duebook_write=True) as connection,
        connection.begin(),
    ):
        assert connection.exec_driver_sql(sql).rowcount


def checks(book: Book) -> dict[str, tuple[bool, str]]:
    return {one.name: (one.ok, one.detail) for one in verify_views(book, silent)}


def test_only_views_that_were_built_are_verified(record_demo: Book) -> None:
    """A view that nobody asked for yet has nothing to be wrong about."""
    assert checks(record_demo) == {}
    report(record_demo, "gmv")
    at = f"equal to one built anew at position {record_demo.head().position}"
    assert checks(record_demo) == {"view gmv": (True, at)}


@decision
@pytest.mark.parametrize("name", list(VIEWS))
def test_an_edited_a_lost_and_an_added_row_are_found(closed_demo: Book, name: str) -> None:
    """Each is named with its row and with how to mend it, which it is by a rebuild."""
    view = VIEWS[name]
    key = {"activity": "position", "exceptions": "position"}.get(name, view.table().columns[0].name)
    report(closed_demo, name)
    with closed_demo.reading() as connection:
        value = connection.exec_driver_sql(f"SELECT {key} FROM {name} ORDER BY 1").scalars().first()
    value = value if isinstance(value, int) else f"'{value}'"
    for sql, said in (
        (f"UPDATE {name} SET {EDITS.get(name, OTHER_EDIT)} WHERE {key} = {value}", "a row"),
        (f"DELETE FROM {name} WHERE {key} = {value}", "a row is missing"),
    ):
        change(closed_demo, sql)
        found = checks(closed_demo)
        assert found[f"view {name}"][0] is False
        assert f"run: duebook rebuild {name}" in found[f"view {name}"][1]
        assert found[f"view {name}"][1].startswith(said)
        rebuild(closed_demo, view)
        assert checks(closed_demo)[f"view {name}"][0] is True


def test_a_dropped_view_is_found(record_demo: Book) -> None:
    """The table is gone, and the answer says how to have it again."""
    report(record_demo, "gmv")
    with record_demo.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE gmv")
    assert checks(record_demo) == {
        "view gmv": (False, "the table is gone; run: duebook rebuild gmv")
    }
    rebuild(record_demo, VIEWS["gmv"])
    assert checks(record_demo)["view gmv"][0]


def test_a_view_behind_the_head_is_verified_where_it_stands(
    record_demo: Book, record_facts: Record, now: int
) -> None:
    """What was recorded since is no fault of the view."""
    report(record_demo, "gmv")
    stood = record_demo.head().position
    position = report(record_demo, "activity", where=[("type", "GMVRecorded")]).rows[0]["position"]
    withdraw(record_demo, position, reason="wrong", by="test", now=now)
    ok, detail = checks(record_demo)["view gmv"]
    assert (ok, detail) == (True, f"equal to one built anew at position {stood}")


def test_somebody_who_catches_up_meanwhile_is_no_fault(
    record_demo: Book, now: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at where a view stands and at its rows another process may take more in."""
    report(record_demo, "gmv")
    activity = report(record_demo, "activity", where=[("type", "GMVRecorded")]).rows
    position = activity[0]["position"]
    old = verifying.state_of

    def raced(connection: Any, view: Any) -> Any:
        found = old(connection, view)
        if view.NAME == "gmv":
            monkeypatch.setattr(verifying, "state_of", old)
            withdraw(record_demo, position, reason="wrong", by="test", now=now)
            catch_up(record_demo, view)
        return found

    monkeypatch.setattr(verifying, "state_of", raced)
    assert checks(record_demo)["view gmv"][0] is True
