"""Reconciling line by line: what agrees, every kind of break, and ids that stay the same."""

from pathlib import Path
from typing import Any

import pytest

from ledger.intake.platform.rows import PlatformFile
from ledger.intake.problems import BadPlatformFile
from ledger.kernel.errors import UnknownProgram, WrongPeriod
from ledger.usecases.reconciling.reconcile import reconcile
from tests.marks import decision, sql
from tests.quarter import (
    GROWTH,
    PROGRAM,
    TERM_OVER,
    closure,
    enrolled,
    fee_paid,
    on_sqlite,
    plain_quarter,
)
from tests.reconciling import (
    BY_KIND,
    BY_LINE,
    BY_STORE,
    PLAIN,
    SOUND,
    Desk,
    breaks,
    discounted,
    rows,
)

pytestmark = decision

LEAVE = "the table came late"
CHARGED = [
    *(["S-M-7", "fixed_fee", "-6000.00", "USD"], ["S-M-7", "commission", "-8000.00", "USD"]),
    ["S-M-7", "compensation", "1200.00", "USD.AD"],
]
"""What a platform that agrees charges M-7: GMV of 40,000.00 USD, a fee, content missed."""


@pytest.fixture
def desk(book: Any, tmp_path: Path) -> Desk:
    """S-1 and S-2 at 2000.00, S-5 at 1600.00, S-4 declined."""
    return discounted(book, tmp_path)


@pytest.fixture
def growth(book: Any, tmp_path: Path) -> Desk:
    """M-7 takes part in the growth term with the store S-M-7 and missed its content."""
    made = Desk(book, tmp_path)
    made.tell([*enrolled(aigc=10, creator_video=0), fee_paid("6000.00")])
    return made


def test_a_file_that_says_what_we_say_has_no_breaks(desk: Desk) -> None:
    """Every line is matched, both totals are shown, and nothing is open."""
    answer = desk.compare(SOUND).as_json()
    assert (answer["matched"], answer["open"], answer["breaks"]) == (3, 0, [])
    assert answer["ours"] == answer["theirs"] == {"CNY": "5600.00"}
    assert answer["difference"] == {"CNY": "0.00"}


def test_an_amount_that_differs_shows_both_and_ours_less_theirs(desk: Desk) -> None:
    """Positive where we say more; the line, its payee and the row of the file are named."""
    (one,) = desk.compare([*PLAIN, *rows(("S-5", "1600.01"))]).as_json()["breaks"]
    assert one["break"] == f"{PROGRAM}/S-5#amount_differs"
    assert (one["ours"], one["theirs"], one["difference"]) == ("1600.00", "1600.01", "-0.01")
    assert (one["line"], one["kind"]) == (f"{PROGRAM}/S-5", "amount_differs")
    assert (one["payee"], one["currency"], one["place"]) == ("partner:P-2", "CNY", 4)


def test_a_line_that_they_do_not_have_is_missing_theirs(desk: Desk) -> None:
    """Only lines with an amount: S-4, declined, needs no partner."""
    found = desk.compare(PLAIN)
    assert breaks(found) == {"S-5#missing_theirs": ("1600.00", None, "1600.00")}
    assert found.as_json()["breaks"][0]["place"] is None


def test_a_line_that_we_do_not_have_is_missing_ours(desk: Desk) -> None:
    """By line or by store; a row of nothing needs no partner either."""
    other = rows(("S-9", "700.00"), ("S-8", "0.00"))
    assert breaks(desk.compare([*SOUND, *other])) == {
        "S-9#missing_ours": (None, "700.00", "-700.00")
    }
    stores = [["S-1", "2000", "CNY"], ["S-2", "2000", "CNY"], ["S-5", "1600", "CNY"]]
    found = desk.compare([*stores, ["S-9", "700.00", "CNY"], ["S-8", "0", "CNY"]], BY_STORE)
    assert breaks(found) == {"S-9#missing_ours": (None, "700.00", "-700.00")}


def test_each_line_is_claimed_once(desk: Desk) -> None:
    """The second row of a line is a duplicate, whatever it says, and the third another one."""
    doubled = [*SOUND, SOUND[0], *rows(("S-1", "5.00"), ("S-4", "0.00"))]
    found = desk.compare(doubled)
    assert breaks(found) == {
        "S-1#duplicate_theirs": (None, "2000.00", "-2000.00"),
        "S-1#duplicate_theirs.2": (None, "5.00", "-5.00"),
    }
    assert found.matched == 4
    assert found.as_json()["difference"] == {"CNY": "-2005.00"}


