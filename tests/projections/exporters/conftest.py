"""Entries of every kind by hand and by chance, what they come to, and a statement."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from ledger.accounting.chart import KINDS, Account
from ledger.accounting.entry import Entry, Posting
from ledger.kernel.money import Money

Sums = dict[tuple[Account, str], Decimal]
COMMODITIES = ("CNY", "EUR", "JPY", "KWD", "USD", "USD.AD")
ROOT = Path(__file__).parents[3]
STATEMENT = "growth-2026-05/merchant:m_7"


def entry(number: str, day: str, narration: str, *postings: tuple[str, str, str, int]) -> Entry:
    """An entry with postings of kind, name, whose, minor units; the commodity is in the name."""
    legs = []
    for kind, name, of, minor in postings:
        name, _, commodity = name.partition(" ")
        legs.append(Posting(Account(kind, name, of), Money(minor, commodity or "CNY")))
    return Entry(
        *(number, date.fromisoformat(day), "issued", STATEMENT, "growth-2026-05/m_7/fixed_fee"),
        *(narration, tuple(legs)),
    )


HAND_MADE = (
    entry(
        *("12.1", "2026-05-09", 'said "yes"; a\\b, | (c)'),
        ("Expenses", "Incentive", "recruiting-eu-jp-2026q1", 200000),
        ("Liabilities", "Payable", "partner:P-01", -200000),
    ),
    entry(
        *("12.2", "2026-05-09", ""),
        ("Assets", "Receivable JPY", "merchant:m_7", 1200),
        ("Income", "FixedFee JPY", "growth-2026-05", -1200),
        ("Expenses", "Compensation USD.AD", "growth-2026-05", 300050),
        ("Liabilities", "Payable USD.AD", "merchant:7.eleven", -300050),
    ),
    entry(
        *("15.1", "2026-05-02", "=1+1\ntwo lines, dated [2026-13-45], date:never"),
        ("Liabilities", "Payable USD.AD", "merchant:7.eleven", 300050),
        ("Assets", "AdCredit USD.AD", "", -300050),
        ("Assets", "Receivable KWD", "merchant:北京-店", 123456789012345678),
        ("Liabilities", "Advances KWD", "platform", -123456789012345678),
    ),
    entry(
        *("16.1", "2026-06-01", "@payment 中文 \u2028 \x00 \t"),
        ("Liabilities", "Payable", "partner:P-01", 200000),
        ("Assets", "Cash", "", -200000),
    ),
)


def _balances(entries: tuple[Entry, ...] | list[Entry]) -> Sums:
    sums: Sums = defaultdict(Decimal)
    for one in entries:
        for account, amount in one.postings:
            sums[account, amount.currency] += amount.decimal
    return {key: total for key, total in sums.items() if total}


def _ids() -> st.SearchStrategy[str]:
    letters = st.characters(categories=("L", "N", "M"), include_characters="._-")
    common = st.sampled_from(
        ("P-01", "M-7", "S-1001", "m_7", "7.eleven", "北京-店", "a--b", "X--l")
    )
    return st.one_of(common, st.text(letters, min_size=1, max_size=64))


def _accounts() -> st.SearchStrategy[Account]:
    party = st.builds("{}:{}".format, st.sampled_from(("partner", "merchant")), _ids())
    names = st.sampled_from(("Payable", "Receivable", "Advances", "Cash", "AdCredit", "Incentive"))
    of = st.one_of(st.just(""), st.just("platform"), _ids(), party)
    return st.builds(Account, st.sampled_from(KINDS), names, of)


@st.composite
def _entries(draw: st.DrawFn) -> Entry:
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    legs = []
    for commodity in draw(st.lists(st.sampled_from(COMMODITIES), max_size=2, unique=True)):
        minors = draw(st.lists(st.integers(-(10**17), 10**17), min_size=1, max_size=3))
        for minor in (*minors, -sum(minors)):
            legs.append(Posting(draw(_accounts()), Money(minor, commodity)))
    return Entry(
        *(f"{draw(st.integers(1, 999))}.1", draw(st.dates(date(1900, 1, 1), date(2100, 1, 1)))),
        *(draw(st.sampled_from(("issued", "paid"))), STATEMENT, draw(st.sampled_from(("", "l/S")))),
        *(draw(text), tuple(legs)),
    )


@pytest.fixture(scope="session")
def hand_made() -> tuple[Entry, ...]:
    """Four entries whose days run backwards, with every trap that a text or an id can hold."""
    return HAND_MADE


@pytest.fixture(scope="session")
def balances() -> Callable[[list[Entry]], Sums]:
    """Per account and commodity the sum of all postings, where it is not zero."""
    return _balances


@pytest.fixture(scope="session")
def any_entries() -> st.SearchStrategy[list[Entry]]:
    """Journals by chance."""
    return st.lists(_entries(), max_size=6)


@pytest.fixture
def answer() -> dict[str, Any]:
    """A statement of a growth program with something of everything."""
    statement, line = {"statement": STATEMENT, "payee": "merchant:m_7"}, "growth-2026-05/S-1"
    common = {
        "payee": "merchant:m_7",
        "payer": "platform",
        "outcome": "payable",
        "unmet": [],
        "held_for": [],
    }
    invited = {"label": "Invited", "met": False, "events": [], "parts": []}
    enrolled = {
        "label": "Enrolled",
        "met": True,
        "required": "by May",
        "observed": "2026-05-03",
        "clause": "3.1",
        "events": [12],
        "parts": [invited],
    }
    pending = {"label": "Delivered", "pending": "window_open", "events": [], "parts": []}
    fee = {
        "label": "Fixed fee",
        "amount": "-1204.50",
        "currency": "CNY",
        "events": [12, 15],
        "parts": [enrolled, pending],
    }
    lines: list[tuple[str, str, str, str, dict[str, Any]]] = [
        (f"{line}/fixed_fee", "fixed_fee", "-1204.50", "CNY", {"explanation": fee}),
        (f"{line}/compensation", "compensation", "3000.50", "USD.AD", {}),
        (f"{line}/yen", "commission", "1200", "JPY", {}),
        (
            *("growth-2026-05/S-9/x", "commission", "0.00", "CNY"),
            {
                "outcome": "declined",
                "unmet": ["not_enrolled", "too_late"],
                "held_for": ["stock_unset"],
                "subject": "store:S-9",
            },
        ),
    ]
    return {
        "program": "growth-2026-05",
        "period": {"from": "2026-05-01", "to": "2026-08-31"},
        "terms": {"publisher": "duebook", "version": 1, "digest": "sha256:ab"},
        "rules_version": 1,
        "as_of": "2026-11-21T08:00:00Z",
        "known_at": 123,
        "asked": {"as_of": None, "known_at": 124},
        "fingerprint": {
            "book": "duebook.book/" + "0a" * 16,
            "statement": STATEMENT,
            "sha256": "01" * 32,
        },
        "provisional": False,
        "assumptions": [],
        "totals": {"CNY": "-1204.50", "JPY": "1200", "USD.AD": "3000.50"},
        "lines": [
            {
                "line": id_,
                "kind": kind,
                "amount": amount,
                "currency": currency,
                "subject": "store:S-1",
                "explanation": {},
                **common,
                **more,
            }
            for id_, kind, amount, currency, more in lines
        ],
        "obligations": [
            {
                "obligation": "growth-2026-05/m_7/aigc",
                "owed_to": "merchant:m_7",
                "missing": 12,
                "made_up": 5,
                "due": "2026-09-11",
                "state": "open",
            }
        ],
        "issued_at": "2026-11-21T09:30:00Z",
        "seal": {
            "position": 130,
            "by": "finance",
            "hash": "ef" * 32,
            "digest": "sha256:cd",
            "as_of": "2026-11-21T08:00:00Z",
            "known_at": 123,
        },
        "adjustments": [
            {
                **statement,
                "position": 160,
                "issued_at": "2026-12-02T00:00:00Z",
                "line": f"{line}/new",
                "was": None,
                "now": "-2000.00",
                "currency": "CNY",
                "difference": "-2000.00",
                "outcome": "payable",
                "because": [140],
                "why": "ROAS: 1.9",
                "facts": [
                    {"position": 140, "type": "GMVRecorded", "at": "2026-06-01T00:00:00Z"}
                    | {"file": "late.csv", "line": 3}
                ],
                "filled": [],
                "explanation": {
                    "label": "New fee",
                    "amount": "-2000.00",
                    "currency": "CNY",
                    "events": [140],
                    "parts": [],
                },
            }
        ],
        "payments": [
            {
                "statement": STATEMENT,
                "position": 150,
                "paid_at": "2026-12-01T00:00:00Z",
                "amount": "-1000.00",
                "currency": "CNY",
                "ref": "=ref",
                "by": "finance",
            }
        ],
        "statements": [
            {
                **statement,
                "currency": "CNY",
                "issued": "-1204.50",
                "adjusted": "-2000.00",
                "brought_forward": "0.00",
                "carried_forward": "0.00",
                "due": "-3204.50",
                "paid": "-1000.00",
                "open": "-2204.50",
                "advance": "0.00",
            }
        ],
    }


@pytest.fixture
def run_python() -> Callable[[str], str]:
    """A program in an interpreter of its own: what it prints."""

    def run(program: str) -> str:
        words = [sys.executable, "-c", program]
        return subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT).stdout

    return run
