"""However a view got to a position, its rows there are the same."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.store.book import Book
from ledger.usecases.recording.record import record
from ledger.usecases.recording.withdraw import withdraw
from projections.base import View
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import looking_at, rebuild, state_of
from tests.marks import drawn, examples

Rows = list[tuple[Any, ...]]
Check = Callable[[Book], dict[str, Rows]]


def position_of(book: Book, type_: str, number: int) -> int:
    """The position of a fact of some type, counted from the first that is not withdrawn."""
    rows = report(book, "activity", where=[("type", type_)]).rows
    return int([row for row in rows if row["withdrawn_by"] is None][number]["position"])


def halves(path: Path, folder: Path) -> list[Path]:
    """A CSV file in two, each with the header."""
    header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    middle = len(lines) // 2
    made = []
    for number, part in enumerate((lines[:middle], lines[middle:])):
        made.append(folder / f"{path.stem}-{number}.csv")
        made[-1].write_text(header + "".join(part), encoding="utf-8")
    return made


@examples(3, 12)
def test_catching_up_in_steps_equals_building_anew_at_every_step(
    book: Book,
    demo_files: list[Path],
    tmp_path: Path,
    now: int,
    live_rows: Callable[[Book, View], Rows],
    rows_at: Callable[..., Rows],
    assert_equal_ways: Check,
    examples: int,
) -> None:
    """The demo in ten calls and five withdrawals, one of them before the fact it names.

    The late file goes first, so that its withdrawal by id waits for the fact. After each step
    every view is caught up; afterwards some steps, or each, are asked for again.
    """
    partners, merchants, stores, gmv, rates, late, growth, admission, bindings = demo_files
    first, second = halves(gmv, tmp_path)
    steps: dict[int, dict[str, Rows]] = {}

    def step(*files: Path) -> None:
        assert not record(book, [str(one) for one in files], now=now, by="test").rejected
        stand()

    def taken_back(type_: str, number: int) -> None:
        position = position_of(book, type_, number)
        withdraw(book, position, reason="wrong", by="test", now=now)
        stand()

    def stand() -> None:
        steps[book.head().position] = {n: live_rows(book, view) for n, view in VIEWS.items()}

    step(late)
    step(first)
    taken_back("GMVRecorded", 7)
    step(partners)
    step(merchants)
    taken_back("MerchantOnboarded", 3)
    step(growth, admission)
    step(bindings)
    taken_back("AccountBound", 2)
    step(stores)
    taken_back("PartnerCertified", 1)
    step(second, rates)
    taken_back("GMVRecorded", 400)
    step(merchants)
    lifted = [row for row in report(book, "activity").rows if row["withdrawn_by"]]
    assert len(lifted) == 6
    assert any(row["withdrawn_by"] < row["position"] for row in lifted), "one withdrawal waited"

    for position in Random(12).sample([*steps], examples):
        for name, view in VIEWS.items():
            assert rows_at(book, view, position) == steps[position][name], f"{name} at {position}"
    last = steps[max(steps)]
    assert assert_equal_ways(book) == last
    assert len({len(rows["exceptions"]) for rows in steps.values()}) > 4, "they came and went"


@pytest.mark.parametrize("name", drawn(VIEWS, 3))
def test_small_batches_give_the_same_rows(
    record_demo: Book,
    now: int,
    monkeypatch: pytest.MonkeyPatch,
    live_rows: Callable[[Book, View], Rows],
    rows_at: Callable[..., Rows],
    name: str,
) -> None:
    """A view that takes the log in by 97 events at a time is the view that takes all at once."""
    withdraw(record_demo, position_of(record_demo, "GMVRecorded", 9), reason="x", by="t", now=now)
    view = VIEWS[name]
    whole = live_rows(record_demo, view)
    monkeypatch.setattr(view, "BATCH", 97, raising=False)
    told: list[int] = []
    position = rebuild(record_demo, view, lambda _, more: told.append(more))
    assert position == record_demo.head().position == sum(told)
    assert len(told) > 10
    assert live_rows(record_demo, view) == whole
    assert rows_at(record_demo, view) == whole


def test_a_view_of_another_version_is_rebuilt_by_itself(
    record_demo: Book, monkeypatch: pytest.MonkeyPatch, live_rows: Callable[[Book, View], Rows]
) -> None:
    """A newer duebook that computes other rows does not go on from the old ones."""
    view = VIEWS["stores"]
    live_rows(record_demo, view)
    old = type(view).rows

    def changed(self: View, *given: Any) -> Any:
        return [{**row, "brand": "changed"} for row in old(self, *given)]

    monkeypatch.setattr(type(view), "rows", changed)
    brands = {row["brand"] for row in report(record_demo, "stores").rows}
    assert "changed" not in brands, "the same version is not built again"
    newer = view.VERSION + 1
    monkeypatch.setattr(type(view), "VERSION", newer)
    assert {row["brand"] for row in report(record_demo, "stores").rows} == {"changed"}
    with record_demo.reading() as connection:
        assert state_of(connection, view) == (newer, record_demo.head().position)


def test_a_report_leaves_no_table_of_its_rebuild_behind(record_demo: Book) -> None:
    """The table that is built beside the live one is gone once it is swapped in."""
    for view in VIEWS.values():
        rebuild(record_demo, view)
    with record_demo.reading() as connection:
        sql = "SELECT tablename FROM pg_tables"
        if connection.dialect.name == "sqlite":
            sql = "SELECT name FROM sqlite_master"
        names = {row[0] for row in connection.exec_driver_sql(sql)}
    assert set(VIEWS) <= names
    assert not [name for name in names if name.endswith("__next")]


def test_an_earlier_clock_needs_no_live_view(record_demo: Book) -> None:
    """A report at other clocks than the head's builds nothing in the book."""
    with looking_at(record_demo, VIEWS["gmv"], Clocks(FOREVER, 1000)) as sight:
        assert sight.clocks == Clocks(FOREVER, 1000)
    with record_demo.reading() as connection:
        assert state_of(connection, VIEWS["gmv"]) == (None, 0)
