"""`query`: lines, adjustments, payments and breaks, and the lines of an open period."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadQuery, UnknownProgram, WrongPeriod
from ledger.store.book import Book, open_book
from projections.catalogue import VIEWS
from projections.runner import state_of
from projections.sql.query import query
from projections.sql.worked_out import OpenPeriod
from tests.fees import AFTER_MAY, MAY, Fees, onboarded, order
from tests.fees import PROGRAM as FEE
from tests.marks import decision
from tests.quarter import (
    GROWTH,
    NOW,
    PROGRAM,
    TERM_OVER,
    Quarter,
    closure,
    enrolled,
    fee_paid,
    plain_quarter,
)
from tests.reconciling import PLAIN, Desk, discounted, rows

LATER = NOW + 400 * 86_400_000_000
"""After the decisions of these tests, which are recorded when they are made."""
LESS = [*PLAIN, *rows(("S-5", "1000.00"))]


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    """Two payable lines of P-1, not closed."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(plain_quarter())
    return quarter


def ask(book: Book, sql: str, **options: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement, asked at NOW."""
    return [tuple(row.values()) for row in query(book, sql, now=NOW, **options).rows]


LINES = "SELECT subject, outcome, amount_minor, issued_minor, stands FROM lines ORDER BY line"


def test_lines_are_what_stands_of_closed_periods(quarter: Quarter) -> None:
    """None before the close; then as issued; then as adjusted, with what was issued beside."""
    assert ask(quarter.book, LINES) == []
    quarter.close()
    issued = ("payable", 200000, 200000, "issued")
    assert ask(quarter.book, LINES) == [("store:S-1", *issued), ("store:S-2", *issued)]
    closed = quarter.book.head().position
    (late,) = quarter.tell([closure("S-1")])
    assert ask(quarter.book, LINES)[0] == ("store:S-1", *issued), "until it is adjusted"
    quarter.adjust()
    now = ("store:S-1", "declined", 0, 200000, "issued")
    assert ask(quarter.book, LINES) == [now, ("store:S-2", *issued)]
    sql = "SELECT line, why, statement, stands_at FROM lines ORDER BY line LIMIT 1"
    said = (f"{PROGRAM}/S-1", "store_open", f"{PROGRAM}/partner:P-1", late)
    assert ask(quarter.book, sql) == [said]
    then = Clocks(LATER, closed)
    assert ask(quarter.book, LINES, clocks=then)[0] == ("store:S-1", *issued)
    before = Clocks(LATER, closed - 1)
    assert ask(quarter.book, LINES, clocks=before) == [], "a period is closed by its close"


def test_adjustments_are_those_of_the_statement(quarter: Quarter) -> None:
    """Was, now and the difference, with the facts that caused them."""
    quarter.close()
    (late,) = quarter.tell([closure("S-1")])
    quarter.adjust()
    (said,) = quarter.statement()["adjustments"]
    names = "line, payee, was, now, difference, outcome, outcome_was, because, position"
    (row,) = query(quarter.book, f"SELECT {names} FROM adjustments").rows
    assert row["because"] == str(late)
    assert (row["was"], row["now"], row["difference"]) == ("2000.00", "0.00", "-2000.00")
    assert {name: row[name] for name in row if name != "because"} == {
        name: said[name] for name in row if name != "because"
    }


def test_payments_are_those_that_the_statement_counts(quarter: Quarter) -> None:
    """Decided and by fact; a fact that is withdrawn counts no more, and did before."""
    quarter.close()
    quarter.pay("1500.00", on=date(2026, 11, 1))
    quarter.pay("-500.00", ref="bank-2")
    quarter.tell([*enrolled(), fee_paid("6000.00", ref="TT-1")])
    paid = quarter.book.head().position
    quarter.close(GROWTH, as_of=TERM_OVER + 40 * 86_400_000_000, leave_open="x")
    sql = (
        'SELECT statement, position, amount, currency, ref, "by", fact FROM payments'
        " ORDER BY position, statement"
    )

    def as_stated() -> list[tuple[Any, ...]]:
        told = [
            one
            for program in (PROGRAM, GROWTH)
            for one in quarter.statement(program=program)["payments"]
        ]
        names = ("statement", "position", "amount", "currency", "ref", "by", "fact")
        return sorted((tuple(one[name] for name in names) for one in told), key=lambda one: one[1])

    counted = ask(quarter.book, sql)
    assert counted == as_stated()
    assert len(counted) == 3
    before = quarter.book.head().position
    quarter.withdraw(paid)
    assert ask(quarter.book, sql) == as_stated() == counted[:2]
    assert len(ask(quarter.book, "SELECT 1 FROM payments", clocks=Clocks(LATER, before))) == 3
    day = "SELECT bank_day FROM payments WHERE ref = 'bank-1'"
    assert ask(quarter.book, day) == [("2026-11-01",)]


def test_breaks_are_those_of_the_report_at_the_same_clocks(book: Book, tmp_path: Path) -> None:
    """With their age, state and resolution; amounts also in minor units."""
    desk: Desk = discounted(book, tmp_path)
    desk.run(LESS)
    clocks = Clocks(LATER, book.head().position)
    (said,) = desk.rows("reconciliation", clocks)
    assert said["age"] == "over 90"
    names = ("break", "kind", "line", "ours", "theirs", "difference", "currency", "state", "age")
    sql = f"SELECT {', '.join(names)} FROM breaks"
    assert ask(book, sql, clocks=clocks) == [tuple(said[name] for name in names)]
    more = "SELECT program, period, theirs_minor, ours_outcome, days, kept_at FROM breaks"
    at = book.head().position
    assert ask(book, more, clocks=clocks) == [(PROGRAM, None, 100000, None, said["days"], at)]
    open_ones = "SELECT count(*) FROM breaks JOIN lines USING (line) WHERE state = 'open'"
    assert ask(book, open_ones) == [(0,)], "a break of a period that is not closed has no line"
    (name,) = [one["break"] for one in desk.rows("reconciliation", Clocks(LATER, at))]
    desk.resolve(name)
    resolved = 'SELECT state, resolution, reason, "by" FROM breaks'
    assert ask(book, resolved) == [("resolved", "other", "as agreed", "lin")]
    assert ask(book, "SELECT state FROM breaks", clocks=Clocks(LATER, at)) == [("open",)]


def test_a_program_adds_the_lines_of_its_open_period(quarter: Quarter) -> None:
    """Marked as fresh, on no statement; of a closed period nothing is added."""
    fresh = [(f"store:S-{number}", "payable", 200000, None, "fresh") for number in (1, 2)]
    asked = {"open_period": OpenPeriod(PROGRAM)}
    assert ask(quarter.book, LINES, **asked) == fresh
    assert ask(quarter.book, LINES) == []
    early = Clocks(LATER, quarter.told[0])
    assert ask(quarter.book, LINES, clocks=early, **asked) == []
    closed_by = quarter.book.head().position
    quarter.close()
    issued = ask(quarter.book, LINES)
    assert ask(quarter.book, LINES, **asked) == issued
    assert {row[4] for row in issued} == {"issued"}
    then = Clocks(LATER, closed_by)
    assert ask(quarter.book, LINES, clocks=then, **asked) == fresh


def test_a_month_is_named_where_a_program_settles_by_month(book: Book, tmp_path: Path) -> None:
    """Beside closed months of others; without it the period is refused."""
    fees = Fees(book, tmp_path)
    fees.rates()
    fees.tell(onboarded("S-1"))
    fees.archive(order("a"), order("b"))
    sql = "SELECT period, subject, sum(amount) FROM lines GROUP BY ALL"
    clocks = Clocks(AFTER_MAY, book.head().position)
    (row,) = ask(book, sql, open_period=OpenPeriod(FEE, MAY), clocks=clocks)
    (line,) = fees.settle().lines
    assert row == (MAY, "store:S-1", line.amount.text if line.amount else None)
    with pytest.raises(WrongPeriod):
        ask(book, sql, open_period=OpenPeriod(FEE))
    both = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM lines)"
    assert ask(book, both, open_period=OpenPeriod(FEE, MAY), clocks=clocks) == [(2, 1)]


@decision
def test_an_open_period_is_refused_where_nothing_could_be_added(quarter: Quarter) -> None:
    """Of a program that nobody published, and in a statement without the table."""
    with pytest.raises(UnknownProgram):
        ask(quarter.book, LINES, open_period=OpenPeriod("recruting"))
    with pytest.raises(BadQuery, match="does not name"):
        ask(quarter.book, "SELECT 1 FROM stores", open_period=OpenPeriod(PROGRAM))


def test_a_book_that_may_only_be_read_answers_the_same(quarter: Quarter) -> None:
    """From a temporary database: every table, and the lines of an open period."""
    quarter.tell(enrolled())
    quarter.close()
    quarter.tell([closure("S-1")])
    quarter.adjust()
    quarter.pay("10.00")
    reader = open_book(quarter.book.location, readonly=True)
    for name in ("lines", "adjustments", "payments", "breaks"):
        sql = f"SELECT * FROM {name}"
        live, beside = query(quarter.book, sql, now=NOW), query(reader, sql, now=NOW)
        assert [*beside.rows] == [*live.rows]
    asked = {"open_period": OpenPeriod(GROWTH)}
    sql = "SELECT stands, count(*) FROM lines GROUP BY 1 ORDER BY 1"
    assert ask(reader, sql, **asked) == ask(quarter.book, sql, **asked)
    assert ask(reader, sql, **asked)[0][0] == "fresh"
    reader.close()


@decision
def test_a_query_brings_up_to_date_only_what_it_names(quarter: Quarter) -> None:
    """Lines of a large book are no burden to whoever asks for stores."""
    ask(quarter.book, "SELECT count(*) FROM stores")
    with quarter.book.reading() as connection:
        built = {name for name, view in VIEWS.items() if state_of(connection, view)[0]}
    assert built == {"stores"}


@decision
def test_the_queries_of_the_how_to_run_as_they_stand(closed_demo: Book) -> None:
    """On the shipped example, closed and paid."""
    text = (Path(__file__).parents[2] / "docs" / "how-to.md").read_text(encoding="utf-8")
    shown = re.findall(r'^\$ duebook query "(.+)"$', text, re.M)
    assert len(shown) >= 5
    answers = [query(closed_demo, sql, now=NOW).rows for sql in shown]
    assert [len(rows) > 0 for rows in answers][:-1] == [True] * (len(shown) - 1)
    assert answers[-1] == [], "the example has no comparison with a file of the platform's"
    by_quarter = next(rows for rows in answers if rows and "quarter" in next(iter(rows)))
    assert {(str(row["year"]), int(float(row["quarter"]))) for row in by_quarter} == {("2026", 1)}
