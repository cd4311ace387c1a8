"""The facts that follow from order lines: their bytes are the model's own, whatever they say."""

from datetime import date
from random import Random

import pytest

from ledger.aggregates.store import GMVRecorded
from ledger.kernel.instants import parse_instant
from ledger.kernel.money import Money
from ledger.store.archive.sums import DayChange, FirstOrder
from ledger.usecases.archiving.order_facts import DayTooLarge, DerivedFacts, gmv_of
from tests.fees import MAY, RATES, Fees, onboarded, order

AT = parse_instant("2020-05-20T12:00:00+08:00")
DAY = date(2020, 5, 20)
KINDS = {
    "plain": DayChange("S-1", DAY, "CNY", 12_345, 3, AT),
    "one cent": DayChange("S-1", DAY, "CNY", 1, 1, AT),
    "zero": DayChange("S-1", DAY, "CNY", 0, 1, AT),
    "nothing, and no orders": DayChange("S-1", DAY, "CNY", 0, 0, AT),
    "negative": DayChange("S-1", DAY, "CNY", -1, 0, AT),
    "negative, more than one": DayChange("S-1", DAY, "CNY", -12_300, 2, AT),
    "an order went": DayChange("S-1", DAY, "CNY", -100, -1, AT),
    "an order went, nothing else": DayChange("S-1", DAY, "CNY", 0, -1, AT),
    "no decimals": DayChange("S-1", DAY, "JPY", 1200, 1, AT),
    "three decimals": DayChange("S-1", DAY, "KWD", 1, 1, AT),
    "a store of another script": DayChange("店-7", DAY, "CNY", 100, 1, AT),
    "signs in a store's name": DayChange("S._-9", DAY, "USD", 100, 1, AT),
    "an early day": DayChange("S-1", date(1999, 1, 2), "CNY", 100, 1, AT),
    "eighteen digits": DayChange("S-1", DAY, "CNY", 10**18 - 1, 2_000_000, AT),
}


def derived(*days: DayChange, first: tuple[FirstOrder, ...] = ()) -> DerivedFacts:
    """The facts of some days."""
    return DerivedFacts(days, first, set(), [])


@pytest.mark.parametrize("kind", KINDS)
def test_the_bytes_of_a_day_are_the_models_own(kind: str) -> None:
    """Put together by hand or serialized: not a byte of difference, and they read back."""
    one = KINDS[kind]
    ((stream, topic, state, at),) = derived(one).rows()
    assert state == gmv_of(one).stored()
    assert (stream, topic, at) == (f"store:{one.store}", GMVRecorded.TOPIC, AT)
    found = GMVRecorded.model_validate_json(state)
    assert Money.parse(found.amount, found.currency) == Money(one.net_minor, one.currency)
    assert found.stored() == state


def test_random_days_are_the_models_own_too() -> None:
    """One writer for many days remembers dates and currencies, and mixes none of them up."""
    random = Random(7)
    days = [
        DayChange(
            random.choice(["S-1", "S-2", "店-7"]),
            date(2020, random.randint(1, 12), random.randint(1, 28)),
            random.choice(["CNY", "USD", "JPY", "KWD", "EUR"]),
            random.choice([0, 1, 99, 100, 101, random.randint(-(10**15), 10**15)]),
            random.randint(-2, 50),
            AT,
        )
        for _ in range(2000)
    ]
    states = [state for _, _, state, _ in derived(*days).rows()]
    assert states == [gmv_of(one).stored() for one in days]


def test_a_first_sale_follows_the_days_and_stands_at_its_order() -> None:
    """With its own entry of the index, at its own position."""
    found = derived(KINDS["plain"], first=(FirstOrder("S-1", AT + 5, "a"),))
    assert [(stream, at) for stream, _, _, at in found.rows()] == [
        ("store:S-1", AT),
        ("store:S-1", AT + 5),
    ]
    assert found.refs(40) == [
        ("feed", "S-1/placed", 40, AT, "store:S-1", "orders"),
        ("sale", "S-1", 41, AT + 5, "store:S-1", ""),
    ]


def test_the_sums_of_all_days_are_what_the_lines_sum_to(fees: Fees) -> None:
    """Random orders, refunds and revisions over several files, in several currencies."""
    random = Random(3)
    for _ in range(4):
        rows = [
            order(
                f"O-{random.randrange(30)}",
                store=random.choice(["S-1", "S-2"]),
                created_at=f"2020-05-{random.randint(1, 9):02}T12:00:00+08:00",
                amount=str(random.randint(5, 99)),
                refunded=str(random.randint(0, 5)),
                currency=random.choice(["CNY", "JPY"]),
                updated_at=f"2020-06-{random.randint(1, 9):02}T12:00:00+08:00",
            )
            for _ in range(25)
        ]
        fees.archive(*rows)
        checks = fees.checks()
        assert {name: ok for name, (ok, _) in checks.items()} == {
            "order files": True,
            "order sums": True,
        }


def test_a_day_that_no_amount_can_hold_is_refused_and_the_book_stays_readable(fees: Fees) -> None:
    """Each order is within eighteen digits; their sum is not."""
    fees.rates(rates=RATES)
    fees.tell(onboarded("S-1"))
    head = fees.book.head()
    most = "9999999999999999.99"
    with pytest.raises(DayTooLarge, match="store S-1 of 2020-05-20"):
        fees.archive(order("a", amount=most), order("b", amount=most))
    assert fees.book.head() == head
    fees.archive(order("c"))
    assert fees.days() == [("S-1", "2020-05-20", "100.00", "CNY", 1)]
    assert fees.amounts(MAY) == {"S-1": "-1.00"}
