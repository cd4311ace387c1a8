"""The demo's agreements: every line of its README's table, and no other."""

from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_day_end_or_instant, parse_instant
from ledger.store.book import Book
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.settling.settle import published_edition, settle

DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
NOW = parse_instant("2026-11-21T12:00:00Z")
PROGRAM = "service-agreements-2022"
README = (DEMO / "README.md").read_text("utf-8")
LATER: dict[str, Any] = {
    "type": "AgreementEnded",
    "at": "2026-06-25T10:00:00+08:00",
    "agreement": "AG-2602",
    "on": "2026-06-14",
}


@pytest.fixture
def told(tmp_path: Path) -> Book:
    """A book with the partners and the agreements."""
    book, _ = init(str(tmp_path / "demo.db"), "platform")
    files = [str(DEMO / name) for name in ("01-partners.ndjson", "11-agreements.ndjson")]
    answer = record(book, files, now=NOW, by="demo")
    codes = sorted(one.code for one in answer.warnings)
    assert (answer.recorded, answer.rejected) == (24, [])
    assert codes == ["kind_differs", "two_agencies", "two_agencies"]
    return book


def _lines(book: Book, month: str) -> dict[str, dict[str, Any]]:
    instant = parse_day_end_or_instant("2026-06-30", "Asia/Shanghai", 0)
    clocks = Clocks(instant, book.head().position)
    with book.reading() as connection:
        edition = published_edition(connection, PROGRAM, clocks)
        found = settle(connection, edition, clocks, period=month)
    return {one.line.partition("/")[2]: one.as_json() for one in found.lines}


def _table() -> dict[str, list[str]]:
    """Per line of the README the cells behind it."""
    rows = [line.strip("| ").split(" | ") for line in README.splitlines() if "| 2026-0" in line]
    named = {cells[0]: cells[1:] for cells in rows if cells[0].count("/") == 2}
    return {name: cells for name, cells in named.items() if not name.endswith("/freight")}


def test_every_line_of_the_readme_is_what_the_book_answers(told: Book) -> None:
    """Who pays, who is paid, how much or why not."""
    found = _lines(told, "2026-05") | _lines(told, "2026-06")
    table = _table()
    assert set(found) == set(table)
    for name, (payer, payee, amount, why) in table.items():
        line = found[name]
        assert (line["payer"].rpartition(":")[2], line["payee"]) == (payer, f"partner:{payee}")
        if line["outcome"] == "payable":
            unit = "" if line["currency"] == "CNY" else f" {line['currency']}"
            assert line["amount"] + unit == amount
        else:
            assert line["outcome"] == amount
            assert why == "the same" or (line["unmet"] + line["held_for"])[0] in why


def test_an_end_before_the_second_agency_began_resolves_june(told: Book, record_facts: Any) -> None:
    """Both lines are payable then: the first has no commission left, the second all of it."""
    record_facts(told, [LATER])
    june = _lines(told, "2026-06")
    assert june["2026-06/AG-2602/commission_split"]["amount"] == "0.00"
    assert june["2026-06/AG-2603/commission_split"]["amount"] == "384.00"
