"""After a close every answer says what stands: what was issued, adjusted and accepted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.intake.platform.canonical import read as read_canonical
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.kernel.money import Money
from ledger.store.book import Book
from ledger.usecases.closing.standing_lines import explain_standing, standing
from ledger.usecases.reconciling.reconcile import reconcile, record_run
from ledger.usecases.reconciling.resolve import resolve
from ledger.usecases.settling.settle import settle
from ledger.usecases.terms.editions import edition_at
from ledger.usecases.terms.publish import publish
from tests.marks import decision
from tests.quarter import (
    GROWTH,
    NOW,
    PROGRAM,
    Quarter,
    amount_of,
    closure,
    edition,
    enrolled,
    fee_paid,
    held_quarter,
)

LATER = parse_instant("2027-12-31T00:00:00Z")
"""After every close, whose own instant is the machine's."""
LINE = f"{PROGRAM}/S-1"
pytestmark = decision


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    """Recruiting, closed with one line held for a ratio."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(held_quarter())
    quarter.close(PROGRAM, leave_open="the ratio comes")
    return quarter


def clocks(quarter: Quarter) -> Clocks:
    return Clocks(LATER, quarter.book.head().position)


def stands(quarter: Quarter, program: str = PROGRAM) -> dict[str, Any]:
    """The lines as `settle` answers for a closed period."""
    with quarter.book.reading() as connection:
        found = standing(connection, program, None, clocks(quarter))
    assert found is not None
    answer = found.as_json()
    assert answer["stands"] == "issued"
    return {line["line"]: line for line in answer["lines"]}


def assert_one_figure_everywhere(quarter: Quarter, program: str = PROGRAM) -> dict[str, Any]:
    """`settle`, `explain`, the statement, the table `lines` and the accounts, line by line; answers
    the lines."""
    lines = stands(quarter, program)
    table = {row["line"]: row for row in quarter.rows("lines") if row["program"] == program}
    assert set(table) == set(lines)
    said = ("kind", "payer", "payee", "subject", "outcome", "amount", "currency")
    for name, row in table.items():
        assert {key: row[key] for key in said} == {key: lines[name][key] for key in said}
        assert row["why"] == ", ".join((*lines[name]["unmet"], *lines[name]["held_for"]))
    issued = {one["line"]: one for one in quarter.statement(program=program)["lines"]}
    for row in quarter.statement(program=program)["adjustments"]:
        issued[row["line"]] = {"amount": row["now"], "outcome": row["outcome"]}
    for name, line in lines.items():
        with quarter.book.reading() as connection:
            _, told = explain_standing(connection, name, clocks(quarter))
        assert told["stands"] == "issued"
        assert {key: told[key] for key in line} == line
        assert told["explanation"].get("amount") == line["amount"]
        assert (issued[name]["amount"], issued[name]["outcome"]) == (
            line["amount"],
            line["outcome"],
        )
    assert {name for name, one in issued.items() if one["outcome"] != "void"} == set(lines)
    due: dict[str, int] = {}
    for line in lines.values():
        due[line["currency"]] = due.get(line["currency"], 0) + minor(line["amount"], line)
    booked: dict[str, int] = {}
    for account, balance in quarter.balances().items():
        name, _, currency = account.rpartition(" ")
        if name.startswith(("Expenses", "Income")):
            amount = Money.parse(balance, currency).minor
            booked[currency] = booked.get(currency, 0) + amount
    assert booked == {code: amount for code, amount in due.items() if amount}
    return lines


def minor(amount: str, line: dict[str, Any]) -> int:
    return Money.parse(amount, line["currency"]).minor


def test_as_issued_and_not_as_a_fresh_run_would_say(quarter: Quarter) -> None:
    """A late closure changes what a fresh run says, and nothing that stands, until it is
    adjusted; then the tree names the late fact."""
    (late,) = quarter.tell([closure("S-1")])
    before = assert_one_figure_everywhere(quarter)[LINE]
    assert (before["amount"], before["outcome"]) == ("2000.00", "payable")
    with quarter.book.reading() as connection:
        terms, _ = edition_at(connection, PROGRAM, quarter.book.head().position)
        fresh = {one.line: one for one in settle(connection, terms, clocks(quarter)).lines}
    assert fresh[LINE].outcome == "declined"
    (row,) = quarter.adjust()["adjustments"]
    after = assert_one_figure_everywhere(quarter)[LINE]
    assert (after["amount"], after["unmet"]) == (row["now"], ["store_open"])
    assert late in positions(after["explanation"])
    assert late not in positions(before["explanation"])


def positions(tree: dict[str, Any]) -> set[int]:
    return {*tree["events"], *(one for part in tree["parts"] for one in positions(part))}


def test_under_the_terms_of_the_close_and_what_was_filled(quarter: Quarter) -> None:
    """A version after the close gives a ratio that was unset, and another award: only the ratio
    counts for what was closed."""
    ratios = [{"at_least": 1, "ratio": "0.8"}]
    changed = edition(PROGRAM, publisher="acme", governance_ratios=ratios, award="9999.00")
    publish(quarter.book, changed, "lin")
    held = assert_one_figure_everywhere(quarter)[f"{PROGRAM}/S-5"]
    assert (held["outcome"], held["held_for"]) == ("held", ["governance_ratio_unset"])
    rows = quarter.adjust()["adjustments"]
    assert {row["now"] for row in rows} == {"1600.00"}
    lines = assert_one_figure_everywhere(quarter)
    assert lines[f"{PROGRAM}/S-5"]["amount"] == "1600.00"
    assert lines[LINE]["amount"] == "2000.00"


def test_a_figure_that_was_accepted_is_a_step_of_its_own(quarter: Quarter, tmp_path: Path) -> None:
    """With the reason, above what our rules say."""
    path = tmp_path / "theirs.csv"
    path.write_text(f"line,amount,currency\n{LINE},1500.00,CNY\n")
    with quarter.book.reading() as connection:
        at = Clocks(NOW, quarter.book.head().position)
        found = reconcile(connection, PROGRAM, None, read_canonical(str(path)), at)
    record_run(quarter.book, found, by="lin", profile="canonical", flipped=False)
    accept = {"resolution": "accept_theirs", "reason": "as agreed", "by": "lin", "now": NOW}
    resolve(quarter.book, PROGRAM, None, f"{LINE}#amount_differs", **accept)
    line = assert_one_figure_everywhere(quarter)[LINE]
    tree = line["explanation"]
    assert (line["amount"], tree["label"]) == (
        "1500.00",
        "the platform's figure, accepted: as agreed",
    )
    (own,) = tree["parts"]
    assert own["amount"] == "2000.00"


def test_a_line_that_no_fact_makes_any_more_stands_until_it_is_adjusted(quarter: Quarter) -> None:
    """The onboarding is withdrawn: `explain` still says what was issued, then nothing does."""
    onboarding = next(
        row["position"]
        for row in quarter.rows("activity")
        if row["type"] == "MerchantOnboarded" and row["stream"] == "store:S-1"
    )
    quarter.withdraw(int(onboarding))
    assert assert_one_figure_everywhere(quarter)[LINE]["amount"] == "2000.00"
    quarter.adjust()
    assert LINE not in assert_one_figure_everywhere(quarter)


@pytest.mark.parametrize(
    "late",
    [
        lambda: [amount_of("S-M-7", "1.00", at="2026-06-01T00:00:00Z")],
        lambda: [fee_paid("0.01")],
    ],
    ids=["late GMV", "a payment of the fee"],
)
def test_growth_stands_as_it_was_adjusted(
    book: Book, tmp_path: Path, late: Callable[[], list[dict[str, Any]]]
) -> None:
    """Fee, commission and ad credit of one merchant."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*enrolled(aigc=10, creator_video=0), fee_paid("5999.99")])
    quarter.close(GROWTH, leave_open="more comes")
    assert_one_figure_everywhere(quarter, GROWTH)
    quarter.tell(late())
    assert_one_figure_everywhere(quarter, GROWTH)
    quarter.adjust(GROWTH)
    assert_one_figure_everywhere(quarter, GROWTH)
