"""A book of all four programs over archived orders, kept as bytes: it must replay for ever.

`closed-format3.db` and the archive beside it were made once and are never edited. It was told:

- Fees of May and June 2020, 5 % of apparel, 6 % with ads, 4 % in the selected alliance, 2 % of
  digital goods, newcomers 1 %. F-1 is a newcomer whose discount was revoked on 25 May. F-4 sold
  gadgets, which had no rate: May was left open and filled by version 3. F-9 is of nobody. A second
  file brought a refund of F-3 and a late order of F-7. Of the platform's figures one order of F-5
  was accepted, then three of F-1 and F-6 at once, then F-2's whole line; a third file refunds
  half of an order of F-5, which changes nothing any more.
- Star-map of August 2020: T-1 ordered twice, T-5 told without its price and withdrawn for one
  with it, T-6 in euros, a link listed for a third party without a task.
- Recruiting on placed GMV, all of it from orders (version 2 says so). The first sale of S-5 was
  withdrawn before the close; of S-6 two sources told one day, and after the close the orders' was
  withdrawn. Then S-2 had 0.01 refunded, and S-7 was told to have closed in March.
- Growth: M-11 had a day of its orders withdrawn after the close, M-12 paid the rest of its fee,
  M-13 has a day from two sources, M-14 was never invited.
- Payments: F-2 paid 5.00 too much for May, which June took over; F-6 paid 4.00 too much for June,
  which the star-map took over; P-1 was paid 6000.00 before two of its lines were taken back.

What lines say was worked out by hand, beside each. A change of the rules that moves a digest
needs a new version of the rule function beside the old one.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.instants import parse_instant
from ledger.store.book import open_book
from ledger.store.receipts import Receipt, parse_receipt
from ledger.usecases.closing.adjust import adjustment
from ledger.usecases.closing.replay import replay
from ledger.usecases.settling.explain import explain
from ledger.usecases.statements.statement import statement
from ledger.usecases.verifying.order_archive import verify_orders
from ledger.usecases.verifying.upgrade import bring_index_up
from ledger.usecases.verifying.verify import verify
from tests.quarter import GROWTH, NOW, Quarter, silent
from tests.quarter import PROGRAM as RECRUITING

STORED = Path(__file__).with_name("closed-format3.db")
RECEIPT = "243:a61fbd33eec8c0fbde390b5e0d27a1800a4303f36f79eda8b72df802d7573578"
FEE, STAR = "technical-fee-2020", "star-map-2020"
MAY, JUNE, AUGUST = "2020-05", "2020-06", "2020-08"
Period = tuple[str, str | None]

DIGESTS: dict[Period, str] = {
    (FEE, MAY): "sha256:9eb8329dad36df81d867ee082ac2b2be004cc17dc0fbb63b4352ee3fd44bb1d5",
    (FEE, JUNE): "sha256:0bef40677c60ccf6d22cdb200f5dd8add8cada14b749b08574205c00594c4f32",
    (STAR, AUGUST): "sha256:9bdff13c8cb42a5abf42a06d57d9671868b2484bf2e564b27a01d46c27fdb09f",
    (RECRUITING, None): "sha256:f5ca87686aa935667150c4545ad758161824a86eb36ffb5983ba8117e57205f4",
    (GROWTH, None): "sha256:5f9573c91ce4c4eb8a44e86dcf09b8b6ac67f020b223b8274ee67b6ae620ebc3",
}

TOTALS: dict[Period, dict[str, str]] = {
    # F-1 19.61, F-2 15.00, F-3 8.00 + 0.01, F-4 held, F-5 15.00, F-6 2.00
    (FEE, MAY): {"CNY": "-59.62"},
    # F-2 5.00, F-3 1.00, F-6 6.00, F-7 6.00
    (FEE, JUNE): {"CNY": "-18.00"},
    # F-3 12.35 + 0.00 + 16.00, T-5 held; F-6 20.00 + 15.00
    (STAR, AUGUST): {"CNY": "-63.35"},
    # S-1, S-2 and S-7; S-6 held
    (RECRUITING, None): {"CNY": "6000.00"},
    # three fees, 4000.00 of M-11 and of M-12; 20 % of a fee to M-11 for one video too few
    (GROWTH, None): {"USD": "-26000.00", "USD.AD": "1200.00"},
}

PAID, NOT, HELD = "payable", "declined", "held"
NOW_SAYS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    # 5 + 1 + 6 (ad) + 60.00 at 1 % + 0.005 up + 1 + 5 (revoked at that instant) + 1
    f"{FEE}/{MAY}/F-1": (PAID, "-19.61", ()),
    # 3 orders of 100.00 at 5 %: the rule gives it, whatever was accepted
    f"{FEE}/{MAY}/F-2": (PAID, "-15.00", ()),
    # 200.00 less 100.00 at 4 %, and 0.10 at 5 % is 0.005, up
    f"{FEE}/{MAY}/F-3": (PAID, "-4.01", ()),
    # 100.00 at 5 %, and 150.00 of gadgets at 3 %
    f"{FEE}/{MAY}/F-4": (PAID, "-9.50", ()),
    # 5.00 + 5.00 + half of an order
    f"{FEE}/{MAY}/F-5": (PAID, "-12.50", ()),
    # onboarded on 10 May: 100.00 on 10 June, 23:59:59, at 1 %, on 11 June at 5 %
    f"{FEE}/{JUNE}/F-6": (PAID, "-6.00", ()),
    # onboarded on 6 May, the example of the text: the same on 6 and 7 June
    f"{FEE}/{JUNE}/F-7": (PAID, "-6.00", ()),
    # 5 % of the creator's 300.00; from 20 August 20 % of 100.00; 1 % of 1234.50 is 12.345, up
    f"{STAR}/T-2": (PAID, "-15.00", ()),
    f"{STAR}/T-1": (PAID, "-20.00", ()),
    f"{STAR}/T-3": (PAID, "-12.35", ()),
    # apparel had no row; 5 % of 200.00; 20 % of 10.00 EUR at 8.0
    f"{STAR}/T-4": (PAID, "0.00", ()),
    f"{STAR}/T-5": (PAID, "-10.00", ()),
    f"{STAR}/T-6": (PAID, "-16.00", ()),
    # 800.00 + 300.00 - 50.00 is over 1000.00; 1000.01 - 0.01 is not, nor is 1000.00
    f"{RECRUITING}/S-1": (PAID, "2000.00", ()),
    f"{RECRUITING}/S-2": (NOT, "0.00", ("gmv_over_threshold",)),
    f"{RECRUITING}/S-3": (NOT, "0.00", ("gmv_over_threshold",)),
    # onboarded on 10 January, first order on 10 February, 00:00: day 31
    f"{RECRUITING}/S-4": (NOT, "0.00", ("first_sale_in_time", "gmv_over_threshold")),
    # what counts now is the order of 1 March
    f"{RECRUITING}/S-5": (NOT, "0.00", ("first_sale_in_time",)),
    # 1300.00 as told; 125.00 EUR at 8.00003 was over 1000.00 before the store closed
    f"{RECRUITING}/S-6": (PAID, "2000.00", ()),
    f"{RECRUITING}/S-7": (NOT, "0.00", ("store_open",)),
    # 7000.00 + 8500.00 - 500.00 at 20 %; twice 6000.00 + 3000.00 is more: half of the fee
    f"{GROWTH}/M-11/commission": (PAID, "-3000.00", ()),
    f"{GROWTH}/M-11/compensation": (PAID, "3000.00", ()),
    # 19999.99 at 20 % is 3999.998; twice 10000.00 is 0.01 more than that
    f"{GROWTH}/M-12/commission": (PAID, "-4000.00", ()),
    f"{GROWTH}/M-12/compensation": (PAID, "3000.00", ()),
    f"{GROWTH}/M-13/commission": (HELD, "0.00", ("two_feeds",)),
    f"{GROWTH}/M-14/fixed_fee": (NOT, "0.00", ("invited",)),
}

DUE = {
    (f"{FEE}/{MAY}/store:F-1", "CNY"): ("-27.61", "-17.61"),  # 2 x 4.00 accepted, 10.00 paid
    (f"{FEE}/{MAY}/store:F-2", "CNY"): ("-19.00", "1.00"),  # 14.00 accepted, 5.00 taken over
    (f"{FEE}/{MAY}/store:F-3", "CNY"): ("-4.01", "-4.01"),
    (f"{FEE}/{MAY}/store:F-4", "CNY"): ("-9.50", "-9.50"),
    (f"{FEE}/{MAY}/store:F-5", "CNY"): ("-15.50", "-15.50"),  # 5.50 accepted
    (f"{FEE}/{MAY}/store:F-6", "CNY"): ("-10.00", "-10.00"),  # 200.00 at 5 % accepted
    (f"{FEE}/{MAY}/store:F-7", "CNY"): ("-1.00", "-1.00"),
    (f"{FEE}/{JUNE}/store:F-2", "CNY"): ("0.00", "0.00"),
    (f"{FEE}/{JUNE}/store:F-3", "CNY"): ("-1.00", "-1.00"),
    (f"{FEE}/{JUNE}/store:F-6", "CNY"): ("-10.00", "0.00"),  # 6.00, and 4.00 taken over
    (f"{FEE}/{JUNE}/store:F-7", "CNY"): ("-6.00", "-6.00"),
    (f"{STAR}/{AUGUST}/store:F-3", "CNY"): ("-38.35", "-38.35"),
    (f"{STAR}/{AUGUST}/store:F-6", "CNY"): ("-31.00", "-31.00"),  # 35.00 less 4.00
    (f"{RECRUITING}/partner:P-1", "CNY"): ("4000.00", "-2000.00"),  # 6000.00 paid
    (f"{GROWTH}/merchant:M-11", "USD"): ("-9000.00", "500.00"),  # 6000.00 and 3500.00 paid
    (f"{GROWTH}/merchant:M-11", "USD.AD"): ("3000.00", "3000.00"),
    (f"{GROWTH}/merchant:M-12", "USD"): ("-10000.00", "0.00"),
    (f"{GROWTH}/merchant:M-12", "USD.AD"): ("3000.00", "3000.00"),
    (f"{GROWTH}/merchant:M-13", "USD"): ("-6000.00", "0.00"),
    (f"{GROWTH}/merchant:M-13", "USD.AD"): ("0.00", "0.00"),
    (f"{GROWTH}/merchant:M-14", "USD"): ("0.00", "0.00"),
    (f"{GROWTH}/merchant:M-14", "USD.AD"): ("0.00", "0.00"),
}
BALANCES = {
    "Assets:Advances:partner:P-1 CNY": "2000.00",
    "Assets:Cash CNY": "-5960.00",
    "Assets:Cash USD": "25500.00",
    "Assets:Receivable:store:F-1 CNY": "17.61",
    "Assets:Receivable:store:F-3 CNY": "43.36",
    "Assets:Receivable:store:F-4 CNY": "9.50",
    "Assets:Receivable:store:F-5 CNY": "15.50",
    "Assets:Receivable:store:F-6 CNY": "41.00",
    "Assets:Receivable:store:F-7 CNY": "7.00",
    f"Expenses:Compensation:{GROWTH} USD.AD": "6000.00",
    f"Expenses:Incentive:{RECRUITING} CNY": "4000.00",
    f"Income:Commission:{GROWTH} USD": "-7000.00",
    f"Income:FixedFee:{GROWTH} USD": "-18000.00",
    f"Income:ServiceFee:{STAR} CNY": "-73.35",
    f"Income:TechnicalFee:{FEE} CNY": "-99.62",
    "Liabilities:Advances:merchant:M-11 USD": "-500.00",
    "Liabilities:Advances:store:F-2 CNY": "-1.00",
    "Liabilities:Payable:merchant:M-11 USD.AD": "-3000.00",
    "Liabilities:Payable:merchant:M-12 USD.AD": "-3000.00",
}
ODD = ("link_not_allowed", "not_invited", "ordered_twice", *2 * ("two_feeds", "unknown_store"))


@pytest.fixture
def location(tmp_path: Path) -> str:
    """A copy that may be written, with its archive beside it under the name that it needs."""
    shutil.copytree(f"{STORED}.orders", tmp_path / "closed.db.orders")
    return str(shutil.copy(STORED, tmp_path / "closed.db"))


@pytest.fixture
def quarter(location: str, tmp_path: Path) -> Iterator[Quarter]:
    """The stored book, opened."""
    book = open_book(location)
    bring_index_up(book)  # as every command does
    yield Quarter(book, tmp_path)
    book.close()


def head(quarter: Quarter) -> Clocks:
    """All that had happened when the book was made."""
    return Clocks(NOW, quarter.book.head().position)


def explained(
    quarter: Quarter, line: str, *, orders: bool = False, as_of: str | None = None
) -> dict[str, Any]:
    """A line as it is worked out now, or by what had happened at an instant."""
    clocks = head(quarter)
    if as_of:
        clocks = clocks._replace(as_of=parse_instant(as_of))
    with quarter.book.reading() as connection:
        return explain(connection, line, clocks, orders=orders)[1]


def stated(quarter: Quarter, period: Period, payee: str | None = None) -> dict[str, Any]:
    """What was issued for a period and what it was adjusted by."""
    with quarter.book.reading() as connection:
        clocks = Clocks(FOREVER, head(quarter).known_at)
        return statement(connection, *period, payee, clocks)


def test_it_opens_and_verifies_and_holds_the_receipt_that_was_given(quarter: Quarter) -> None:
    """Every hash, index, closed period, adjustment and entry, and every archived file."""
    assert quarter.book.head().receipt == RECEIPT
    given: list[Receipt] = [parse_receipt(RECEIPT, "the test")]
    assert [one.detail for one in verify(quarter.book, given, silent) if not one.ok] == []
    files, sums = verify_orders(quarter.book, silent)
    assert (files.ok, files.detail) == (True, "5 files with the recorded digest")
    assert (sums.ok, sums.detail) == (True, "41 days of stores as recorded")
    quarter.catch_up()
    assert quarter.failing() == {}


@pytest.mark.parametrize("period", DIGESTS, ids=str)
def test_each_closed_period_replays_to_its_digest(quarter: Quarter, period: Period) -> None:
    """The digest is written down here as well: not even seal and rules together may move."""
    with quarter.book.reading() as connection:
        answer = replay(connection, *period, known_at=head(quarter).known_at).as_json()
    assert (answer["identical"], answer["differences"], answer["faults"]) == (True, [], [])
    assert answer["digest"] == answer["closed"]["digest"] == DIGESTS[period]


@pytest.mark.parametrize("period", TOTALS, ids=str)
def test_what_was_issued_sums_to_what_it_did(quarter: Quarter, period: Period) -> None:
    """Before anything was adjusted or accepted."""
    assert stated(quarter, period)["totals"] == TOTALS[period]


def test_statements_and_balances_are_what_they_were(quarter: Quarter) -> None:
    """What is due and open on each, what was carried, and what the accounts come to."""
    rows = quarter.rows("statements")
    found = {(one["statement"], one["currency"]): (one["due"], one["open"]) for one in rows}
    assert found == DUE
    assert quarter.balances() == BALANCES
    carried = {one["statement"]: one["brought_forward"] for one in rows}
    assert {name: amount for name, amount in carried.items() if amount != "0.00"} == {
        f"{FEE}/{JUNE}/store:F-2": "5.00",
        f"{STAR}/{AUGUST}/store:F-6": "4.00",
    }


@pytest.mark.parametrize("period", DIGESTS, ids=str)
def test_nothing_has_to_be_adjusted_again(quarter: Quarter, period: Period) -> None:
    """And the lines for which the platform's figure was accepted are left alone."""
    with quarter.book.reading() as connection:
        answer = adjustment(connection, *period, head(quarter)).as_json()
    assert answer["adjustments"] == []
    group = f"{FEE}/{MAY}#amount_differs#CNY"
    accepted = {
        f"{FEE}/{MAY}/F-1": f"{group}#discount_not_applied:newcomer",
        f"{FEE}/{MAY}/F-2": f"{FEE}/{MAY}/F-2#amount_differs",
        f"{FEE}/{MAY}/F-5": group,
        f"{FEE}/{MAY}/F-6": f"{group}#discount_not_applied:newcomer",
    }
    found = {one["line"]: one["break"] for one in answer["left_alone"]}
    assert found == (accepted if period == (FEE, MAY) else {})


