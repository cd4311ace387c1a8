"""`report partners`: the figures that ending a cooperation may rest on."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.usecases.settling.settle import settle
from ledger.usecases.terms.editions import edition_at
from projections.reading import report

RECRUITING = "recruiting-eu-jp-2026q1"
APPLIED = {
    "type": "PartnerApplied",
    "at": "2026-01-05T10:00:00+08:00",
    "application": "A-1",
    "partner": "P-1",
    "kind": "agency",
    "region": "TW",
    "services": [],
    "registered_on": "2020-01-01",
    "certificate": True,
    "team_size": 5,
    "fixed_office": True,
    "live_hardware": True,
}
STORE = {
    "type": "MerchantOnboarded",
    "at": "2026-01-20T10:00:00+08:00",
    "market": "EU",
    "partner": "P-1",
    "via": "exclusive_link",
}
TARGETED = {"type": "MerchantTargeted", "program": RECRUITING, "mode": "targeted"}


def test_the_counts_are_those_of_the_lines(record_demo: Book, now: int) -> None:
    """Payable, declined and held, per partner, as a settle at the same clocks counts them."""
    clocks = Clocks(now, record_demo.head().position)
    with record_demo.reading() as connection:
        edition, _ = edition_at(connection, RECRUITING, clocks.known_at)
        lines = settle(connection, edition, clocks).lines
    expected = Counter((line.payee, line.outcome) for line in lines)
    rows = report(record_demo, "partners", clocks=clocks).rows
    for row in rows:
        for outcome in ("payable", "declined", "held"):
            assert (row[outcome] or 0) == expected[f"partner:{row['partner']}", outcome]
    assert sum(row["stores"] or 0 for row in rows) == len(lines)


def test_what_a_termination_rests_on(
    book: Book, record_facts: Callable[..., Any], now: int
) -> None:
    """Admitted since, stores of the term, those closed for a violation, and those opened through
    the link for merchants that were never on the list."""
    was_targeted = {**TARGETED, "at": "2026-01-01T00:00:00Z", "merchant": "M-1"}
    untargeted = {**was_targeted, "type": "MerchantUntargeted", "at": "2026-01-02T00:00:00Z"}
    del untargeted["mode"]
    record_facts(
        book,
        [
            {**APPLIED, "services": ["delivery"]},
            *(was_targeted, untargeted),
            {**STORE, "merchant": "M-1", "store": "S-1"},
            {**STORE, "merchant": "M-2", "store": "S-2"},
            {**STORE, "merchant": "M-2", "store": "S-3", "via": "other"},
            {**STORE, "merchant": "M-2", "store": "S-4", "at": "2025-12-31T23:59:59+08:00"},
            {"type": "StoreClosed", "at": "2026-02-01T00:00:00Z", "store": "S-2"}
            | {"reason": "counterfeit"},
        ],
    )
    (row,) = report(book, "partners", now=now).rows
    assert row["state"] == "applied"
    assert row["admitted_since"] == "2026-01-05T02:00:00Z"
    assert (row["introduced"], row["stores"], row["high_risk"]) == (4, 3, 1)
    assert row["untargeted_by_link"] == 1, "a merchant that was taken off the list was on it"


def test_a_terminated_partner_stands_admitted_no_more(
    book: Book, record_facts: Callable[..., Any]
) -> None:
    """At clocks before the termination it did; a filter may ask for nothing in the column."""
    ended = {"type": "PartnerTerminated", "at": "2026-03-01T00:00:00Z", "partner": "P-1"}
    record_facts(book, [{**APPLIED, "services": ["delivery"]}, {**ended, "reason": "behind"}])
    none = [("admitted_since", "")]
    assert [row["partner"] for row in report(book, "partners", where=none).rows] == ["P-1"]
    before = Clocks(parse_instant("2026-02-28T23:59:59Z"), book.head().position)
    assert report(book, "partners", where=none, clocks=before).rows == []
