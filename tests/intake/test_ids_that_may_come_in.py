"""Ids that nobody can see, or that a program takes for something else, do not come in."""

from typing import Any

import pytest

from ledger.intake.orders.faults_in_words import fault_of
from ledger.intake.rejection import RowProblem
from ledger.intake.rows import parse_row
from ledger.store.codec import decoder
from tests.quarter import NOW

FACT = {"type": "PartnerCertified", "at": "2026-01-05T00:00:00Z"}
UNFIT = [
    *("P-01\u034f", "P-01\ufe0f", "P-01\u17b5", "\u3164", "\u115f", "\uffa0", "P\U000e0100"),
    *("--help", "-", ".", ".."),
]
FIT = ["P-01", "P.", "...", "_", "a-", "书-1", "Р-01", "P-0１", "e\u0301"]
ORDER = {
    "order_id": "o1",
    "store": "S-1",
    "created_at": "2026-05-01T10:00:00Z",
    "amount": "1.00",
    "currency": "CNY",
    "traffic": "ad",
    "channel": "other",
    "payment": "online",
    "category": "x",
}


@pytest.mark.parametrize("name", UNFIT, ids=ascii)
def test_an_id_that_cannot_be_told_is_refused_of_facts_and_orders(name: str) -> None:
    """With what is expected, and with the character written out."""
    with pytest.raises(RowProblem) as refused:
        parse_row(FACT | {"partner": name}, NOW)
    assert refused.value.code == "invalid_field"
    assert all(one.isprintable() for one in refused.value.error)
    for column in ("order_id", "store"):
        fault = fault_of(ORDER | {column: name}, NOW)
        assert fault is not None
        assert fault.code == "invalid_field"


def test_lists_of_ids_are_looked_through() -> None:
    """Each of them."""
    example: dict[str, Any] = {"plan": "A", "store": "S-1", "kind": "targeted", "rate": "0.1"}
    example |= {"products": ["K-1", "-x"], "creators": ["C-1"], "type": "AffiliatePlanSet"}
    with pytest.raises(RowProblem, match="products"):
        parse_row(example | {"at": FACT["at"]}, NOW)


@pytest.mark.parametrize("name", FIT, ids=ascii)
def test_letters_digits_and_marks_of_any_script_come_in(name: str) -> None:
    """As before."""
    assert parse_row(FACT | {"partner": name}, NOW).fact
    assert fault_of(ORDER | {"store": name}, NOW) is None


@pytest.mark.parametrize("name", UNFIT, ids=ascii)
def test_what_older_books_hold_is_read_as_it_is(name: str) -> None:
    """The border is where facts come in."""
    event = decoder("partner-certified.v1")(f'{{"partner": "{name}"}}'.encode())
    assert event.partner == name
