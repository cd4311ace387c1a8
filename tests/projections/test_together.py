"""Views that are worked out from the same are built together: no row differs from views built one
by one, what one of them cannot take costs the others nothing, and verify says what it said."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from ledger.store.book import Book
from ledger.usecases.recording.withdraw import withdraw
from projections import base, runner, storing
from projections import verify as verifying
from projections.base import View
from projections.catalogue import VIEWS
from projections.exceptions import Exceptions
from projections.runner import rebuild, rebuild_all
from projections.taking import groups, parked_in
from projections.verify import verify_views

Rows = dict[str, list[tuple[Any, ...]]]


def silent(what: str, more: int) -> None:
    return None


def change(book: Book, *statements: str) -> None:
    with (
        book.engine.connect().execution_options(duebook_write=True) as connection,
        connection.begin(),
    ):
        for sql in statements:
            connection.exec_driver_sql(sql)


def stored(book: Book) -> Rows:
    """The rows of every view as they stand."""
    rows = {}
    with book.reading() as connection:
        for name, view in VIEWS.items():
            table = view.table()
            query = select(table).order_by(*table.primary_key.columns)
            rows[name] = [tuple(row) for row in connection.execute(query)]
    return rows


def withdrawn_in(book: Book, now: int) -> None:
    """A fact of the demo's GMV is withdrawn, so that views have something to leave out."""
    with book.reading() as connection:
        sql = "SELECT position FROM events WHERE topic = 'gmv-recorded.v1' ORDER BY 1 LIMIT 1"
        position = connection.exec_driver_sql(sql).scalar_one()
    withdraw(book, position, reason="wrong", by="test", now=now)


