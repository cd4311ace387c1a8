"""Entries: dated, numbered, balanced per commodity. An unbalanced one cannot be built."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from ledger.accounting.chart import Account
from ledger.kernel.errors import Refusal
from ledger.kernel.money import Money, sum_by_currency


class Unbalanced(Refusal):
    """Postings that do not sum to zero in every commodity."""

    kind = "broken"
    hint = "This is a fault of duebook or of the book: run `duebook verify` and report it."


class Posting(NamedTuple):
    """One leg: positive amounts are debits, negative ones credits."""

    account: Account
    amount: Money


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement, booked from one event. `number` is the event's position and a count.

    Raises `Unbalanced` when it is built from postings that do not sum to zero.
    """

    number: str
    date: date
    what: str
    statement: str
    line: str
    narration: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        refuse_unbalanced(self.number, self.postings)


def refuse_unbalanced(number: str, postings: tuple[Posting, ...]) -> None:
    """Raises `Unbalanced`, naming the surplus, for postings that do not sum to zero."""
    over = {
        commodity: total
        for commodity, total in sum_by_currency([posting.amount for posting in postings]).items()
        if total.minor
    }
    if over:
        surplus = ", ".join(f"{total.text} {commodity}" for commodity, total in over.items())
        raise Unbalanced(f"Entry {number} does not balance: {surplus} over.", over=surplus)
