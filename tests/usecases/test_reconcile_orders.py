"""The platform's file beside our fees, order by order: kinds of breaks, groups, bad files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.intake.platform.orderfile import is_by_order
from ledger.intake.problems import BadPlatformFile
from ledger.kernel.currencies import EXPONENTS
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.reconciling.reconcile import record_run
from tests.fees import AFTER_MAY, MAY, NOW, PROGRAM, Fees, Row, onboarded, order
from tests.marks import decision, more, sql
from tests.quarter import on_sqlite

from .platform import breaks, charged, compared, compared_by_store, ours

pytestmark = decision

ID = f"{PROGRAM}/{MAY}"


def tell(book: Any, folder: Path) -> None:
    """Two stores with two orders each: S-1 pays 1 %, S-2 pays 5 %."""
    fees = Fees(book, folder)
    fees.rates()
    fees.tell(onboarded("S-1"), onboarded("S-2", "2020-03-01T10:00:00+08:00"))
    fees.archive(
        *(order("a"), order("b", created_at="2020-05-31T23:59:59+08:00")),
        *(order("a", store="S-2"), order("c", store="S-2", amount="50.00")),
    )


@pytest.fixture
def told(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """A book that was told so."""
    return Fees(book_with(tell), tmp_path, calls=100)


def test_a_file_that_agrees_has_no_breaks(told: Fees) -> None:
    """Both totals, every order claimed once, whatever the order of rows."""
    rows = ours(told)
    found = compared(told, rows[::-1])
    answer = found.as_json()
    assert (answer["matched"], answer["breaks"], answer["open"]) == (4, [], 0)
    assert answer["ours"] == answer["theirs"] == {"CNY": "-9.50"}
    assert answer["difference"] == {"CNY": "0.00"}
    assert (answer["ours_is"], answer["rows"], answer["period"]) == ("settled", 4, MAY)


def test_each_kind_of_break_says_both_sides_and_the_difference(told: Fees) -> None:
    """Amounts, orders of one side alone, rows too many, currencies."""
    rows = [
        charged("a", "-1.23"),
        charged("a", "-5.00", "S-2"),
        charged("a", "-5.00", "S-2"),
        charged("c", "-2.50", "S-2", "USD"),
        charged("z", "-7.00", "S-9"),
    ]
    found = compared(told, rows)
    assert breaks(found) == [
        ("amount_differs", "a", "-1.00", "-1.23", "0.23"),
        ("missing_theirs", "b", "-1.00", None, "-1.00"),
        ("missing_ours", "z", None, "-7.00", "7.00"),
        ("duplicate_theirs", "a", None, "-5.00", "5.00"),
        ("currency_differs", "c", "-2.50", "-2.50", None),
    ]
    assert found.matched == 1
    assert found.as_json()["theirs"] == {"CNY": "-18.23", "USD": "-2.50"}
    places = {one.kind: one.place for one in found.breaks}
    assert places["amount_differs"] == 2
    assert places["duplicate_theirs"] == 4


@on_sqlite
@pytest.mark.parametrize("name", ["a", "z"])
def test_a_second_row_of_an_order_is_one_too_many(told: Fees, name: str) -> None:
    """Whether the first one agrees with ours, or we do not know the order at all."""
    rows = [one for one in ours(told) if (one["order_id"], one["store"]) != (name, "S-1")]
    found = breaks(compared(told, [*rows, charged(name, "-1.00"), charged(name, "-1.00")]))
    unknown = [("missing_ours", "z", None, "-1.00", "1.00")] if name == "z" else []
    assert found == [*unknown, ("duplicate_theirs", name, None, "-1.00", "1.00")]


@on_sqlite
def test_ids_are_the_same_however_their_accents_are_written(told: Fees) -> None:
    """Composed or not, as facts and orders are."""
    composed, apart = "caf\u00e9", "cafe\u0301"
    told.tell(onboarded(apart))
    told.archive(order(composed, store=composed))
    by_order = [*(one for one in ours(told) if one["store"] != composed)]
    assert compared(told, [*by_order, charged(apart, "-1.00", apart)]).breaks == []
    by_store = f"S-1,-2.00,CNY\nS-2,-7.50,CNY\n{apart},-1.00,CNY\n"
    assert compared_by_store(told, by_store).breaks == []


@on_sqlite
def test_amounts_have_the_decimals_of_their_currency(told: Fees) -> None:
    """None, three, or four; each as exact as it is said."""
    said = {"JPY": "-5", "KWD": "-1.234", "CLF": "-1.2345", "CNY": "-0.07"}
    rows = [charged(f"z-{code}", amount, "S-1", code) for code, amount in said.items()]
    found = compared(told, [*ours(told), *rows]).as_json()
    assert found["theirs"] == said | {"CNY": "-9.57"}


@on_sqlite
@more
def test_rows_of_a_long_file_keep_their_places(told: Fees, tmp_path: Path) -> None:
    """Though it is read in parts side by side."""
    rows = 700_000
    path = tmp_path / "long.csv"
    long = "n" * 60
    lines = [f"{long}{number},S-1,0.00,CNY\n" for number in range(rows)]
    odd = dict(zip(range(7, rows, 50_000), sorted(EXPONENTS), strict=False))
    for number, currency in odd.items():
        lines[number] = f"{long}{number},S-1,-1,{currency}\n"
    path.write_text("order_id,store,amount,currency\n" + "".join(lines))
    alone = [one for one in compared(told, path).breaks if one.kind == "missing_ours"]
    assert [one.place for one in alone] == [number + 2 for number in odd]


def test_breaks_of_one_kind_and_cause_are_one_group_with_an_example(told: Fees) -> None:
    """Counted and summed; another cause makes another group; each id is the same in every run."""
    rows = [charged("a", "-5.00"), charged("b", "-5.00"), charged("a", "-9.99", "S-2")]
    found = compared(told, [*rows, charged("c", "-2.50", "S-2")])
    answer = found.as_json()["breaks"]
    assert [(one["count"], one["ours"], one["theirs"], one["difference"]) for one in answer] == [
        (1, "-5.00", "-9.99", "4.99"),
        (2, "-2.00", "-10.00", "8.00"),
    ]
    assert answer[1]["order_id"] == "a"
    assert answer[1]["line"] == f"{ID}/S-1"
    assert [one["because"] for one in answer[1]["likely"]] == ["discount_not_applied"]
    again = compared(told, [charged("c", "-2.50", "S-2"), *rows[::-1]])
    assert [one.id for one in again.breaks] == [one.id for one in found.breaks]
    assert len({one.id for one in found.breaks}) == 2


def test_in_full_each_order_is_listed_with_its_group_and_cause(told: Fees) -> None:
    """Ids are made of program, period, store, order and kind."""
    rows = [charged("a", "-5.00"), charged("b", "-5.00"), *ours(told)[2:]]
    found = compared(told, rows)
    (group,) = found.breaks
    full = found.as_json(full=True)["breaks"]
    assert [one["break"] for one in full] == [
        f"{ID}/S-1/a#amount_differs",
        f"{ID}/S-1/b#amount_differs",
    ]
    for one in full:
        assert (one["group"], one["line"], one["currency"]) == (group.id, f"{ID}/S-1", "CNY")
        assert (one["ours"], one["theirs"], one["difference"]) == ("-1.00", "-5.00", "4.00")
        (cause,) = one["likely"]
        assert (cause["because"], cause["gives"]) == ("discount_not_applied", "-5.00")


def test_fees_of_zero_need_no_partner(told: Fees) -> None:
    """Neither ours nor theirs."""
    told.archive(order("free", refunded="100.00"))
    rows = [one for one in ours(told) if one["order_id"] != "free"]
    assert compared(told, [*rows, charged("nobody", "0.00", "S-9")]).breaks == []


def test_amounts_of_the_other_sign_are_turned(told: Fees) -> None:
    """What the payee pays is positive in many files."""
    rows = [{**one, "amount": one["amount"].removeprefix("-")} for one in ours(told)]
    assert compared(told, rows, flip_sign=True).breaks == []
    found = compared(told, rows)
    assert sum(one.count or 0 for one in found.breaks) == 4
    assert all(one.likely == () for one in found.breaks)


BAD: dict[str, tuple[str, list[tuple[int, str]]]] = {
    "every row that cannot be used": (
        "order_id,store,amount,currency\n"
        "a,S-1,-1.00,CNY\n,S-1,-1.00,CNY\nb,,-1.00,CNY\nb,S-1,-1.001,CNY\nb,S-1,1e3,CNY\n"
        'b,S-1,"1,000.00",CNY\nb,S-1,,CNY\nb,S-1,-1.00,XXY\nb,S-1,-1.5,JPY\nb,S-1,-1.00,\n'
        "b,S-1,-1.00,XXY\n",
        [
            *((3, "missing_field"), (4, "missing_field"), (5, "bad_amount"), (6, "bad_amount")),
            *((7, "bad_amount"), (8, "missing_field"), (9, "unknown_currency"), (10, "bad_amount")),
            *((11, "missing_field"), (12, "unknown_currency")),
        ],
    ),
    "a header that lacks the currency": ("order_id,store,amount\na,S-1,1\n", []),
    "a column twice": ("order_id,store,amount,amount,currency\na,S-1,1,1,CNY\n", []),
    "a row with too few cells": ("order_id,store,amount,currency\na,S-1\n", []),
    "quotes that are not closed": ('order_id,store,amount,currency\n"a,S-1,1.00,CNY\n', []),
}


@on_sqlite
@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_every_problem_and_its_row(
    told: Fees, tmp_path: Path, name: str
) -> None:
    """Nothing is compared."""
    text, problems = BAD[name]
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(BadPlatformFile) as refused:
        compared(told, path)
    assert refused.value.hint
    assert "bad.csv" in refused.value.sentence
    found = refused.value.facts.get("problems", [])
    assert [(one["place"], one["code"]) for one in found] == problems


@on_sqlite
def test_a_workbook_without_its_profile_is_told_of_it(told: Fees, tmp_path: Path) -> None:
    """Which the command line looks at first, to see whether a file is by order."""
    path = tmp_path / "income.xlsx"
    path.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(BadPlatformFile, match="a ZIP file, as workbooks are") as refused:
        is_by_order(str(path))
    assert "--profile tiktok-income" in refused.value.hint


@on_sqlite
@pytest.mark.parametrize(
    "header", ["\ufefforder_id,store,amount,currency", " order_id, store ,amount , currency"]
)
def test_blanks_and_a_mark_in_the_header_are_passed_over(
    told: Fees, tmp_path: Path, header: str
) -> None:
    """As in files by line; further columns are left alone."""
    rows = "".join(
        f"{one['order_id']}, {one['store']},{one['amount']} ,CNY,more\n" for one in ours(told)
    )
    path = tmp_path / "platform.csv"
    path.write_text(f"{header},note\n{rows}", encoding="utf-8")
    assert compared(told, path).breaks == []


def _mutated(rows: list[Row]) -> dict[str, list[Row]]:
    halved = [{**one, "amount": f"{float(one['amount']) / 2:.2f}"} for one in rows]
    return {
        "drop a store": [one for one in rows if one["store"] != "S-2"],
        "halve the amounts": halved,
        "duplicate a line": [*rows, rows[1]],
        "swap two stores": [
            {**one, "store": {"S-1": "S-2", "S-2": "S-1"}[one["store"]]} for one in rows
        ],
        "an empty file": [],
    }


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("drop a store", 2),
        ("halve the amounts", 4),
        ("duplicate a line", 1),
        ("swap two stores", 6),
        ("an empty file", 4),
    ],
)
def test_every_mutation_of_a_file_that_agrees_is_found(told: Fees, name: str, count: int) -> None:
    """A comparison that cannot fail is worth nothing."""
    found = compared(told, _mutated(ours(told))[name])
    assert sum(one.count or 0 for one in found.breaks) == count
    assert len(found.orders) == count


def test_orders_shifted_by_a_day_break_at_the_edges_of_the_month(told: Fees) -> None:
    """The platform counts the last order of May into June."""
    rows = ours(told)
    told.archive(order("d", created_at="2020-06-01T00:30:00+08:00"))
    shifted = [one for one in rows if one["order_id"] != "b"]
    assert breaks(compared(told, shifted)) == [("missing_theirs", "b", "-1.00", None, "-1.00")]
    june = compared(told, [charged("b", "-1.00"), charged("d", "-1.00")], "2020-06")
    assert breaks(june) == [("missing_ours", "b", None, "-1.00", "1.00")]


@on_sqlite
def test_a_row_that_names_a_store_of_nobody_is_a_break_of_its_month(told: Fees) -> None:
    """In a file by store, too: the same store in another month is another break."""
    found = compared_by_store(told, "S-9,-1.00,CNY\n")
    unknown = [one.id for one in found.breaks if one.kind == "missing_ours"]
    assert unknown == [f"{ID}/S-9#missing_ours"]


@sql
def test_a_closed_month_is_compared_as_it_was_issued_and_adjusted(told: Fees) -> None:
    """A late revision counts once it is adjusted, not before."""
    rows = ours(told)
    close(told.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)
    assert compared(told, rows).ours_is == "issued"
    told.archive(order("a", refunded="50.00", updated_at="2020-07-05T10:00:00+08:00"))
    assert compared(told, rows).breaks == []
    adjust(told.book, PROGRAM, MAY, by="lin", now=NOW)
    found = compared(told, rows)
    assert found.ours_is == "issued"
    assert breaks(found) == [("amount_differs", "a", "-0.50", "-1.00", "0.50")]
    assert [one.because for one in found.breaks[0].likely] == ["refund_ignored"]


@sql
def test_the_run_is_in_the_log_with_groups_and_orders(told: Fees) -> None:
    """So that it can be seen again what was compared."""
    found = compared(told, [charged("a", "-5.00"), charged("b", "-5.00")])
    record_run(told.book, found, by="lin", profile="canonical", flipped=False)
    (run,) = [one.event for one in told.facts("reconciliation-run.v1")]
    assert (run.period, run.matched, len(run.breaks), len(run.orders)) == (MAY, 0, 2, 4)
    assert {one.group for one in run.orders} == {0, 1}