def test_a_first_row_that_differs_does_not_let_the_second_claim_the_line(desk: Desk) -> None:
    """Of two rows the first is compared; that the second would agree does not make it ours."""
    found = desk.compare([*rows(("S-1", "1.00")), *SOUND])
    assert list(breaks(found)) == ["S-1#amount_differs", "S-1#duplicate_theirs"]


def test_another_currency_is_a_break_without_a_difference(desk: Desk) -> None:
    """Two currencies are not subtracted; both totals stand."""
    other = [[f"{PROGRAM}/S-1", "2000.00", "EUR"], *SOUND[1:]]
    answer = desk.compare(other).as_json()
    (one,) = answer["breaks"]
    assert one["break"] == f"{PROGRAM}/S-1#currency_differs"
    assert (one["ours"], one["theirs"], one["currency"]) == ("2000.00", "2000.00", "EUR")
    assert (one["difference"], one["likely"]) == (None, [])
    assert answer["difference"] == {"CNY": "2000.00", "EUR": "-2000.00"}


def test_lines_of_nothing_agree_in_any_currency(desk: Desk) -> None:
    """S-4 is declined; that the platform lists it with nothing is no difference."""
    found = desk.compare([*SOUND, [f"{PROGRAM}/S-4", "-0.00", "EUR"]])
    assert (breaks(found), found.matched) == ({}, 4)
    paid = desk.compare([*SOUND, *rows(("S-4", "2000.00"))])
    assert breaks(paid) == {"S-4#amount_differs": ("0.00", "2000.00", "-2000.00")}


def test_a_store_with_several_lines_needs_its_kind(growth: Desk) -> None:
    """Refused with the row and the kinds there are, rather than guessed at."""
    with pytest.raises(BadPlatformFile) as refused:
        growth.compare([["S-M-7", "-8000.00", "USD"]], BY_STORE, GROWTH)
    (problem,) = refused.value.facts["problems"]
    assert (problem["place"], problem["code"]) == (2, "several_lines")
    assert "(commission, compensation, fixed_fee)" in problem["sentence"]
    with_kind = growth.compare(CHARGED, BY_KIND, GROWTH)
    assert (breaks(with_kind), with_kind.matched) == ({}, 3)


def test_a_kind_that_a_store_has_no_line_of_is_missing_ours(growth: Desk) -> None:
    """Named by store and kind."""
    more = ["S-M-7", "penalty", "-5.00", "USD"]
    found = growth.compare([*CHARGED, more], BY_KIND, GROWTH)
    assert breaks(found) == {"S-M-7/penalty#missing_ours": (None, "-5.00", "5.00")}


@pytest.mark.parametrize(
    "head", ["referral_fee", "smart_marketing", "creator_commission", "ad_placement"]
)
@on_sqlite
def test_a_charge_that_the_fee_covers_is_a_break_of_its_own(growth: Desk, head: str) -> None:
    """By store and by line; for a store that does not take part it is only not ours."""
    charge = ["S-M-7", head, "-12.50", "USD"]
    found = growth.compare([*CHARGED, charge], BY_KIND, GROWTH)
    assert breaks(found) == {f"S-M-7/{head}#covered_cost_charged": (None, "-12.50", "12.50")}
    elsewhere = growth.compare([*CHARGED, ["S-X", *charge[1:]]], BY_KIND, GROWTH)
    assert breaks(elsewhere) == {f"S-X/{head}#missing_ours": (None, "-12.50", "12.50")}
    by_line = [[f"{GROWTH}/M-7/{head}", head, "-12.50", "USD"]]
    found = growth.compare(by_line, "line,kind,amount,currency", GROWTH)
    assert f"M-7/{head}#covered_cost_charged" in breaks(found)


def test_a_covered_head_that_is_charged_with_nothing_is_no_break(growth: Desk) -> None:
    """The platform lists what it does not charge: that is what the fee promises."""
    heads = [["S-M-7", "referral_fee", "0.00", "USD"], ["S-X", "referral_fee", "0.00", "USD"]]
    assert breaks(growth.compare([*CHARGED, *heads], BY_KIND, GROWTH)) == {}


