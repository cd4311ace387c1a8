"""hledger and Beancount themselves read our journals and come to our balances."""

import csv
import io
import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core import data
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.main import run
from ledger.accounting.chart import Account, parse_account
from ledger.accounting.entry import Entry
from ledger.store.book import Book, open_book
from projections.exporters import hledger
from projections.exporters.names import exported_account
from projections.journal import balances, journal
from tests.quarter import GROWTH, PROGRAM, silent

pytestmark = pytest.mark.more
DEMO = Path(__file__).parents[3] / "fixtures" / "demo"
FEES, MAY = "technical-fee-2020", "2020-05"
DECIDED = ("--by", "lin", "--leave-open", "--reason", "as in the demo")
PAID = ("--amount", "28000.00", "--currency", "CNY", "--ref", "bank-0511-7", "--by", "lin")
AMOUNT = re.compile(r'(-?[\d.]+) (?:"([^"]+)"|([A-Z]+))')
Sums = dict[tuple[Account, str], Decimal]
Hledger = Callable[..., str]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """The demo's book with three programs closed, one of them paid and adjusted."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    for words in (
        ["init", "--demo"],
        ["close", PROGRAM, *DECIDED],
        ["pay", f"{PROGRAM}/partner:P-01", *PAID],
        ["record", DEMO / "after-close.ndjson"],
        ["adjust", PROGRAM, "--by", "lin"],
        ["close", GROWTH, *DECIDED],
        ["record", DEMO / "shops-2020.ndjson"],
        ["orders", DEMO / "orders-2020-05.csv"],
        ["publish", DEMO / "terms-fees.toml", "--by", "finance"],
        ["close", FEES, MAY, "--by", "lin"],
        ["journal", "-o", path.with_suffix(".journal")],
        ["journal", "-o", path.with_suffix(".beancount")],
    ):
        assert run([*map(str, words), "--book", str(path)]) == 0, words
    book = open_book(str(path))
    yield book
    book.close()


@pytest.fixture(scope="module")
def entries(demo: Book) -> list[Entry]:
    """All its entries."""
    with journal(demo, account=None, clocks=None, progress=silent) as found:
        return list(found.entries())


@pytest.fixture(scope="module")
def ours(demo: Book) -> Sums:
    """What `duebook balances` says, where it is not zero."""
    rows = balances(demo, None, None, silent).rows
    sums = {
        (parse_account(one["account"]), one["currency"]): Decimal(one["balance"]) for one in rows
    }
    assert len({currency for _, currency in sums}) == 3
    return {key: total for key, total in sums.items() if total}


@pytest.fixture(scope="module")
def exported(demo: Book) -> Path:
    """The file that `duebook journal -o demo.journal` wrote of it."""
    assert demo.path
    return demo.path.with_suffix(".journal")


@pytest.fixture(scope="module")
def ask_hledger() -> Hledger:
    """What the program hledger answers of a file."""
    program = shutil.which("hledger")
    assert program, "hledger is missing: apt-get install hledger"

    def ask(path: Path, *words: str) -> str:
        command = [program, "-f", str(path), *words]
        speaking = {**os.environ, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", check=False, env=speaking
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    return ask


def written(folder: Path, entries: Any) -> Path:
    """A journal of these entries, as hledger reads it."""
    path = folder / "written.journal"
    text = "".join(f"{line}\n" for line in hledger.lines(iter(entries), "demo"))
    path.write_text(text, encoding="utf-8")
    return path


def amounts(cell: str) -> dict[str, Decimal]:
    """Amounts by commodity, as hledger writes them beside each other."""
    return {found[2] or found[3]: Decimal(found[1]) for found in AMOUNT.finditer(cell)}


def balances_said(answer: str) -> Sums:
    """A table of hledger's, read as balances."""
    _, *rows = csv.reader(io.StringIO(answer))
    return {
        (parse_account(name), commodity): amount
        for name, cell in rows
        for commodity, amount in amounts(cell).items()
    }


def test_hledger_finds_nothing_wrong_with_the_demos_journal(
    ask_hledger: Hledger, exported: Path, entries: list[Entry]
) -> None:
    """Also with its strict checks: every account and every commodity is declared."""
    assert ask_hledger(exported, "check") == ""
    assert ask_hledger(exported, "check", "--strict") == ""
    assert ask_hledger(exported, "print").count("what:") == len(entries) > 40


