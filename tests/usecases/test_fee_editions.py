"""The fee's editions beside each other: whose revocations count, which stores each is about."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.settling.settle import published_edition, settle
from ledger.usecases.terms.publish import publish
from tests.fees import AFTER_MAY, MAY, NOW, PROGRAM, RATES, Fees, onboarded, order, revoked
from tests.marks import decision
from tests.quarter import edition, on_sqlite

from .platform import explained

pytestmark = decision

USD = "technical-fee-usd"


def tell(book: Any, folder: Path) -> None:
    """S-1, a newcomer, with an order of the discount's days after 20 May 10:00."""
    fees = Fees(book, folder)
    fees.rates()
    fees.tell(onboarded("S-1"))
    fees.archive(order("a"))


@pytest.fixture
def told(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """A book that was told so."""
    return Fees(book_with(tell), tmp_path, calls=4)


def published(fees: Fees, program: str, publisher: str, **changed: Any) -> int:
    """Publishes a version of an edition; answers its position."""
    number = next(fees.calls)
    made = edition(PROGRAM, program=program, publisher=publisher, version=number, **changed)
    answer = publish(fees.book, made, "lin")
    return int(answer["position"])


def in_dollars(fees: Fees, publisher: str) -> int:
    return published(fees, USD, publisher, currency="USD")


def amount(fees: Fees, known_at: int) -> str:
    """What S-1 is charged for May, known at a position."""
    with fees.book.reading() as connection:
        clocks = Clocks(AFTER_MAY, known_at)
        terms = published_edition(connection, PROGRAM, clocks)
        return settle(connection, terms, clocks, period=MAY).lines[0].amount.text


@on_sqlite
def test_a_revocation_of_one_edition_ends_the_discounts_of_its_others(told: Fees) -> None:
    """By the publishers of the versions that count at known-at, whichever came first."""
    revocation = told.tell(revoked("S-1") | {"program": USD})
    assert amount(told, revocation) == "-1.00"
    by_acme = in_dollars(told, "acme")
    assert amount(told, by_acme) == "-5.00"
    said = explained(told, "S-1")["explanation"]["parts"][-1]["observed"]
    assert said.endswith(f"; revoked 2020-05-20T10:00:00+08:00, as told of {USD}")
    by_another = in_dollars(told, "another")
    assert amount(told, by_another) == "-1.00"
    moved = published(told, PROGRAM, "another", rates=RATES)
    assert amount(told, moved) == "-5.00"
    assert [amount(told, one) for one in (revocation, by_acme, by_another)] == [
        *("-1.00", "-5.00", "-1.00")
    ]


@on_sqlite
def test_a_late_revocation_of_another_edition_is_adjusted(told: Fees) -> None:
    """The fact is named as the cause."""
    in_dollars(told, "acme")
    close(told.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)
    position = told.tell(revoked("S-1") | {"program": USD})
    ((line, because),) = [
        (one["difference"], one["because"])
        for one in adjust(told.book, PROGRAM, MAY, by="lin", now=NOW)[1]["adjustments"]
    ]
    assert (line, list(because)) == ("-4.00", [position])
