"""The hledger file, by its structure; `make test-more` asks the program itself."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.accounting.chart import Account, parse_account
from ledger.accounting.entry import Entry
from projections.exporters.hledger import lines
from tests.marks import examples

Balances = Callable[[Any], dict[tuple[Account, str], Decimal]]
NAME = r"[A-Z][a-z]+(?::[^\s:;]+)+"
CODE = r'[A-Z]{3}|"[A-Z.]+"'
FIRST = re.compile(r"\d{4}-\d\d-\d\d \* \(\d+\.\d+\)(?: [^;]*)?")
TAG = re.compile(r"    ; (what|statement|line):[^,]*")
POSTING = re.compile(rf"    ({NAME})  (-?\d+(?:\.\d+)?) ({CODE})")
COMMODITY = re.compile(rf"commodity 1000\.0* ({CODE})")
ACCOUNT = re.compile(rf"account ({NAME})  ; type:([ALRXC])(?:, id:[^,]+)?")
SHAPES = (FIRST, TAG, POSTING, COMMODITY, ACCOUNT)


def summed(text: list[str]) -> dict[tuple[Account, str], Decimal]:
    """The postings as written, per account and commodity, where not zero."""
    sums: dict[tuple[Account, str], Decimal] = defaultdict(Decimal)
    for line in text:
        if found := POSTING.fullmatch(line):
            sums[parse_account(found[1]), found[3].strip('"')] += Decimal(found[2])
    return {key: total for key, total in sums.items() if total}


@examples(20, 100)
def test_every_line_of_any_journal_has_a_shape_that_hledger_reads(
    any_entries: st.SearchStrategy[list[Entry]], balances: Balances, examples: int
) -> None:
    """No text breaks out of its line, its description or its tag; sums are ours."""

    @settings(max_examples=examples, deadline=None)
    @given(any_entries)
    def check(entries: list[Entry]) -> None:
        head, mark, *text = lines(iter(entries), "a\n2026-01-01 * b")
        assert (head, mark) == ("; a\\u000a2026-01-01 * b", "decimal-mark .")
        for line in text:
            assert not line or any(shape.fullmatch(line) for shape in SHAPES), line
            assert len(line.splitlines()) <= 1
        assert len([line for line in text if FIRST.fullmatch(line)]) == len(entries)
        assert summed(text) == balances(entries)

    check()


def test_every_account_and_commodity_is_declared_once(hand_made: tuple[Entry, ...]) -> None:
    """Under the names that the postings use, with decimals; ad credit in quotes."""
    text = list(lines(hand_made, "demo"))
    used = {found[1] for line in text if (found := POSTING.fullmatch(line))}
    declared = [found[1] for line in text if (found := ACCOUNT.fullmatch(line))]
    assert sorted(used) == declared
    assert [line for line in text if line.startswith("commodity")] == [
        *("commodity 1000.00 CNY", "commodity 1000. JPY", "commodity 1000.000 KWD"),
        'commodity 1000.00 "USD.AD"',
    ]
    assert "account Assets:Cash  ; type:C" in text
    assert "account Liabilities:Payable:partner:P-01  ; type:L, id:partner:P-01" in text
    assert '    Assets:AdCredit  -3000.50 "USD.AD"' in text


def test_a_transaction_reads_as_a_person_would_write_it(hand_made: tuple[Entry, ...]) -> None:
    """What would end the description is written as its code point."""
    assert list(lines(hand_made, "demo"))[3:10] == [
        r'2026-05-09 * (12.1) said "yes"\u003b a\\b, | (c)',
        "    ; what:issued",
        "    ; statement:growth-2026-05/merchant:m_7",
        "    ; line:growth-2026-05/m_7/fixed_fee",
        "    Expenses:Incentive:recruiting-eu-jp-2026q1  2000.00 CNY",
        "    Liabilities:Payable:partner:P-01  -2000.00 CNY",
        "",
    ]


def test_a_tag_holds_its_whole_text(hand_made: tuple[Entry, ...]) -> None:
    """A comma would end it, a break its line."""
    one = replace(hand_made[0], statement="a, date:b\nc", what="x,y")
    assert list(lines([one], "demo"))[4:6] == [
        r"    ; what:x\u002cy",
        r"    ; statement:a\u002c date:b\u000ac",
    ]
