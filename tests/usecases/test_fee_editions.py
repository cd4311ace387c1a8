"""The fee's editions beside each other: whose revocations count, which stores each is about."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadTerms, LeftOpen, NoSuchLine, TermsConflict
from ledger.programs.registry import program_of
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.settling.assumptions import moved_by_assumptions
from ledger.usecases.settling.explain import explain
from ledger.usecases.settling.settle import published_edition, settle
from ledger.usecases.terms.publish import publish
from tests.fees import (
    AFTER_MAY,
    MAY,
    NOW,
    PROGRAM,
    RATES,
    Fees,
    everything,
    onboarded,
    order,
    revoked,
)
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
    answer = publish(fees.book, made, "lin", replace=True)
    return int(answer["position"])


def in_dollars(fees: Fees, publisher: str) -> int:
    return published(fees, USD, publisher, currency="USD")


def closed(fees: Fees) -> dict[str, Any]:
    return close(fees.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)


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
    closed(told)
    position = told.tell(revoked("S-1") | {"program": USD})
    ((line, because),) = [
        (one["difference"], one["because"])
        for one in adjust(told.book, PROGRAM, MAY, by="lin", now=NOW)[1]["adjustments"]
    ]
    assert (line, list(because)) == ("-4.00", [position])


US = "technical-fee-us"
EARLIER = "2020-03-01T10:00:00+08:00"


def test_editions_overlap_where_markets_currency_and_days_do(told: Fees) -> None:
    """One without markets overlaps with every market; a sentence names what both are about."""
    for program, markets in ((US, ["US"]), (US, None)):
        with pytest.raises(
            TermsConflict, match=f"{PROGRAM}.* both cover CNY.*, from 2020-05-01 on"
        ):
            published(told, program, "acme", **({"markets": markets} if markets else {}))
    published(told, PROGRAM, "acme", markets=["CN", "SG"])
    published(told, US, "acme", markets=["US"])
    third = "technical-fee-third"
    with pytest.raises(TermsConflict, match=f"{PROGRAM}.* cover CNY, SG "):
        published(told, third, "acme", markets=["JP", "SG"])
    with pytest.raises(TermsConflict, match=r" both cover CNY, (CN, SG|US) "):
        published(told, third, "acme")
    published(told, third, "acme", markets=["SG", "US"], currency="USD")
    published(told, "technical-fee-fourth", "acme", markets=["US"], last=None, currency="JPY")
    with pytest.raises(TermsConflict, match=f"{third}.* cover SG, USD|{third}.* cover USD, SG"):
        published(told, "technical-fee-fifth", "acme", markets=["SG"], currency="USD")


@on_sqlite
def test_a_store_onboarded_elsewhere_keeps_no_month_open(told: Fees) -> None:
    """Whatever is odd about it or its orders; one that nobody has onboarded may be of ours."""
    told.rates(markets=["CN"])
    american = onboarded("S-3", EARLIER) | {"market": "US"}
    told.tell(
        american | {"partner": "P-unknown"},
        american | {"at": "2020-03-02T10:00:00+08:00", "market": "CN"},
        revoked("S-3", "2020-02-01T10:00:00+08:00"),
    )
    told.archive(
        *(order("b", store="S-3", category="unheard of"), order("c", store="S-3", currency="USD")),
        order("d", store="S-9"),
    )
    assert told.amounts() == {"S-1": "-1.00"}
    with pytest.raises(LeftOpen, match="store S-9 is not known yet") as refused:
        closed(told)
    assert "S-3" not in str(refused.value.sentence)
    told.tell(onboarded("S-9") | {"market": "US"})
    assert (closed(told)["exceptions"], told.amounts()) == (0, {"S-1": "-1.00"})
    with told.book.reading() as connection, pytest.raises(NoSuchLine, match="elsewhere than in CN"):
        explain(connection, f"{PROGRAM}/{MAY}/S-3", everything(told.book.head().position))


@on_sqlite
def test_what_is_odd_about_a_store_of_ours_still_keeps_its_month_open(told: Fees) -> None:
    """The same facts, in our market."""
    told.rates(markets=["CN"])
    told.tell(onboarded("S-3", EARLIER) | {"partner": "P-unknown"})
    told.archive(order("b", store="S-3"))
    with pytest.raises(LeftOpen, match="P-unknown"):
        closed(told)


@on_sqlite
def test_a_closed_month_without_markets_keeps_the_stores_of_all(told: Fees) -> None:
    """Unset means all: nothing was missing that a later version could fill."""
    told.tell(onboarded("S-3", EARLIER) | {"market": "US"})
    told.archive(order("b", store="S-3"))
    closed(told)
    told.rates(markets=["CN"])
    assert adjust(told.book, PROGRAM, MAY, by="lin", now=NOW)[1]["adjustments"] == []
    assert set(told.amounts()) == {"S-1"}, "a fresh run is about ours alone"


def test_versions_without_markets_say_that_they_are_about_all(told: Fees) -> None:
    """Among their assumptions, outside of the digest; one that names some does not."""
    program = program_of("technical_fee")
    plain = edition(PROGRAM)
    named = edition(PROGRAM, markets=["CN"])
    assert "markets" not in plain.as_data()["terms"]
    assert plain.as_data()["terms"] | {"markets": ["CN"]} == named.as_data()["terms"]
    assumed = {
        what: {one["parameter"] for one in program.assumptions(made)}
        for what, made in (("plain", plain), ("named", named))
    }
    assert assumed["plain"] - assumed["named"] == {"markets"}
    with told.book.reading() as connection:
        terms = published_edition(connection, PROGRAM, everything(told.book.head().position))
        settled = settle(connection, terms, everything(told.book.head().position), period=MAY)
        listed = {row["parameter"] for row in moved_by_assumptions(connection, settled)}
    assert "markets" in listed
    with pytest.raises(BadTerms, match="markets"):
        edition(PROGRAM, markets=[])
