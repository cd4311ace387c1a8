"""The journal as a table that a spreadsheet opens without calculating."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.accounting.chart import Account, parse_account
from ledger.accounting.entry import Entry
from ledger.kernel.shown import visible_cell
from projections.exporters.journal_csv import lines
from projections.exporters.spreadsheet import csv_cell
from tests.marks import examples

Balances = Callable[[Any], dict[tuple[Account, str], Decimal]]


def rows(entries: Any) -> list[dict[str, str]]:
    """As a program reads the file."""
    text = "".join(f"{line}\n" for line in lines(iter(entries), "demo"))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_posting_is_a_row(hand_made: tuple[Entry, ...]) -> None:
    """With everything about its entry; amounts on their side, without a sign."""
    found = rows(hand_made)
    assert len(found) == sum(len(one.postings) for one in hand_made)
    assert found[1] == {
        "number": "12.1",
        "date": "2026-05-09",
        "what": "issued",
        "statement": "growth-2026-05/merchant:m_7",
        "line": "growth-2026-05/m_7/fixed_fee",
        "narration": 'said "yes"; a\\b, | (c)',
        "account": "Liabilities:Payable:partner:P-01",
        "debit": "",
        "credit": "2000.00",
        "currency": "CNY",
    }
    assert [one["debit"] for one in found[2:5]] == ["1200", "", "3000.50"]


def test_the_header_names_the_columns() -> None:
    """Also of a journal without entries."""
    assert list(lines([], "demo")) == [
        "number,date,what,statement,line,narration,account,debit,credit,currency"
    ]


def test_text_that_would_calculate_gets_a_quote(hand_made: tuple[Entry, ...]) -> None:
    """A break inside it stays inside its field."""
    narrations = [one["narration"] for one in rows(hand_made)]
    assert "'=1+1\ntwo lines, dated [2026-13-45], date:never" in narrations
    assert "'@payment 中文 \\u2028 \\x00 \t" in narrations


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\r\nb", 'a"b', "a,b", "a;b", " a "])
def test_a_field_holds_its_whole_text(hand_made: tuple[Entry, ...], text: str) -> None:
    """A break, a quote or a comma does not end it."""
    found = rows([replace(hand_made[0], narration=text)])
    assert [one["narration"] for one in found] == [text, text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        *(
            ("=1+1", "'=1+1"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("@SUM(A1)", "'@SUM(A1)"),
        ),
        *(("-1+1", "'-1+1"), ("-cmd", "'-cmd"), ("\t=1", "'\t=1"), ("\r=1", "'\r=1")),
        *(
            ("\n=1", "'\n=1"),
            ("＝1+1", "'＝1+1"),
            (" =1", "' =1"),
            ("\ufeff=1", "'\\ufeff=1"),
            ("\u3000＝1", "'\u3000＝1"),
            ("＠A", "'＠A"),
            ("＋1", "'＋1"),
            ("－A", "'－A"),
        ),
        *(("-12.50", "-12.50"), ("12", "12"), ("a=1", "a=1"), ("", "")),
    ],
)
def test_only_what_would_calculate_is_changed(text: str, shown: str) -> None:
    """A plain number may begin with a minus."""
    assert csv_cell(text) == shown


@examples(20, 100)
def test_any_journal_reads_back_with_our_balances(
    any_entries: st.SearchStrategy[list[Entry]], balances: Balances, examples: int
) -> None:
    """Debits less credits, per account and currency; no field that calculates."""

    @settings(max_examples=examples, deadline=None)
    @given(any_entries)
    def check(entries: list[Entry]) -> None:
        sums: dict[tuple[Account, str], Decimal] = defaultdict(Decimal)
        for row in rows(entries):
            assert not row["narration"].startswith(("=", "+", "@", "\t", "\r"))
            debit, credit = (Decimal(row[side] or 0) for side in ("debit", "credit"))
            sums[parse_account(row["account"]), row["currency"]] += debit - credit
            assert not credit.is_signed()
        expected = {
            (parse_account(visible_cell(account.text)), currency): total
            for (account, currency), total in balances(entries).items()
        }
        assert {key: total for key, total in sums.items() if total} == expected

    check()
