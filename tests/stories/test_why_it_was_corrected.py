"""Whoever gets a correction is told why, in words, and nothing of anybody else's business."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.usecases.closing.reasons import with_reasons
from ledger.usecases.statements.statement import statement
from projections.exporters.xlsx import write
from tests.marks import decision
from tests.quarter import AT, PROGRAM, Quarter, certified, closure, plain_quarter, store

LATER = parse_instant("2027-12-31T00:00:00Z")
pytestmark = decision


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    quarter = Quarter(book, tmp_path)
    quarter.tell([*plain_quarter(), *certified("P-9"), *store(9, "P-9")])
    quarter.close(PROGRAM)
    return quarter


def told(quarter: Quarter, payee: str | None = None) -> dict[str, Any]:
    clocks = Clocks(LATER, quarter.book.head().position)
    with quarter.book.reading() as connection:
        answer = statement(connection, PROGRAM, None, payee, clocks)
        return with_reasons(connection, answer, PROGRAM, None, clocks, payee)


def test_a_clawback_names_the_condition_what_was_observed_and_the_file(quarter: Quarter) -> None:
    """The store was closed in March, as a file said in its first row."""
    (late,) = quarter.tell([closure("S-1")])
    quarter.adjust()
    (row,) = told(quarter, "partner:P-1")["adjustments"]
    assert row["why"].startswith("store open: StoreClosed (voluntary) at 2026-03-15")
    (fact,) = row["facts"]
    assert (fact["position"], fact["type"], fact["line"]) == (late, "StoreClosed", 1)
    assert fact["file"].endswith(".ndjson")
    assert row["unmet"] == ["store_open"]


def test_a_line_that_nothing_makes_any_more_says_so(quarter: Quarter) -> None:
    """The onboarding was withdrawn."""
    position = next(
        row["position"]
        for row in quarter.rows("activity")
        if row["type"] == "MerchantOnboarded" and row["stream"] == "store:S-1"
    )
    quarter.withdraw(int(position))
    quarter.adjust()
    (row,) = told(quarter)["adjustments"]
    assert (row["outcome"], row["why"]) == ("void", "nothing makes the line any more")


def test_a_payee_is_told_that_another_was_first_and_not_who(quarter: Quarter) -> None:
    """The house sees the store and the instant; the partner, in words, explanations and the
    workbook, that there was one."""
    rival = {
        "type": "MerchantOnboarded",
        "at": "2026-01-09T09:00:00+08:00",
        "merchant": "M-1",
        "store": "S-RIVAL",
        "market": "EU",
        "partner": "P-9",
    }
    verified = {"type": "StoreVerified", "at": "2026-01-09T10:00:00+08:00", "store": "S-RIVAL"}
    quarter.tell([rival, verified])
    quarter.adjust()
    house = next(one for one in told(quarter)["adjustments"] if one["payee"] == "partner:P-1")
    assert "S-RIVAL was verified first" in house["why"]
    answer = told(quarter, "partner:P-1")
    (row,) = answer["adjustments"]
    assert row["why"] == "first verified: another store of the merchant or brand was verified first"
    assert row["facts"] == []
    assert "S-RIVAL" not in json.dumps(answer)
    assert "P-9" not in json.dumps(answer)
    assert "2026-01-09" not in json.dumps(answer)


def test_the_reason_for_leaving_a_month_open_stays_in_the_house(book: Book, tmp_path: Path) -> None:
    """It is in the seal that the house sees, and not in what is sent."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*plain_quarter(), {"type": "StoreVerified", **AT, "store": "S-NOBODY"}])
    quarter.close(PROGRAM, leave_open="between us: they are late again")
    answer = told(quarter, "partner:P-1")
    write(answer, tmp_path / "sent.xlsx")
    assert b"between us" not in _texts(tmp_path / "sent.xlsx")


def _texts(path: Path) -> bytes:
    with zipfile.ZipFile(path) as file:
        return b"".join(file.read(name) for name in file.namelist())
