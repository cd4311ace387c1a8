"""What a break may come from: one thing changed that gives exactly the platform's amount."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.intake.platform.canonical import read
from ledger.kernel.clocks import Clocks
from ledger.programs.registry import shipped
from ledger.programs.variants import Variant
from ledger.usecases.reconciling import likely_causes as likely_module
from ledger.usecases.reconciling.reconcile import reconcile
from ledger.usecases.terms.publish import publish
from tests.marks import decision, sql
from tests.quarter import (
    GROWTH,
    NOW,
    PROGRAM,
    certified,
    edition,
    enrolled,
    fee_paid,
    on_sqlite,
    store,
)
from tests.reconciling import BY_KIND, PLAIN, SOUND, Desk, changed, discounted, likely, rows

pytestmark = decision

GMV, VERIFIED, SALE = 2, 3, 4
"""Where these stand among the facts of a store."""


@pytest.fixture
def desk(book: Any, tmp_path: Path) -> Desk:
    """An empty book."""
    return Desk(book, tmp_path)


def sold_on(day: str) -> list[dict[str, Any]]:
    """S-1, onboarded on 10 January, with its first sale at that instant."""
    return [*certified("P-1"), *placed(changed(store(1), SALE, at=day))]


def placed(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A store's facts with the same GMV as placed orders: the basis makes no difference."""
    return [*facts, facts[GMV] | {"basis": "placed"}]


def onboarded(at: str, sold: str, **gmv: str) -> list[dict[str, Any]]:
    """S-1, listed in 2025, onboarded at an instant near the edge of the term, sold later."""
    facts = changed(store(1), 0, at="2025-12-01T09:00:00+08:00")
    facts = changed(changed(facts, 1, at=at), GMV, **gmv)
    for place in (VERIFIED, SALE):
        facts = changed(facts, place, at=sold)
    return [*certified("P-1"), *placed(facts)]


def sales(day: str, amount: str, basis: str = "placed") -> dict[str, Any]:
    """GMV of M-7's store on a day, reported in September."""
    fact = {"type": "GMVRecorded", "at": "2026-09-01T09:00:00+08:00", "store": "S-M-7"}
    return fact | {"day": day, "amount": amount, "currency": "USD", "basis": basis}


def charged(desk: Desk, commission: str, compensation: str = "0.00") -> dict[str, Any]:
    """The causes, where the platform charges M-7 this commission, and the whole fee."""
    said = [["S-M-7", "commission", commission, "USD"], ["S-M-7", "fixed_fee", "-6000.00", "USD"]]
    said.append(["S-M-7", "compensation", compensation, "USD.AD"])
    found = desk.compare(said, BY_KIND, GROWTH)
    assert all(one.likely == () or one.kind == "amount_differs" for one in found.breaks)
    return likely(found)


def test_a_window_a_day_shorter_is_named(desk: Desk) -> None:
    """Sold on day 30: the platform counts 29 days and pays nothing."""
    desk.tell(sold_on("2026-02-09T23:59:59+08:00"))
    cause = ("first_sale_window", "a day shorter: 29 days")
    assert likely(desk.compare([])) == {"S-1#missing_theirs": [cause]}


def test_a_window_a_day_longer_is_named(desk: Desk) -> None:
    """Sold at noon of day 31: no other zone brings it into the window, nor any other reading."""
    desk.tell(sold_on("2026-02-10T12:00:00+08:00"))
    causes = likely(desk.compare(rows(("S-1", "2000.00"))))["S-1#amount_differs"]
    assert causes == [
        ("first_sale_in_time", "taken as met"),
        ("first_sale_window", "a day longer: 31 days"),
    ]


def test_a_term_a_day_longer_is_named(desk: Desk) -> None:
    """The commission of 1 August, the day after the term, is charged too."""
    desk.tell([*enrolled(), sales("2026-08-01", "10.00"), sales("2026-08-02", "1.00")])
    assert charged(desk, "-8002.00") == {
        "M-7/commission#amount_differs": [("term", "a day longer: to 2026-08-01")]
    }


def test_a_term_a_day_shorter_is_named(desk: Desk) -> None:
    """The commission of 31 July, the term's last day, is left out."""
    desk.tell([*enrolled(), sales("2026-07-31", "10.00")])
    assert charged(desk, "-8000.00") == {
        "M-7/commission#amount_differs": [("term", "a day shorter: to 2026-07-30")]
    }


def test_days_in_utc_are_named(desk: Desk) -> None:
    """Onboarded early on 1 January in Shanghai, which is 2025 in UTC: no line there."""
    desk.tell(onboarded("2026-01-01T07:00:00+08:00", "2026-01-12T09:00:00+08:00"))
    cause = ("zone", "days in UTC instead of Asia/Shanghai")
    assert likely(desk.compare([])) == {"S-1#missing_theirs": [cause]}