@pytest.mark.parametrize("most", [0, 10**9], ids=["a large log", "a small log"])
def test_views_that_are_built_together_have_the_rows_of_views_built_one_by_one(
    closed_demo: Book, now: int, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    withdrawn_in(closed_demo, now)
    monkeypatch.setattr(runner, "TOGETHER_MAX", most)
    for view in VIEWS.values():
        rebuild(closed_demo, view)
    by_one = stored(closed_demo)
    assert all(by_one.values()), "every view has rows to compare"
    head = closed_demo.head().position
    assert rebuild_all(closed_demo, list(VIEWS.values())) == dict.fromkeys(VIEWS, head)
    assert stored(closed_demo) == by_one


def test_gmv_in_small_pieces_is_what_it_is_in_one(
    closed_demo: Book, now: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first piece is worked out store by store, the others are added to it."""
    withdrawn_in(closed_demo, now)
    rebuild(closed_demo, VIEWS["gmv"])
    once = stored_gmv(closed_demo)
    monkeypatch.setattr(type(VIEWS["gmv"]), "BATCH", 7)
    rebuild(closed_demo, VIEWS["gmv"])
    assert stored_gmv(closed_demo) == once != []


def stored_gmv(book: Book) -> list[Any]:
    with book.reading() as connection:
        return [
            tuple(row)
            for row in connection.exec_driver_sql("SELECT * FROM gmv ORDER BY 1, 2, 3, 4, 5")
        ]


def test_views_of_one_source_read_it_once(
    closed_demo: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The facts of every stream are fetched in as many pieces for eight views as for one."""
    asked: list[int] = []
    facts = base.LogReader.facts

    def counted(reader: Any, streams: Any, *more: Any) -> Any:
        asked.append(len(streams))
        return facts(reader, streams, *more)

    monkeypatch.setattr(base.LogReader, "facts", counted)
    together = [group for group in groups([(v, v.table()) for v in VIEWS.values()])]
    names = [[view.NAME for view, _ in group] for group in together]
    assert [len(group) for group in names] == [8, 1, 2], names
    rebuild(closed_demo, VIEWS["exceptions"])
    alone = max(asked)
    asked.clear()
    rebuild_all(closed_demo, list(VIEWS.values()))
    assert asked.count(max(asked)) == 1, "the longest piece of streams is read once"
    assert max(asked) >= alone


def test_what_one_view_cannot_take_costs_the_others_nothing(
    closed_demo: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is parked there alone, in a rebuild of all and where verify builds them anew."""
    rebuild_all(closed_demo, list(VIEWS.values()))
    whole = stored(closed_demo)
    with closed_demo.reading() as connection:
        sql = "SELECT position FROM events WHERE topic = 'store-verified.v1' ORDER BY 1 LIMIT 1"
        position = connection.exec_driver_sql(sql).scalar_one()
    old = Exceptions.rows

    def poisoned(view: View, reader: Any, facts: Any) -> Any:
        if any(fact.position == position for events in facts.values() for fact in events):
            raise ValueError("a poison event")
        return old(view, reader, facts)  # type: ignore[arg-type]

    monkeypatch.setattr(Exceptions, "rows", poisoned)
    rebuild(closed_demo, VIEWS["exceptions"])
    with closed_demo.reading() as connection:
        alone = parked_in(connection, "exceptions")
    assert position in [parked.position for parked in alone]
    rebuild_all(closed_demo, list(VIEWS.values()))
    with closed_demo.reading() as connection:
        parked = {name: parked_in(connection, name) for name in VIEWS}
    assert parked == {name: alone if name == "exceptions" else [] for name in VIEWS}
    rows = stored(closed_demo)
    assert {n: r for n, r in rows.items() if n != "exceptions"} == {
        n: r for n, r in whole.items() if n != "exceptions"
    }
    failed = [check.name for check in verify_views(closed_demo, silent) if not check.ok]
    assert failed == ["view exceptions"]


def test_views_at_different_positions_are_each_compared_where_they_stand(
    closed_demo: Book, now: int
) -> None:
    rebuild_all(closed_demo, list(VIEWS.values()))
    before = closed_demo.head().position
    withdrawn_in(closed_demo, now)
    rebuild(closed_demo, VIEWS["gmv"])
    after = closed_demo.head().position
    checks = {check.name: check for check in verify_views(closed_demo, silent)}
    assert list(checks) == [f"view {name}" for name in VIEWS]
    for name in VIEWS:
        position = after if name == "gmv" else before
        assert checks[f"view {name}"].ok
        assert checks[f"view {name}"].detail.endswith(f"at position {position}")


def test_a_view_that_cannot_be_read_leaves_the_checks_of_the_others(closed_demo: Book) -> None:
    rebuild_all(closed_demo, list(VIEWS.values()))
    change(closed_demo, "ALTER TABLE stores RENAME COLUMN stock TO stuck")
    failed = {
        check.name: check.detail for check in verify_views(closed_demo, silent) if not check.ok
    }
    assert list(failed) == ["view stores"]
    assert "the database says" in failed["view stores"]
    assert "run: duebook rebuild stores" in failed["view stores"]


def test_a_row_that_is_there_twice_is_found(closed_demo: Book) -> None:
    """In a table from which somebody has taken the key, which would have refused it."""
    rebuild_all(closed_demo, list(VIEWS.values()))
    change(
        closed_demo,
        "CREATE TABLE copied AS SELECT * FROM payments",
        "DROP TABLE payments",
        "ALTER TABLE copied RENAME TO payments",
    )
    assert [check.name for check in verify_views(closed_demo, silent) if not check.ok] == []
    change(closed_demo, "INSERT INTO payments SELECT * FROM payments")
    failed = {
        check.name: check.detail for check in verify_views(closed_demo, silent) if not check.ok
    }
    assert list(failed) == ["view payments"]
    assert failed["view payments"].startswith("a row is there twice: (")


def test_a_long_table_is_compared_to_its_end(
    closed_demo: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few rows at a time, and not only the first ones."""
    monkeypatch.setattr(verifying, "ROWS_AT_ONCE", 7)
    rebuild_all(closed_demo, list(VIEWS.values()))
    assert all(check.ok for check in verify_views(closed_demo, silent))
    change(
        closed_demo,
        "DELETE FROM activity WHERE position = (SELECT max(position) FROM activity)",
    )
    failed = {
        check.name: check.detail for check in verify_views(closed_demo, silent) if not check.ok
    }
    assert list(failed) == ["view activity"]
    assert failed["view activity"].startswith("a row is missing")


@pytest.mark.parametrize("copied", [1, 10**9], ids=["copied", "inserted"])
def test_rows_are_the_same_however_they_are_put_into_a_table(
    closed_demo: Book, monkeypatch: pytest.MonkeyPatch, copied: int
) -> None:
    """On PostgreSQL many at a time are copied, few are inserted."""
    rebuild_all(closed_demo, list(VIEWS.values()))
    before = stored(closed_demo)
    monkeypatch.setattr(storing, "COPY_FROM", copied)
    rebuild_all(closed_demo, list(VIEWS.values()))
    assert stored(closed_demo) == before
    assert all(check.ok for check in verify_views(closed_demo, silent))


def test_a_row_that_the_database_refuses_is_refused_as_any_statement_is(
    closed_demo: Book, live_rows: Callable[[Book, View], Any]
) -> None:
    """Also where it is copied, which goes past what reports errors of statements."""
    from sqlalchemy import exc

    rows = live_rows(closed_demo, VIEWS["activity"])
    many = rows * (storing.COPY_FROM // len(rows) + 1)
    table = VIEWS["activity"].table()
    with (
        pytest.raises(exc.IntegrityError),
        closed_demo.engine.connect().execution_options(duebook_write=True) as connection,
        connection.begin(),
    ):
        storing.store(connection, table, many)
