"""The demo's deposits: every line and top-up of `expected.json`, and no other."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_day_end_or_instant, parse_instant
from ledger.programs.edition import Edition, parse_toml
from ledger.programs.registry import checked
from ledger.store.book import Book
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.settling.settle import Settlement, published_edition, settle

DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
PROGRAM = "deposit-2020"
EXPECTED: dict[str, Any] = json.loads((DEMO / "expected.json").read_text("utf-8"))[PROGRAM]
ACMES = "terms-deposits.toml"


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Book]:
    """A book with the deposits; one use is not covered, on purpose."""
    book, _ = init(str(tmp_path / "demo.db"), "platform")
    file = str(DEMO / "10-deposits.ndjson")
    answer = record(book, [file], now=parse_instant("2026-11-21T12:00:00Z"), by="demo")
    assert (answer.recorded, answer.rejected) == (16, [])
    assert [one.code for one in answer.warnings] == ["deposit_uncovered"]
    yield book
    book.close()


def acmes() -> Edition:
    return checked(parse_toml((DEMO / ACMES).read_text("utf-8"), ACMES))


def _settled(book: Book, month: str, as_of: str, terms: Edition | None = None) -> Settlement:
    clocks = Clocks(parse_day_end_or_instant(as_of, "Asia/Shanghai", 0), book.head().position)
    with book.reading() as connection:
        edition = terms or published_edition(connection, PROGRAM, clocks)
        return settle(connection, edition, clocks, period=month)


@pytest.mark.parametrize("month", EXPECTED["months"])
def test_a_month_of_the_demo_is_settled_as_its_readme_says(told: Book, month: str) -> None:
    """May under the shipped terms, June under acme's."""
    wanted = EXPECTED["months"][month]
    assert wanted["terms"] in (None, ACMES)
    run = _settled(told, month, EXPECTED["as_of"], acmes() if wanted["terms"] else None)
    prefix = f"{PROGRAM}/{month}/"
    lines = {one.line.removeprefix(prefix): one.as_json() for one in run.lines}
    assert set(lines) == set(wanted["lines"])
    for name, line in wanted["lines"].items():
        assert {key: lines[name][key] for key in line} == line, name
    owed = {one.obligation.removeprefix(prefix): one.as_json() for one in run.obligations}
    assert set(owed) == set(wanted["obligations"])
    for name, one in wanted["obligations"].items():
        assert {key: owed[name][key] for key in one} == one, name


def test_under_acmes_terms_the_top_up_of_may_came_late(told: Book) -> None:
    """Due on 27 May, a week after the shop fell short; paid on 2 June."""
    for as_of, state in (("2020-05-31", "overdue"), ("2020-06-02", "fulfilled_late")):
        (owed,) = _settled(told, "2020-05", as_of, acmes()).obligations
        assert (owed.as_json()["due"], owed.state) == ("2020-05-27", state)


def test_the_shop_that_closed_waits_until_the_end_of_9_june(told: Book) -> None:
    """A second before it the return is held."""
    found = {
        as_of: [
            one.outcome for one in _settled(told, "2020-06", as_of, acmes()).lines if one.amount
        ]
        for as_of in ("2020-06-09T23:59:59+08:00", "2020-06-09")
    }
    assert [*found.values()] == [["held"], ["payable"]]