@sql
def test_another_ratio_is_named_with_the_one_that_we_used(book: Any, tmp_path: Path) -> None:
    """One high-risk store gives 0.8; the platform took the rate from three on."""
    desk = discounted(book, tmp_path)
    found = desk.compare([*PLAIN, *rows(("S-5", "1000.00"))])
    cause = ("governance_ratio", "ratio 0.5 instead of 0.8")
    assert likely(found) == {"S-5#amount_differs": [cause]}
    assert found.breaks[0].likely[0].gives == "1000.00"


def test_a_ratio_of_nothing_is_named(book: Any, tmp_path: Path) -> None:
    """The platform took the row that gives nothing at all."""
    ratios = [{"from": 1, "ratio": "0.8"}, {"from": 3, "ratio": "0"}]
    desk = discounted(book, tmp_path, ratios)
    cause = ("governance_ratio", "ratio 0 instead of 0.8")
    assert cause in likely(desk.compare(PLAIN))["S-5#missing_theirs"]


def test_a_refund_that_is_ignored_is_named(desk: Desk) -> None:
    """Commission on what was placed, not on what was kept."""
    desk.tell([*enrolled(), sales("2026-06-21", "-100.00")])
    assert charged(desk, "-8000.00") == {
        "M-7/commission#amount_differs": [("refund_ignored", "refunds are not deducted")]
    }


def test_a_refund_ignored_in_recruiting_is_named(desk: Desk) -> None:
    """1500.00 less 600.00 is below the threshold; what was settled at first is above it."""
    facts = [*certified("P-1"), *store(1)]
    desk.tell([*facts, facts[3] | {"amount": "-600.00", "at": "2026-03-01T09:00:00+08:00"}])
    causes = likely(desk.compare(rows(("S-1", "2000.00"))))["S-1#amount_differs"]
    assert causes == [
        ("gmv_over_threshold", "taken as met"),
        ("refund_ignored", "refunds are not deducted"),
    ]


def test_another_tier_is_named(desk: Desk) -> None:
    """Content and return were missed: the platform grants the content's share only."""
    facts = enrolled(gmv="1000.00", aigc=10, creator_video=0)
    desk.tell([*facts, fee_paid("6000.00")])
    assert charged(desk, "-200.00", "1200.00") == {
        "M-7/compensation#amount_differs": [("tier", "without roas_short")]
    }
    assert charged(desk, "-200.00", "3000.00") == {}


def test_a_tier_that_was_kept_and_is_taken_as_missed_is_named(desk: Desk) -> None:
    """Every promise was kept; the platform pays for content all the same."""
    desk.tell([*enrolled(aigc=0, creator_video=0), fee_paid("6000.00")])
    found = charged(desk, "-8000.00", "1200.00")["M-7/compensation#amount_differs"]
    assert found == [
        ("tier", "aigc_short taken as missed"),
        ("tier", "creator_video_short taken as missed"),
    ]


def test_another_reading_of_an_assumption_is_named(desk: Desk) -> None:
    """Commission on what was settled instead of what was placed."""
    desk.tell([*enrolled(), sales("2026-06-20", "38000.00", "settled")])
    assert charged(desk, "-7600.00") == {
        "M-7/commission#amount_differs": [("gmv_basis", "settled instead of placed")]
    }


def test_a_creators_tier_that_is_not_asked_for_is_named(desk: Desk) -> None:
    """Our terms leave the videos of small creators out; the platform counts them as delivered."""
    tiers = ["mid", "head"]
    publish(desk.book, edition(GROWTH, publisher="acme", version=3, creator_tiers=tiers), "lin")
    video = {"type": "ContentDelivered", "at": "2026-06-20T10:00:00+08:00", "program": GROWTH}
    video |= {"merchant": "M-7", "kind": "creator_video", "count": 1, "creator_tier": "nano"}
    desk.tell([*enrolled(aigc=0, creator_video=1), fee_paid("6000.00"), video])
    assert charged(desk, "-8000.00", "0.00") == {
        "M-7/compensation#amount_differs": [
            ("tier", "without creator_video_short"),
            ("creator_tiers", "videos of creators of any tier count"),
        ]
    }


def test_a_condition_taken_as_met_is_named_first(desk: Desk) -> None:
    """Not on the list: paid only by who does not ask for it."""
    desk.tell([*certified("P-1"), *store(1)[1:]])
    found = desk.compare(rows(("S-1", "2000.00")))
    assert likely(found) == {"S-1#amount_differs": [("targeted", "taken as met")]}


