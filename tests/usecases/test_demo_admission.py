"""The demo's applications: every decision of `expected.json`, and no other."""

import json
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
FILE = str(DEMO / "08-admission.ndjson")
EXPECTED: dict[str, Any] = json.loads((DEMO / "expected.json").read_text("utf-8"))
NOW = parse_instant("2026-11-21T12:00:00Z")
PARTNERS, SHOPS = "partner-admission-2022", "shop-admission-2020"


@pytest.fixture
def told(tmp_path: Path) -> Book:
    """A book with the applications."""
    book, _ = init(str(tmp_path / "demo.db"), "platform")
    answer = record(book, [FILE], now=NOW, by="demo")
    assert (answer.recorded, answer.warnings, answer.rejected) == (11, [], [])
    return book


def _lines(book: Book, program: str, as_of: str) -> dict[str, Any]:
    instant = parse_day_end_or_instant(as_of, "Asia/Shanghai", 0)
    clocks = Clocks(instant, book.head().position)
    with book.reading() as connection:
        found = settle(connection, published_edition(connection, program, clocks), clocks)
    return {one.line.partition("/")[2]: one.as_json() for one in found.lines}


@pytest.mark.parametrize("program", [PARTNERS, SHOPS])
def test_every_application_of_the_demo_is_decided_as_its_readme_says(
    told: Book, program: str
) -> None:
    """With its codes, and no application more."""
    expected = EXPECTED[program]
    found = _lines(told, program, expected["as_of"])
    assert set(found) == set(expected["lines"])
    for name, wanted in expected["lines"].items():
        assert {key: found[name][key] for key in wanted} == wanted, name


def test_a_lawsuit_that_is_found_in_may_declines_what_was_granted_in_april(told: Book) -> None:
    """What finance saw in April can be asked for at any time."""
    assert _lines(told, PARTNERS, "2026-04-30")["A-2603"]["outcome"] == "granted"
    assert _lines(told, PARTNERS, "2026-05-18")["A-2603"]["unmet"] == ["no_risk_record"]


def test_the_supplement_grants_what_was_held(told: Book) -> None:
    """Until it came the certificate was not stated."""
    assert _lines(told, PARTNERS, "2026-03-15")["A-2602"]["held_for"] == ["not_stated"]
    assert _lines(told, PARTNERS, "2026-03-16")["A-2602"]["outcome"] == "granted"
