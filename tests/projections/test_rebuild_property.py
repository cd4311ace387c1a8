"""For any facts in any calls: caught up call by call = built anew = rebuilt."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.store.book import Book
from ledger.usecases.recording.record import record
from projections.base import View
from projections.catalogue import VIEWS
from tests.books import MadeBooks
from tests.marks import examples

Fact = dict[str, Any]
Rows = list[tuple[Any, ...]]
PROGRAM = "recruiting-eu-jp-2026q1"
one_of = st.sampled_from
AT = one_of(["2026-01-05T08:00:00Z", "2026-01-20T08:00:00Z", "2026-02-01T08:00:00Z"])
STORE, PARTNER, MERCHANT = one_of(["S-1", "S-2"]), one_of(["P-1", "P-2"]), one_of(["M-1", "M-2"])
PROGRAMS = one_of([PROGRAM, "nowhere"])


def fact(type_: str, **fields: Any) -> st.SearchStrategy[Fact]:
    given = {
        name: f if isinstance(f, st.SearchStrategy) else st.just(f) for name, f in fields.items()
    }
    return st.fixed_dictionaries({"type": st.just(type_), "at": AT, **given})


ANY_FACT = st.one_of(
    fact("PartnerCertified", partner=PARTNER, name=one_of(["A", "B"])),
    fact("PartnerTerminated", partner=PARTNER, reason="behind"),
    fact("MerchantOnboarded", merchant=MERCHANT, store=STORE, market="EU", partner=PARTNER),
    fact("MerchantOnboarded", merchant=MERCHANT, store=STORE, market="JP"),
    fact("MerchantTargeted", program=PROGRAMS, merchant=MERCHANT, mode="invited", partner=PARTNER),
    fact("IncentiveWithheld", program=PROGRAMS, partner=PARTNER, store=STORE, reason="cheating"),
    fact("StoreVerified", store=STORE),
    fact("StoreClosed", store=STORE, reason="other"),
    *[
        fact(
            "GMVRecorded",
            store=STORE,
            day=one_of(["2026-01-03", "2026-01-04"]),
            amount=one_of(["1.00", "-1.00", "2.50"]),
            currency="EUR",
            basis="settled",
            source=one_of(["", "erp"]),
        )
    ]
    * 3,
)
IDS = one_of(["a", "b", "c", "d"])
SENT = st.one_of(
    ANY_FACT,
    st.tuples(ANY_FACT, IDS).map(lambda two: {**two[0], "id": two[1]}),
    fact("FactWithdrawn", id=IDS, reason="wrong"),
    fact("FactWithdrawn", id=IDS, source="erp", reason="wrong"),
    fact("FactWithdrawn", position=st.integers(1, 30), reason="wrong"),
)
CALLS = st.lists(st.lists(SENT, min_size=1, max_size=8), min_size=2, max_size=4)


def enrolment_calls(chance: Random) -> list[list[Fact]]:
    """Calls of facts about enrolments in any order, spread over merchants and stores.

    Drawn from a seed: hypothesis repeats parts of what it draws itself, and seldom leaves a
    store to be onboarded by a later call.
    """
    facts: list[Fact] = []
    for number in range(chance.randint(8, 24)):
        merchant, store = f"M-{chance.randint(1, 5)}", f"S-{chance.randint(1, 5)}"
        program = chance.choice(["growth-2026-05", "growth-2026-05", "nowhere"])
        place = {"program": program, "merchant": merchant}
        kind = {"kind": "aigc", "count": 5}
        one = chance.choice(
            [
                *[{"type": "MerchantInvited", **place}] * 2,
                *[{"type": "MerchantEnrolled", **place, "store": store}] * 3,
                {"type": "MerchantEnrolled", **place, "store": store, "promised": {"aigc": 5}},
                {"type": "ContentPromised", **place, **kind},
                {"type": "ContentDelivered", **place, **kind},
                {"type": "FixedFeePaid", **place, "amount": "6000.00", "currency": "USD"},
                *[{"type": "MerchantOnboarded", "merchant": merchant, "store": store}] * 2,
            ]
        )
        market = {"market": "US"} if one["type"] == "MerchantOnboarded" else {}
        at = f"2026-05-0{chance.randint(1, 3)}T08:00:00Z"
        facts.append({**one, **market, "at": at, "id": f"f-{number}"})
        if chance.random() < 0.2:
            undone = {"id": f"f-{chance.randint(0, number)}", "reason": "wrong"}
            facts.append({"type": "FactWithdrawn", "at": at, **undone})
    chance.shuffle(facts)
    size = chance.randint(2, 6)
    return [facts[start : start + size] for start in range(0, len(facts), size)]


ENROLMENT_CALLS = st.integers(0, 2**32 - 1).map(lambda seed: enrolment_calls(Random(seed)))


@pytest.mark.parametrize("told", [CALLS, ENROLMENT_CALLS], ids=["stores", "enrolments"])
@examples(3, 12)
def test_caught_up_call_by_call_equals_built_anew(
    told: st.SearchStrategy[list[list[Fact]]],
    made_books: MadeBooks,
    tmp_path: Path,
    now: int,
    live_rows: Callable[[Book, View], Rows],
    rows_at: Callable[..., Rows],
    assert_equal_ways: Callable[[Book], dict[str, Rows]],
    examples: int,
) -> None:
    """Withdrawals by position and by id, before and after their fact, known and unknown names."""
    path = tmp_path / "book.db"

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(told)
    def check(calls: list[list[Fact]]) -> None:
        for old in tmp_path.glob("book.db*"):
            old.unlink()
        book = made_books.copy(None, str(path))
        stood: dict[int, dict[str, Rows]] = {}
        for number, facts in enumerate(calls):
            file = tmp_path / f"{number}.ndjson"
            file.write_text("".join(json.dumps(one) + "\n" for one in facts), encoding="utf-8")
            record(book, [str(file)], now=now, by="test", keep_good=True)
            stood[book.head().position] = {n: live_rows(book, view) for n, view in VIEWS.items()}
        assert_equal_ways(book)
        position = min(stood)
        assert {n: rows_at(book, view, position) for n, view in VIEWS.items()} == stood[position]
        book.close()

    check()