def test_the_line_that_was_left_open_was_filled_by_a_later_version(quarter: Quarter) -> None:
    """By the row for gadgets alone."""
    (filled,) = stated(quarter, (FEE, MAY), "store:F-4")["adjustments"]
    assert (filled["difference"], filled["filled"]) == ("-9.50", ["rates:gadgets/"])


@pytest.mark.parametrize("line", NOW_SAYS)
def test_a_line_is_worked_out_as_by_hand(quarter: Quarter, line: str) -> None:
    """Outcome, amount, and what is unmet or waited for."""
    answer = explained(quarter, line)
    found = answer["outcome"], answer["amount"], (*answer["unmet"], *answer["held_for"])
    assert found == NOW_SAYS[line]


def test_every_order_of_a_fee_leads_to_its_file_and_row(quarter: Quarter) -> None:
    """One that was refunded later to the file that said so."""
    orders = explained(quarter, f"{FEE}/{MAY}/F-3", orders=True)["orders"]
    found = [(one["order_id"], one["fee"], one["file"], one["row"]) for one in orders]
    assert found == [
        ("c1", "-4.00", "orders-2020-late.csv", 2),
        ("c2", "-0.01", "orders-2020.csv", 15),
    ]


def test_an_order_counts_as_it_stood_at_an_instant(quarter: Quarter) -> None:
    """F-3's was refunded on 5 July, F-5's on 20 July; both are known to the book by now."""
    days = "2020-07-01T00:00:00+08:00", "2020-07-10T00:00:00+08:00", "2020-07-21T00:00:00+08:00"
    found = {
        store: [explained(quarter, f"{FEE}/{MAY}/{store}", as_of=one)["amount"] for one in days]
        for store in ("F-3", "F-5")
    }
    assert found == {"F-3": ["-8.01", "-4.01", "-4.01"], "F-5": ["-15.00", "-15.00", "-12.50"]}


