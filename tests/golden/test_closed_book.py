"""A book that was closed, adjusted and paid once, kept as bytes: it must replay for ever.

`closed-format2.db` was made once and is never edited: three programs closed, one of them left
open and filled by a later version of its terms, two adjusted, with a withdrawal, fees paid by
fact, an overpaid statement and what it carried into the next. A change of the rules that moves
one of its digests needs a new version of the rule function beside the old one.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import run
from ledger.programs.registry import program_of, shipped
from ledger.store.book import open_book
from ledger.store.receipts import Receipt, parse_receipt
from ledger.usecases.terms.editions import edition_at
from ledger.usecases.terms.publish import publish
from ledger.usecases.verifying.upgrade import upgrade
from ledger.usecases.verifying.verify import verify
from tests.quarter import GROWTH, PROGRAM, Quarter, silent

STORED = Path(__file__).with_name("closed-format2.db")
RECEIPT = "86:3d787a6f74aa485a881437c8d831a507be0857772e5dbce63ed58b247e882a9b"
SECOND = "recruiting-eu-jp-2026q2"
DIGESTS = {
    PROGRAM: "sha256:5eba656c27845e007c7aa886a5637be356c50ea4581edcd8ad4a9344fd7dab19",
    GROWTH: "sha256:8dfcb5536ec32aad6ad08aedf4194b168a58f71a7fd2228ebea0ceffeac55ef9",
    SECOND: "sha256:eda954a68d0b551a7f5962ed4c46d06af40a9ac6699dd721ddaf5c6678cae11d",
}
VERSION_1 = "sha256:28c119a62df38077d503f36c7f24dbb8a3df6ed2e79de2dbc28d58224926f93d"
"""The growth terms as they were published then."""
LATER = ["frozen_from", "frozen_kinds", "creator_tiers"]
"""Parameters that the version of the stored book does not name."""
CAMPAIGN = {
    "type": "CampaignCreated",
    "at": "2026-06-01T10:00:00+08:00",
    "campaign": "C-1",
    "store": "S-M-7",
    "kind": "coupon",
    "created_by": "merchant",
}
DUE = {
    (f"{PROGRAM}/partner:P-1", "CNY"): ("4000.00", "0.00"),
    (f"{PROGRAM}/partner:P-2", "CNY"): ("1600.00", "1600.00"),
    (f"{GROWTH}/merchant:M-7", "USD"): ("-10000.00", "-4100.00"),
    (f"{GROWTH}/merchant:M-7", "USD.AD"): ("0.00", "0.00"),
    (f"{SECOND}/partner:P-1", "CNY"): ("0.00", "0.00"),
}
BALANCES = {
    "Assets:Cash CNY": "-4000.00",
    "Assets:Cash USD": "5900.00",
    "Assets:Receivable:merchant:M-7 USD": "4100.00",
    f"Expenses:Incentive:{PROGRAM} CNY": "1600.00",
    f"Expenses:Incentive:{SECOND} CNY": "4000.00",
    f"Income:Commission:{GROWTH} USD": "-4000.00",
    f"Income:FixedFee:{GROWTH} USD": "-6000.00",
    "Liabilities:Payable:partner:P-2 CNY": "-1600.00",
}


@pytest.fixture
def location(tmp_path: Path) -> str:
    """A copy that may be written: opening a book for writing changes its file."""
    return str(shutil.copy(STORED, tmp_path / "closed.db"))


@pytest.fixture
def quarter(location: str, tmp_path: Path) -> Iterator[Quarter]:
    """The stored book, opened."""
    book = open_book(location)
    book.log.clock_is_right = "the book is older than this test"
    upgrade(book, by="lin")
    yield Quarter(book, tmp_path)
    book.close()


def test_it_opens_and_verifies_and_holds_the_receipt_that_was_given(quarter: Quarter) -> None:
    """Every hash, index, closed period, adjustment and entry."""
    assert quarter.book.head().receipt == RECEIPT
    given: list[Receipt] = [parse_receipt(RECEIPT, "the test")]
    assert [one.detail for one in verify(quarter.book, given, silent) if not one.ok] == []
    quarter.catch_up()
    assert quarter.failing() == {}


@pytest.mark.parametrize("program", DIGESTS)
def test_each_closed_program_replays_to_its_digest(quarter: Quarter, program: str) -> None:
    """The digest is written down here as well: not even seal and rules together may move."""
    answer = quarter.replay(program)
    assert (answer["identical"], answer["differences"], answer["faults"]) == (True, [], [])
    assert answer["digest"] == answer["closed"]["digest"] == DIGESTS[program]


def test_statements_and_balances_are_what_they_were(quarter: Quarter) -> None:
    """What is due and open on each, and what the accounts come to."""
    rows = quarter.rows("statements")
    found = {(one["statement"], one["currency"]): (one["due"], one["open"]) for one in rows}
    assert found == DUE
    assert quarter.balances() == BALANCES
    (carried,) = (one for one in rows if one["statement"].startswith(SECOND))
    assert carried["brought_forward"] == "-4000.00"


def test_nothing_that_was_adjusted_has_to_be_adjusted_again(quarter: Quarter) -> None:
    """Under the terms of each close, with what a later version filled."""
    for program in DIGESTS:
        quarter.unchanged(program)
    filled = [one["filled"] for one in quarter.statement("partner:P-2")["adjustments"]]
    assert filled == [["governance_ratios"]]


def test_a_version_recorded_before_judges_nothing_until_a_later_one_does(quarter: Quarter) -> None:
    """It keeps its digest and lists what came later; the closed term answers as before."""
    with quarter.book.reading() as connection:
        edition, _ = edition_at(connection, GROWTH, quarter.book.head().position)
    assert (edition.version, edition.digest) == (1, VERSION_1)
    assumed = [one["parameter"] for one in program_of(edition.rules).assumptions(edition)]
    assert assumed[-len(LATER) :] == LATER
    (store,) = (row["store"] for row in quarter.rows("stores") if row["merchant"] == "M-7")
    quarter.tell([CAMPAIGN | {"store": store}])
    codes = [row["code"] for row in quarter.rows("exceptions")]
    assert "tools_frozen" not in codes
    (later,) = (one for one in shipped() if one.program == GROWTH)
    publish(quarter.book, later, "lin")
    assert sorted([*codes, "tools_frozen"]) == sorted(
        row["code"] for row in quarter.rows("exceptions")
    )
    assumed = [one["parameter"] for one in program_of(later.rules).assumptions(later)]
    assert all(assumed.count(name) == 1 for name in LATER)
    quarter.unchanged(GROWTH)
    answer = quarter.replay(GROWTH)
    assert (answer["identical"], answer["digest"]) == (True, DIGESTS[GROWTH])


def test_the_command_line_says_the_same(location: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0 for both."""
    assert run(["verify", "--book", location]) == 0
    assert run(["replay", PROGRAM, "--book", location]) == 0
    assert "Identical: 4 lines" in capsys.readouterr().err
