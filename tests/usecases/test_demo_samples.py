"""The demo's samples: every line of its README's table, and no other."""

from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_day_end_or_instant, parse_instant
from ledger.store.book import Book
from ledger.usecases.init import init
from ledger.usecases.looking.show import show
from ledger.usecases.recording.record import record
from ledger.usecases.settling.explain import explain
from ledger.usecases.settling.settle import Settlement, published_edition, settle

DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
NOW = parse_instant("2026-11-21T12:00:00Z")
PROGRAM = "samples-us-2024"
README = (DEMO / "README.md").read_text("utf-8")


@pytest.fixture
def told(tmp_path: Path) -> Book:
    """A book with the shop and its samples; two acts do not fit, on purpose."""
    book, _ = init(str(tmp_path / "demo.db"), "platform")
    files = [str(DEMO / name) for name in ("09-bindings.ndjson", "12-samples.ndjson")]
    answer = record(book, files, now=NOW, by="demo")
    assert (answer.recorded, answer.rejected) == (53, [])
    own = [one.code for one in answer.warnings if one.file.endswith("12-samples.ndjson")]
    assert sorted(own) == ["approved_though_declined", "payout_beyond_balance"]
    return book


def _clocks(book: Book, day: str) -> Clocks:
    return Clocks(parse_day_end_or_instant(day, "Asia/Shanghai", 0), book.head().position)


def _settled(book: Book, month: str | None, day: str) -> Settlement:
    clocks = _clocks(book, day)
    with book.reading() as connection:
        edition = published_edition(connection, PROGRAM, clocks)
        return settle(connection, edition, clocks, period=month)


def _table() -> dict[str, list[str]]:
    """Per line of the README the cells behind it."""
    rows = [line.strip("| ").split(" | ") for line in README.splitlines()]
    mine = [cells for cells in rows if cells[0][:3] == "SR-" or cells[0].endswith("/freight")]
    return {cells[0]: cells[1:] for cells in mine}


def test_every_line_of_the_readme_is_what_the_book_answers(told: Book) -> None:
    """Who asked for it, whether it is granted, and why not; how much is charged."""
    months = [_settled(told, month, "2026-06-30") for month in ("2026-05", "2026-06")]
    lines = [line for run in months for line in run.lines]
    assert [one.line for one in _settled(told, None, "2026-06-30").lines] == sorted(
        one.line for one in lines
    )
    found = {one.line.partition("/")[2]: one.as_json() for one in lines}
    table = _table()
    assert set(found) == set(table)
    for name, (who, outcome, why) in table.items():
        line: dict[str, Any] = found[name]
        assert line["payee"].partition(":")[2] == who
        assert outcome == (line["amount"] or line["outcome"])
        codes = line["unmet"] + line["held_for"]
        assert [one for one in codes if f"`{one}`" not in why] == []
        assert bool(codes) == why.startswith("`")


def test_what_the_shop_owed_at_the_end_of_may_is_fulfilled_in_june(told: Book) -> None:
    """Open until it paid; at the end of June nothing is owed."""
    for day, state in (("2026-05-31", "open"), ("2026-06-02", "open"), ("2026-06-03", "fulfilled")):
        (owed,) = _settled(told, "2026-05", day).obligations
        assert (owed.as_json()["amount"], owed.state) == ("11.70", state)
    assert _settled(told, "2026-06", "2026-06-30").obligations == ()


def test_a_request_is_explained_without_its_month(told: Book) -> None:
    """The answer says which month it is of, and rests on what was approved before."""
    clocks = _clocks(told, "2026-06-30")
    with told.reading() as connection:
        run, answer = explain(connection, f"{PROGRAM}/SR-07", clocks)
    assert run.period == "2026-05"
    (left,) = (one for one in answer["explanation"]["parts"] if one["code"] == "samples_left")
    assert (left["met"], left["observed"]) == (False, "2 approved")
    types = [one["type"] for one in answer["facts"] if one["position"] in left["events"]]
    assert sorted(types) == [
        *("ProductSubmitted", "SampleApproved", "SampleApproved"),
        *("SampleRequested", "SampleRequested"),
    ]


def test_the_shop_and_a_request_show_how_they_stand(told: Book) -> None:
    """Sums as they were reported, whatever counts; thresholds and what was offered."""
    clocks = _clocks(told, "2026-05-30")
    with told.reading() as connection:
        shop = show(connection, "store:S-1201", clocks)["state"]
        request = show(connection, "request:SR-08", clocks)["state"]
        unknown = show(connection, "request:SR-09", _clocks(told, "2026-06-02"))["state"]
    wanted = {
        "proceeds_settled": "35.00 USD",
        "balance_paid": None,
        "freight_advanced": "26.70 USD",
        "payouts_made": "20.00 USD",
        "balance": "-11.70 USD",
        "sample_thresholds": "LK-77: 1000 followers;any product: 5000 followers and one of jewelry",
        "samples_submitted": "LK-12: 2",
    }
    assert shop == shop | wanted
    assert request == {
        "request": "SR-08",
        "store": "S-1201",
        "product": "LK-77",
        "creator": "C-5101",
        "requested_at": "2026-05-18T20:00:00Z",
        "approved_at": "2026-05-19T16:00:00Z",
        "approved_by": "merchant",
        "reports": 1,
        "approvals": 1,
    }
    assert unknown["store"] is None