def test_lines_rest_on_what_their_orders_made_known(quarter: Quarter) -> None:
    """Sales of days, the first one, and what of both was withdrawn."""
    facts = explained(quarter, f"{RECRUITING}/S-1")["facts"]
    assert [one["position"] for one in facts if one["type"] == "GMVRecorded"] == [189, 190]
    assert [one["position"] for one in facts if one["type"] == "FirstSale"] == [203]
    names = f"{RECRUITING}/S-5", f"{RECRUITING}/S-6", f"{GROWTH}/M-11/commission"
    gone = [one for name in names for one in explained(quarter, name)["withdrawn"]]
    found = [(one["type"], one["position"], one["withdrawn_by"]) for one in gone]
    assert found == [("FirstSale", 210, 214), ("GMVRecorded", 201, 219), ("GMVRecorded", 191, 237)]


def test_obligations_and_exceptions_are_what_they_were(quarter: Quarter) -> None:
    """Content made up in time, late, and not all of it; and what does not fit to this day."""
    rows = quarter.rows("obligations", head(quarter))
    assert {one["obligation"]: (one["missing"], one["made_up"], one["state"]) for one in rows} == {
        f"{GROWTH}/M-11/aigc": (1, 1, "fulfilled"),
        f"{GROWTH}/M-12/aigc": (3, 2, "overdue"),
        f"{GROWTH}/M-12/creator_video": (2, 2, "fulfilled_late"),
    }
    codes = Counter(one["code"] for one in quarter.rows("exceptions"))
    assert codes == Counter(ODD)


def test_the_command_line_says_the_same(location: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0 for both."""
    assert run(["verify", "--book", location]) == 0
    assert run(["replay", FEE, MAY, "--book", location]) == 0
    assert "Identical: 6 lines" in capsys.readouterr().err
