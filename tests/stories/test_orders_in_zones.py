"""One archive and several zones: each program counts the days of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import LeftOpen
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.usecases.closing.close import close
from ledger.usecases.terms.publish import publish
from projections.reading import report
from tests.fees import NOW, Fees, onboarded, order
from tests.marks import decision
from tests.quarter import GROWTH, edition

pytestmark = decision
BRAZIL = "fee-br"
RATE = [{"category": "apparel", "rate": "0.10"}]


@pytest.fixture
def brazil(book: Book, tmp_path: Path) -> Fees:
    """Fees of a Brazilian marketplace, in reais and its own zone, and a store of it."""
    made = edition(
        "technical-fee-2020",
        program=BRAZIL,
        publisher="ana",
        version=1,
        zone="America/Sao_Paulo",
        first=parse_day("2017-01-01"),
        last=parse_day("2018-12-31"),
        currency="BRL",
        rates=RATE,
        discounts=[],
    )
    publish(book, made, "ana")
    fees = Fees(book, tmp_path)
    fees.tell(onboarded("S1", "2017-10-13T10:00:00-03:00"))
    return fees


def parse_day(text: str) -> Any:
    from datetime import date

    return date.fromisoformat(text)


def in_brazil(name: str, at: str, store: str = "S1") -> dict[str, str]:
    return order(name, store=store, created_at=at, currency="BRL")


def test_the_last_evening_of_november_keeps_november_open_and_leaves_december_alone(
    brazil: Fees,
) -> None:
    """Of a store that nobody has onboarded: in Beijing it was December already."""
    brazil.archive(in_brazil("a", "2017-11-15T12:00:00-02:00"))
    brazil.archive(in_brazil("late", "2017-11-30T22:30:00-02:00", "S9"))
    options: dict[str, Any] = {"by": "ana", "now": NOW}
    with pytest.raises(LeftOpen) as refused:
        close(brazil.book, BRAZIL, "2017-11", **options)
    assert "1 exception:" in refused.value.sentence
    assert close(brazil.book, BRAZIL, "2017-12", **options)["recorded"] > 0
    brazil.tell(onboarded("S9", "2017-10-13T10:00:00-03:00"))
    assert close(brazil.book, BRAZIL, "2017-11", **options)["totals"] == {"BRL": "-20.00"}


def test_two_programs_of_different_zones_over_the_same_orders_are_both_right(
    book: Book, tmp_path: Path, settled: Callable[..., dict[str, str]]
) -> None:
    """Growth in Los Angeles and in Shanghai, of one store, on the eve and the last evening."""
    fees = Fees(book, tmp_path)
    west = edition(GROWTH, publisher="acme", version=2, program="growth-west",
                   zone="America/Los_Angeles")  # fmt: skip
    publish(book, west, "lin")
    usd = {"store": "S-7", "currency": "USD"}
    fees.archive(
        order("eve", created_at="2026-04-30T20:00:00-07:00", amount="1000.00", **usd),
        order("first", created_at="2026-05-01T09:30:00-07:00", amount="100.00", **usd),
        order("last", created_at="2026-07-31T20:00:00-07:00", amount="10000.00", **usd),
    )
    for program in (GROWTH, "growth-west"):
        own = {"program": program, "merchant": "M-7"}
        at = {"at": "2026-04-02T10:00:00Z"}
        fees.tell(
            *([onboarded("S-7", "2026-01-01T00:00:00Z") | {"merchant": "M-7"}]
              if program == GROWTH else []),
            {"type": "MerchantInvited", **at, **own},
            {"type": "MerchantEnrolled", **at, **own, "store": "S-7"},
        )  # fmt: skip
    # in Shanghai the eve is 1 May, and the last evening is 1 August
    assert settled(book, GROWTH)[f"{GROWTH}/M-7/commission"] == "-220.00"
    assert settled(book, "growth-west")["growth-west/M-7/commission"] == "-2020.00"


@pytest.fixture
def settled() -> Callable[..., dict[str, str]]:
    """The amounts of a program's lines, by line."""
    from ledger.kernel.clocks import Clocks
    from ledger.usecases.settling.settle import published_edition, settle

    def act(book: Book, program: str) -> dict[str, str]:
        clocks = Clocks(parse_instant("2026-11-01T00:00:00Z"), book.head().position)
        with book.reading() as connection:
            terms = published_edition(connection, program, clocks)
            lines = settle(connection, terms, clocks).lines
        return {one.line: one.amount.text for one in lines if one.amount}

    return act


def test_a_report_without_a_program_asks_for_the_zone_where_there_are_several(
    brazil: Fees,
) -> None:
    """And shows the days of the one that is given."""
    from ledger.kernel.errors import BadQuery

    brazil.archive(in_brazil("a", "2017-11-30T22:30:00-02:00"))
    with pytest.raises(BadQuery, match="America/Sao_Paulo"):
        report(brazil.book, "gmv")
    days = {
        zone: [row["day"] for row in report(brazil.book, "gmv", zone=zone).rows]
        for zone in ("America/Sao_Paulo", "Asia/Shanghai")
    }
    assert days == {"America/Sao_Paulo": ["2017-11-30"], "Asia/Shanghai": ["2017-12-01"]}


def test_exceptions_of_orders_are_one_per_store_with_count_amounts_and_days(
    brazil: Fees,
) -> None:
    """At the first call that holds them; and gone once the store is onboarded."""
    first = brazil.archive(
        in_brazil("a", "2017-11-15T12:00:00-02:00", "S9"),
        in_brazil("b", "2017-11-16T12:00:00-02:00", "S9"),
        in_brazil("early", "2017-10-01T12:00:00-02:00"),
    )
    brazil.archive(in_brazil("c", "2017-11-17T12:00:00-02:00", "S9"))
    found = {row["code"]: row for row in report(brazil.book, "exceptions").rows}
    unknown = found["unknown_store"]
    assert (unknown["position"], unknown["stream"]) == (first.position, "store:S9")
    assert "3 orders of store S9, 300.00 BRL, created 2017-11-15" in unknown["sentence"]
    assert "1 order of store S1" in found["before_onboarding"]["sentence"]
    brazil.tell(onboarded("S9", "2017-10-13T10:00:00-03:00"))
    codes = [row["code"] for row in report(brazil.book, "exceptions").rows]
    assert codes == ["before_onboarding"]