@pytest.mark.parametrize("invented", ["1999.99", "0.01", "-2000.00", "4000.00", "1600.00"])
@on_sqlite
def test_an_invented_amount_has_no_cause(desk: Desk, invented: str) -> None:
    """No guess is made: only what gives their amount to the cent is named."""
    desk.tell([*certified("P-1"), *store(1)])
    assert likely(desk.compare(rows(("S-1", invented)))) == {"S-1#amount_differs": []}


def test_every_cause_gives_their_amount_and_never_ours(book: Any, tmp_path: Path) -> None:
    """Whatever is said of S-5; a duplicate and another currency are not asked about."""
    desk = discounted(book, tmp_path)
    for said in ("0.00", "1000.00", "1600.00", "2000.00", "7.00"):
        for one in desk.compare([*PLAIN, *rows(("S-5", said))]).breaks:
            assert {cause.gives for cause in one.likely} <= {said} - {"1600.00"}
    odd = [*SOUND, SOUND[0], [f"{PROGRAM}/S-4", "5.00", "EUR"]]
    assert [one.likely for one in desk.compare(odd).breaks] == [(), ()]


def test_a_line_that_only_another_reading_has_is_explained(desk: Desk) -> None:
    """Onboarded at 07:00 of 1 April in Shanghai: no line of ours, and one in UTC."""
    at = "2026-04-10T09:00:00+08:00"
    desk.tell(onboarded("2026-04-01T07:00:00+08:00", at, day="2026-04-12"))
    causes = likely(desk.compare(rows(("S-1", "2000.00"))))
    assert causes["S-1#missing_ours"] == [
        ("term", "a day longer: to 2026-04-01"),
        ("zone", "days in UTC instead of Asia/Shanghai"),
    ]


@on_sqlite
def test_each_change_is_asked_once_for_all_breaks_and_says_what_each_alone_would(
    book: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for the broken lines together, every line has the causes that it has alone."""
    desk = discounted(book, tmp_path)
    desk.tell(placed(changed(store(6), SALE, at="2026-02-10T00:30:00+08:00")))
    told = (("S-1", "0.00"), ("S-5", "2000.00"), ("S-4", "1600.00"), ("S-6", "2000.00"))
    every = (*told, ("S-9", "2000.00"))
    asked: list[Any] = []
    settled = likely_module.Likely._settled

    def noted(self: Any, variant: Variant, subjects: frozenset[str]) -> Any:
        asked.append((variant.because, variant.detail))
        return settled(self, variant, subjects)

    monkeypatch.setattr(likely_module.Likely, "_settled", noted)
    together = likely(desk.compare(rows(*every)))
    assert len(asked) == len(set(asked))
    assert sum(map(len, together.values())) > 3
    for row in every:
        name = next(key for key in together if key.startswith(f"{row[0]}#"))
        assert likely(desk.compare(rows(row)))[name] == together[name]


def test_after_the_close_the_terms_of_the_close_are_asked_again(book: Any, tmp_path: Path) -> None:
    """A version published later has another award; the closed quarter does not know it."""
    desk = discounted(book, tmp_path)
    desk.close()
    publish(book, edition(PROGRAM, publisher="acme", version=3, award="9000.00"), "lin")
    found = desk.compare([*PLAIN, *rows(("S-5", "2000.00"))])
    assert ("governance_ratio", "ratio 1 instead of 0.8") in likely(found)["S-5#amount_differs"]


@on_sqlite
def test_a_change_that_leaves_no_such_month_is_no_cause(book: Any, tmp_path: Path) -> None:
    """A term that ends on the first of a month, a day shorter, does not know the month."""
    (shipped_,) = (one for one in shipped() if one.program == "star-map-2020")
    ended = {"last": date(2020, 9, 1), "publisher": "acme", "version": 2}
    publish(book, shipped_.model_copy(update=ended), "lin")
    desk = Desk(book, tmp_path)
    task = {"type": "LiveTaskOrdered", "task": "T-1", "creator": "C-1", "category": "cosmetics"}
    task |= {"at": "2020-09-01T20:00:00+08:00", "link": "third_party", "store": "S-1"}
    shop = {"type": "MerchantOnboarded", "merchant": "M-1", "market": "CN"}
    shop |= {"at": "2020-03-01T10:00:00+08:00", "store": "S-1"}
    desk.tell([shop, task | {"price": "100.00", "currency": "CNY"}])
    file = read(desk.file([["star-map-2020/T-1", "-3.33", "CNY"]]))
    with book.reading() as connection:
        clocks = Clocks(NOW, book.head().position)
        (found,) = reconcile(connection, "star-map-2020", "2020-09", file, clocks).breaks
    assert (found.ours, found.likely) == ("-20.00", ())