def test_the_other_sign_convention_is_turned_round(growth: Desk) -> None:
    """What the payee pays is positive in such a file; the answer is signed as ours all the same."""
    turned = [[*row[:2], row[2].removeprefix("-"), row[3]] for row in CHARGED[:2]]
    turned.append(["S-M-7", "compensation", "-1200.00", "USD.AD"])
    found = growth.compare(turned, BY_KIND, GROWTH, flip_sign=True)
    assert (breaks(found), found.matched) == ({}, 3)
    assert found.as_json()["theirs"] == {"USD": "-14000.00", "USD.AD": "1200.00"}
    assert len(breaks(growth.compare(turned, BY_KIND, GROWTH))) == 3


@sql
def test_ours_is_settled_until_the_close_and_issued_from_there(desk: Desk) -> None:
    """A late fact changes a fresh run at once, and what was issued only by an adjustment."""
    assert desk.compare(SOUND).as_json()["ours_is"] == "settled"
    open_at = desk.book.head().position
    desk.close(as_of=TERM_OVER)
    desk.tell([closure("S-1")])
    issued = desk.compare(SOUND)
    assert (issued.as_json()["ours_is"], breaks(issued)) == ("issued", {})
    desk.adjust()
    late = {"S-1#amount_differs": ("0.00", "2000.00", "-2000.00")}
    assert breaks(desk.compare(SOUND)) == late
    earlier = desk.compare(SOUND, known_at=open_at)
    assert (earlier.as_json()["ours_is"], breaks(earlier)) == ("settled", {})


def test_before_the_close_ours_is_as_business_stood(desk: Desk) -> None:
    """At an earlier as-of nothing has been sold: every row of theirs is too much."""
    found = desk.compare(SOUND, as_of=TERM_OVER - 150 * 86_400_000_000)
    assert found.as_json()["ours"] == {}
    assert set(breaks(found)) == {f"S-{n}#amount_differs" for n in (1, 2, 5)}


def test_the_ids_of_breaks_are_the_same_in_every_run(desk: Desk) -> None:
    """Made of line and kind, in order: neither the file's order nor the close changes them."""
    file = [SOUND[0], *rows(("S-5", "7.00"), ("S-9", "1.00"), ("S-1", "2.00"))]
    first = list(breaks(desk.run(file)))
    assert first == [
        *("S-1#duplicate_theirs", "S-2#missing_theirs"),
        *("S-5#amount_differs", "S-9#missing_ours"),
    ]
    assert list(breaks(desk.run([*file[1:3], file[0], file[3]]))) == first
    desk.close(as_of=TERM_OVER)
    assert list(breaks(desk.run(file))) == first


def test_other_columns_are_kept_and_shown_with_the_break(desk: Desk) -> None:
    """The platform's own words help whoever looks into it."""
    file = [[*SOUND[0], "B-7", ""], [*rows(("S-2", "1.00"))[0], "B-8", "late"]]
    answer = desk.compare(file, f"{BY_LINE},batch,note").as_json()
    others = {one["break"].partition("#")[2]: one.get("other") for one in answer["breaks"]}
    assert others == {"amount_differs": {"batch": "B-8", "note": "late"}, "missing_theirs": None}


@sql
def test_a_run_is_in_the_log_with_what_it_found(desk: Desk) -> None:
    """And it changes nothing of ours: the same comparison again is the same."""
    head = desk.book.head().position
    found = desk.run(PLAIN)
    assert desk.book.head().position == head + 1
    assert desk.run(PLAIN).breaks == found.breaks
    assert desk.failing() == {}


def test_an_unknown_program_and_a_month_are_refused(desk: Desk) -> None:
    """Before anything is compared."""
    with desk.refused(UnknownProgram):
        desk.compare(PLAIN, program="nowhere")
    clocks, empty = desk.compare(PLAIN).clocks, PlatformFile("platform.csv", "", [])
    with desk.refused(WrongPeriod), desk.book.reading() as connection:
        reconcile(connection, PROGRAM, "2026-01", empty, clocks)


def test_a_quarter_of_nothing_agrees_with_an_empty_file(book: Any, tmp_path: Path) -> None:
    """A header alone is a file; without facts neither side says anything."""
    desk = Desk(book, tmp_path)
    answer = desk.compare([]).as_json()
    assert (answer["matched"], answer["breaks"], answer["difference"]) == (0, [], {})
    desk.tell(plain_quarter())
    assert list(breaks(desk.compare([]))) == ["S-1#missing_theirs", "S-2#missing_theirs"]
