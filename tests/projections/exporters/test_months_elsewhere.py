"""Other programs find in each month what belongs to it, whenever it was recorded."""

import csv
import io
import os
import re
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import data

from cli.main import run
from ledger.accounting.chart import parse_account
from projections.exporters.names import exported_name
from tests.quarter import PROGRAM

pytestmark = pytest.mark.more
DEMO = Path(__file__).parents[3] / "fixtures" / "demo"
DECIDED = ("--by", "lin", "--leave-open", "--reason", "as in the demo")
STATEMENT = f"{PROGRAM}/partner:P-01"
PAID = ("--currency", "CNY", "--by", "lin")
MONEY = re.compile(r"(-?[\d.]+) CNY")
Months = dict[str, dict[str, Decimal]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quarter closed, paid in May, March locked, then corrected: all of it recorded today."""
    folder = tmp_path_factory.mktemp("months")
    for words in (
        ["init", "--demo"],
        ["close", PROGRAM, *DECIDED],
        ["pay", STATEMENT, "--amount", "28000", "--ref", "b-1", "--on", "2026-05-11", *PAID],
        ["journal", "-o", folder / "before.journal"],
        ["lock", "2026q1", "--by", "lin"],
        ["record", DEMO / "after-close.ndjson"],
        ["adjust", PROGRAM, "--posting-date", "2026-06-30", "--by", "lin"],
        ["journal", "-o", folder / "book.journal"],
        ["journal", "-o", folder / "book.beancount"],
        ["balances", "--monthly", "-o", folder / "months.csv", "--no-bom"],
    ):
        assert run([*map(str, words), "--book", str(folder / "book.db")]) == 0, words
    return folder


@pytest.fixture(scope="module")
def ours(folder: Path) -> Months:
    """What `balances --monthly` says of CNY, by account as the exports name it, without zeros."""
    found: Months = {}
    for row in csv.DictReader(io.StringIO((folder / "months.csv").read_text("utf-8"))):
        if row.pop("currency") == "CNY":
            name = exported_name(parse_account(row.pop("account")))
            del row["total"]
            moved = {month: Decimal(text) for month, text in row.items() if text.strip("-0.")}
            found |= {name: moved} if moved else {}
    return found


def income_statement(path: Path) -> dict[str, dict[str, Decimal]]:
    """hledger's own, month by month."""
    program = shutil.which("hledger")
    assert program, "hledger is missing: apt-get install hledger"
    answer = subprocess.run(
        [program, "-f", str(path), "incomestatement", "-M", "-O", "csv"],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout
    _, head, *rows = csv.reader(io.StringIO(answer))
    return {
        name: {
            month: Decimal(found[1])
            for month, cell in zip(head[1:], cells, strict=True)
            if (found := MONEY.search(cell)) and found[1].strip("-0.")
        }
        for name, *cells in rows
        if name.startswith("Expenses:")
    }


def test_hledgers_income_statement_has_the_quarter_in_its_last_month(folder: Path) -> None:
    """And the correction in June, on which it was posted."""
    (months,) = income_statement(folder / "book.journal").values()
    assert months["2026-03"] == Decimal(54000)
    assert set(months) == {"2026-03", "2026-06"}


def test_the_locked_month_does_not_move(folder: Path) -> None:
    """What hledger says of March before the lock and after all that came later is the same."""
    (before,) = income_statement(folder / "before.journal").values()
    (after,) = income_statement(folder / "book.journal").values()
    assert before["2026-03"] == after["2026-03"]


def test_beancount_finds_in_each_month_what_we_say(folder: Path, ours: Months) -> None:
    """Account by account: the accrual of March, the cash of May, the correction of June."""
    entries, errors, _ = loader.load_file(str(folder / "book.beancount"))
    assert errors == []
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for entry in entries:
        if isinstance(entry, data.Transaction):
            for posting in entry.postings:
                if posting.units.currency == "CNY":
                    found[posting.account][f"{entry.date:%Y-%m}"] += posting.units.number
    moved = {
        name: {month: amount for month, amount in months.items() if amount}
        for name, months in found.items()
    }
    assert {name: months for name, months in moved.items() if months} == ours
    assert ours["Assets:Cash"]["2026-05"] == Decimal(-28000)