def test_hledger_knows_the_type_of_every_account(
    ask_hledger: Hledger, exported: Path, entries: list[Entry]
) -> None:
    """Declared, so that its statements need not guess from names; cash is of a type of its own."""
    said = re.findall(r"^(\S+) +; type: (\w)$", ask_hledger(exported, "accounts", "--types"), re.M)
    letters = {"Assets": "A", "Liabilities": "L", "Income": "R", "Expenses": "X"}
    used = {account for one in entries for account, _ in one.postings}
    assert {parse_account(name): letter for name, letter in said} == {
        one: "C" if (one.kind, one.name) == ("Assets", "Cash") else letters[one.kind]
        for one in used
    }


def test_the_balances_of_the_demo_in_hledger_are_ours(
    ask_hledger: Hledger, exported: Path, ours: Sums
) -> None:
    """Account by account and commodity by commodity, to the cent."""
    assert balances_said(ask_hledger(exported, "bal", "--no-total", "-O", "csv")) == ours
    zero = ask_hledger(exported, "bal", "-O", "csv").splitlines()[-1]
    assert zero == '"total","0"'


def test_hledgers_income_statement_of_every_month_is_ours(
    ask_hledger: Hledger, exported: Path, entries: list[Entry]
) -> None:
    """Income and expenses by month, as the days of our entries say them."""
    expected: dict[tuple[str, Account, str], Decimal] = defaultdict(Decimal)
    for one in entries:
        for account, amount in one.postings:
            if account.kind in ("Income", "Expenses"):
                sign = -1 if account.kind == "Income" else 1
                month = f"{one.date:%Y-%m}"
                expected[month, account, amount.currency] += sign * amount.decimal
    assert len(expected) >= 4
    title, months, *rows = csv.reader(io.StringIO(ask_hledger(exported, "is", "-M", "-O", "csv")))
    (first,) = re.findall(r"(\d{4})-(\d\d)-\d\d\.\.", title[0])
    start = 12 * int(first[0]) + int(first[1]) - 1
    said = {}
    for name, *cells in rows:
        if name.startswith(("Income:", "Expenses:")):
            for number, cell in enumerate(cells[: len(months) - 1]):
                year, month = divmod(start + number, 12)
                for commodity, amount in amounts(cell).items():
                    said[f"{year}-{month + 1:02}", parse_account(name), commodity] = amount
    assert said == {key: total for key, total in expected.items() if total}


def test_hledger_reads_every_trap_of_the_hand_made_journal(
    ask_hledger: Hledger,
    hand_made: tuple[Entry, ...],
    balances: Callable[[Any], Sums],
    tmp_path: Path,
) -> None:
    """Texts that would end a line or a tag, ad credit, yen without decimals, 18 digits."""
    path = written(tmp_path, hand_made)
    assert ask_hledger(path, "check", "--strict") == ""
    said = balances_said(ask_hledger(path, "bal", "--no-total", "-O", "csv"))
    assert said == balances(hand_made)


def test_hledger_reads_any_journal_and_its_balances_are_ours(
    ask_hledger: Hledger,
    any_entries: st.SearchStrategy[list[Entry]],
    balances: Callable[[Any], Sums],
    tmp_path: Path,
) -> None:
    """Ids and texts of any script, days in any order, every kind of decimals."""

    @settings(max_examples=60, deadline=None)
    @given(any_entries)
    def check(entries: list[Entry]) -> None:
        path = written(tmp_path, entries)
        ask_hledger(path, "check", "--strict")
        said = balances_said(ask_hledger(path, "bal", "--no-total", "-O", "csv"))
        assert said == balances(entries)

    check()


def test_beancount_loads_the_demos_journal_and_its_balances_are_ours(
    exported: Path, ours: Sums
) -> None:
    """Its real loader finds no error."""
    directives, errors, _ = loader.load_file(str(exported.with_suffix(".beancount")))
    assert [one.message for one in errors] == []
    sums: Sums = defaultdict(Decimal)
    for one in directives:
        if isinstance(one, data.Transaction):
            for posting in one.postings:
                key = exported_account(posting.account), posting.units.currency
                sums[key] += posting.units.number
    assert {key: total for key, total in sums.items() if total} == ours
